// The image's initrd: a shell, the disk drivers of the image's own kernel, and the script that finds the root file
// system. Booted by GRUB from the disk and by kexec alike.
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';

import { cpioArchive, type CpioEntry } from './cpio.ts';

export type InitrdInput = {
  /** The unpacked system, with its modules and their indices. */
  readonly rootfs: string;
  readonly kernelVersion: string;
  readonly busyboxPath: string;
  readonly initPath: string;
  readonly modules: readonly string[];
};

export async function buildInitrd(input: InitrdInput): Promise<Buffer> {
  const folder = join(input.rootfs, 'lib/modules', input.kernelVersion);
  const dependencies = parseDependencies(await readFile(join(folder, 'modules.dep'), 'utf8'));
  const chosen = moduleClosure(input.modules, dependencies);
  const target = `lib/modules/${input.kernelVersion}`;
  const files = await Promise.all(
    chosen.map(async (path): Promise<CpioEntry> => ({
      kind: 'file',
      path: `${target}/${path}`,
      content: await readFile(join(folder, path)),
    })),
  );
  const index = async (name: string, keep: (line: string) => boolean): Promise<CpioEntry> => {
    const lines = (await readFile(join(folder, name), 'utf8')).split('\n').filter(keep);
    return { kind: 'file', path: `${target}/${name}`, content: Buffer.from(lines.map((line) => `${line}\n`).join('')) };
  };
  const paths = new Set(chosen);
  const names = new Set(chosen.map(moduleName));
  const entries: CpioEntry[] = [
    { kind: 'directory', path: 'bin' },
    { kind: 'directory', path: 'sbin' },
    ...foldersOf(files.map((file) => file.path)).map((path): CpioEntry => ({ kind: 'directory', path })),
    { kind: 'file', path: 'init', content: await readFile(input.initPath), isProgram: true },
    { kind: 'file', path: 'bin/busybox', content: await readFile(input.busyboxPath), isProgram: true },
    { kind: 'link', path: 'bin/sh', target: 'busybox' },
    // The kernel itself asks for modules by this name, such as ext4's checksum.
    { kind: 'link', path: 'sbin/modprobe', target: '../bin/busybox' },
    await index('modules.dep', (line) => paths.has(line.slice(0, line.indexOf(':')))),
    await index('modules.alias', (line) => names.has(line.slice(line.lastIndexOf(' ') + 1))),
    await index('modules.symbols', (line) => names.has(line.slice(line.lastIndexOf(' ') + 1))),
    ...files,
  ];
  return zstdCompressSync(cpioArchive(entries), { params: { [constants.ZSTD_c_compressionLevel]: 12 } });
}

/** `modules.dep` (modules.dep(5)): each module's path with the paths it needs. */
export function parseDependencies(text: string): ReadonlyMap<string, readonly string[]> {
  const lines = text.split('\n').filter((line) => line.includes(':'));
  return new Map(
    lines.map((line) => {
      const at = line.indexOf(':');
      return [
        line.slice(0, at),
        line
          .slice(at + 1)
          .split(' ')
          .filter((path) => path !== ''),
      ];
    }),
  );
}

/** Paths of the named modules and of all they need, sorted. A name that is no module is built in, or not for this kernel. */
export function moduleClosure(
  names: readonly string[],
  dependencies: ReadonlyMap<string, readonly string[]>,
): string[] {
  const wanted = new Set(names.map((name) => name.replaceAll('-', '_')));
  const closure = new Set<string>();
  for (const [path, needs] of dependencies) {
    // depmod lists what a module needs in full, not one level deep.
    if (wanted.has(moduleName(path))) for (const member of [path, ...needs]) closure.add(member);
  }
  return [...closure].toSorted();
}

function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');
}

function foldersOf(paths: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) folders.add(folder);
  }
  return [...folders].toSorted();
}
