// The archive format of an initramfs: newc (`070701`, Documentation/driver-api/early-userspace/buffer-format.rst of the
// kernel). Equal entries give equal bytes: sorted by path, owned by 0:0, dated 0. Device nodes are entries like any
// other, so no privilege is needed to write one.
import { PpecError } from '../shared/errors.ts';

export type Entry = { readonly path: string } & (
  | { readonly kind: 'file'; readonly mode: number; readonly data: Uint8Array }
  | { readonly kind: 'directory'; readonly mode: number }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'device'; readonly mode: number; readonly major: number; readonly minor: number }
);

const typeBits = { file: 0o100000, directory: 0o040000, link: 0o120000, device: 0o020000 } as const;
const trailer = 'TRAILER!!!';

/** One archive; folders that no entry names are added with mode 0755. Paths are relative, without `.` or `..`. */
export function cpioArchive(entries: readonly Entry[]): Buffer {
  const sorted = withFolders(entries);
  const chunks: Uint8Array[] = [];
  for (const [index, entry] of sorted.entries()) chunks.push(...record(entry, index + 1));
  chunks.push(...header({ name: trailer, inode: 0, mode: 0, size: 0 }));
  return Buffer.concat(chunks);
}

/** Archives one after another, each starting at a multiple of four bytes as the kernel's unpacker wants it. */
export function concatenated(archives: readonly Uint8Array[]): Buffer {
  return Buffer.concat(archives.flatMap((archive) => [archive, padding(archive.length)]));
}

function withFolders(entries: readonly Entry[]): Entry[] {
  const byPath = new Map<string, Entry>();
  for (const entry of entries) {
    if (!isRelative(entry.path)) throw new PpecError('invalid_argument', `'${entry.path}' is no path in an archive`);
    if (byPath.has(entry.path)) throw new PpecError('invalid_argument', `${entry.path} is in the archive twice`);
    byPath.set(entry.path, entry);
  }
  for (const { path } of entries) {
    for (const folder of parents(path)) {
      const present = byPath.get(folder);
      if (present === undefined) byPath.set(folder, { path: folder, kind: 'directory', mode: 0o755 });
      // The kernel unpacks without following order: a file below a link would land outside the tree that is listed.
      else if (present.kind !== 'directory') {
        throw new PpecError('invalid_argument', `${path} lies below ${folder}, which is no folder`);
      }
    }
  }
  // Code units, not a locale: the order must not depend on the machine that builds.
  return [...byPath.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function isRelative(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..') && !path.includes('\0');
}

function parents(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function record(entry: Entry, inode: number): Uint8Array[] {
  const mode = typeBits[entry.kind] | (entry.kind === 'link' ? 0o777 : entry.mode);
  const data = dataOf(entry);
  const device = entry.kind === 'device' ? { major: entry.major, minor: entry.minor } : undefined;
  return [...header({ name: entry.path, inode, mode, size: data.length, device }), data, padding(data.length)];
}

function dataOf(entry: Entry): Uint8Array {
  if (entry.kind === 'file') return entry.data;
  if (entry.kind === 'link') return Buffer.from(entry.target);
  return Buffer.alloc(0);
}

type Header = {
  readonly name: string;
  readonly inode: number;
  readonly mode: number;
  readonly size: number;
  readonly device?: { readonly major: number; readonly minor: number } | undefined;
};

function header({ name, inode, mode, size, device }: Header): Uint8Array[] {
  const nameBytes = Buffer.from(`${name}\0`);
  const links = (mode & typeBits.directory) === typeBits.directory ? 2 : 1;
  const fields = [
    inode, mode, 0, 0, links, 0, size, 0, 0, device?.major ?? 0, device?.minor ?? 0, nameBytes.length, 0,
  ]; // prettier-ignore
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return [Buffer.from(text), nameBytes, padding(text.length + nameBytes.length)];
}

function padding(length: number): Uint8Array {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
