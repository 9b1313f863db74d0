// An unpacked root file system as the audit sees it: its entries, read once, and texts of its files.
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export type TreeEntry = {
  /** Relative to the root, without a leading slash. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  /** Permission bits, the three special ones included. */
  readonly mode: number;
  readonly uid: number;
  readonly bytes: number;
};

export type RootfsTree = {
  readonly entries: readonly TreeEntry[];
  /** Owner of the root folder: uid 0 in an image. */
  readonly rootUid: number;
  /** A file's text; undefined if there is none. */
  readonly text: (path: string) => Promise<string | undefined>;
  /** Names in a folder, sorted; none if there is no such folder. */
  readonly names: (path: string) => string[];
};

/** What the kernel and systemd put there; nothing in it is part of the image. */
const volatileFolders: readonly string[] = ['dev', 'proc', 'run', 'sys', 'tmp'];

export async function readTree(dir: string): Promise<RootfsTree> {
  const entries: TreeEntry[] = [];
  const pending = [''];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const name of (await readdir(join(dir, folder))).toSorted()) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const entry = await entryAt(dir, path);
      entries.push(entry);
      if (entry.kind === 'directory' && !volatileFolders.includes(path)) pending.push(path);
    }
  }
  return {
    entries,
    rootUid: (await lstat(dir)).uid,
    text: (path) => readFile(join(dir, path), 'utf8').catch(() => undefined),
    names: (path) =>
      entries
        .filter((entry) => entry.path.startsWith(`${path}/`) && !entry.path.slice(path.length + 1).includes('/'))
        .map((entry) => entry.path.slice(path.length + 1))
        .toSorted(),
  };
}

async function entryAt(dir: string, path: string): Promise<TreeEntry> {
  const stats = await lstat(join(dir, path));
  const common = { path, mode: stats.mode & 0o7777, uid: stats.uid, bytes: stats.size };
  if (stats.isSymbolicLink()) return { ...common, kind: 'link' };
  if (stats.isDirectory()) return { ...common, kind: 'directory' };
  return { ...common, kind: stats.isFile() ? 'file' : 'other' };
}
