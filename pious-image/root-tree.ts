// What is in the image, and from where: the programs with the libraries they ask for, the drivers, our own files.
import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { PpecError } from '../shared/errors.ts';
import type { Entry } from './cpio.ts';
import { isElf, neededLibraries, withoutSymbols } from './elf.ts';
import { hwProgramInImage } from './hw-program.ts';
import { moduleFiles } from './module-files.ts';
import { modulesOf, type Profile } from './modules.ts';
import { tool } from './tool.ts';

/** An entry and the package (or `ppec`, `node`) it comes from. */
export type Sourced = { readonly entry: Entry; readonly source: string };

/** A package's unpacked files. */
export type Unpacked = { readonly name: string; readonly root: string };

export const agentPathInImage = 'usr/lib/ppec/agent.cjs';

const libraryFolders = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu/ceph'];
const loaderPath = 'lib64/ld-linux-x86-64.so.2';

const ownFiles = [
  { from: 'init', to: 'init' },
  { from: 'udhcpc.sh', to: 'usr/lib/ppec/udhcpc.sh' },
  { from: 'ppec-agent.sh', to: 'usr/bin/ppec-agent' },
] as const;

/** Files taken as they are; their libraries follow. */
const programs = [
  { package: 'busybox-static', from: 'bin/busybox', to: 'usr/bin/busybox' },
  { package: 'kexec-tools', from: 'sbin/kexec', to: 'usr/sbin/kexec' },
  { package: 'smartmontools', from: 'usr/sbin/smartctl', to: 'usr/sbin/smartctl' },
  // Without its list of enterprise numbers: 4.7 MB that make every call slower.
  { package: 'ipmitool', from: 'usr/bin/ipmitool', to: 'usr/bin/ipmitool' },
] as const;

const driveDatabase = 'usr/share/smartmontools/drivedb.h';

const texts: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  'etc/group': 'root:x:0:\n',
  'etc/hosts': '127.0.0.1 localhost pious\n::1 localhost\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};

/** Programs, libraries and our own files. */
export async function systemTree(
  packages: readonly Unpacked[],
  { nodePath, hw }: { readonly nodePath: string; readonly hw: Uint8Array },
): Promise<Sourced[]> {
  const scripts = await Promise.all(
    ownFiles.map(async ({ from, to }) => ours(to, await readFile(join(import.meta.dirname, from)), 0o755)),
  );
  const own = [...scripts, ours(hwProgramInImage, hw, 0o755)];
  const tools = await Promise.all(
    programs.map(async ({ package: name, from, to }): Promise<Sourced> => {
      const data = await readFile(join(rootOf(packages, name), from));
      return { entry: { path: to, kind: 'file', mode: 0o755, data }, source: name };
    }),
  );
  const node: Sourced = {
    entry: { path: 'usr/bin/node', kind: 'file', mode: 0o755, data: withoutSymbols(await readFile(nodePath)) },
    source: 'node',
  };
  const smartRoot = rootOf(packages, 'smartmontools');
  const database: Sourced = {
    entry: { path: driveDatabase, kind: 'file', mode: 0o644, data: await readFile(join(smartRoot, driveDatabase)) },
    source: 'smartmontools',
  };
  const libraries = await librariesFor([...tools, node], packages);
  const taken = new Set([...tools, node, ...own].map(({ entry }) => basename(entry.path)));
  return [...skeleton(), ...own, ...tools, node, database, ...libraries, ...(await applets(packages, taken))];
}

/** Folders, the two device nodes that must be there before devtmpfs is, and the merged /usr. */
function skeleton(): Sourced[] {
  const folders = ['dev', 'proc', 'sys', 'run', 'mnt', 'root', 'usr/lib/modules', 'usr/lib64', 'var/lib', 'etc'];
  const entries: Entry[] = [
    ...folders.map((path): Entry => ({ path, kind: 'directory', mode: 0o755 })),
    { path: 'tmp', kind: 'directory', mode: 0o1777 },
    ...['bin', 'sbin', 'lib', 'lib64'].map((path): Entry => ({ path, kind: 'link', target: `usr/${path}` })),
    // Documentation/admin-guide/devices.txt of the kernel
    { path: 'dev/console', kind: 'device', mode: 0o600, major: 5, minor: 1 },
    { path: 'dev/null', kind: 'device', mode: 0o666, major: 1, minor: 3 },
    { path: 'var/run', kind: 'link', target: '../run' },
    { path: 'etc/mtab', kind: 'link', target: '../proc/self/mounts' },
  ];
  return [
    ...entries.map((entry): Sourced => ({ entry, source: 'ppec' })),
    ...Object.entries(texts).map(([path, text]) => ours(path, Buffer.from(text), 0o644)),
  ];
}

/** Every program of busybox but those that the image has in full; as busybox itself lists them. */
async function applets(packages: readonly Unpacked[], taken: ReadonlySet<string>): Promise<Sourced[]> {
  const busybox = join(rootOf(packages, 'busybox-static'), 'bin/busybox');
  const paths = await tool(busybox, ['--list-full']);
  return paths
    .split('\n')
    .filter((path) => path !== '' && !taken.has(basename(path)) && path !== 'linuxrc')
    .map((path): Sourced => {
      const to = path.startsWith('usr/') ? path : `usr/${path}`;
      const entry: Entry = { path: to, kind: 'link', target: '/usr/bin/busybox' };
      return { entry, source: 'busybox-static' };
    });
}

/** The closure of what programs ask the loader for. A library that no package has is an error here, not on a console. */
export async function librariesFor(roots: readonly Sourced[], packages: readonly Unpacked[]): Promise<Sourced[]> {
  const found = new Map<string, Sourced>();
  const queue = roots.map(({ entry }) => entry);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (next.kind !== 'file') continue;
    const data = Buffer.from(next.data);
    for (const name of isElf(data) ? neededLibraries(data) : []) {
      if (found.has(name)) continue;
      const library = await findLibrary(name, packages);
      found.set(name, library);
      queue.push(library.entry);
    }
  }
  const loader = basename(loaderPath);
  if (!found.has(loader)) found.set(loader, await findLibrary(loader, packages));
  return [...found.values()];
}

async function findLibrary(name: string, packages: readonly Unpacked[]): Promise<Sourced> {
  for (const { name: source, root } of packages) {
    for (const folder of libraryFolders) {
      const path = await realpath(join(root, folder, name)).catch(() => undefined);
      // An absolute link would lead to the library of the machine that builds.
      if (path === undefined || !path.startsWith(await realpath(root))) continue;
      // The loader's own path is written into every program; the rest is found by name.
      const to = name === basename(loaderPath) ? `usr/${loaderPath}` : `usr/lib/x86_64-linux-gnu/${name}`;
      return { entry: { path: to, kind: 'file', mode: 0o755, data: await readFile(path) }, source };
    }
  }
  throw new PpecError(
    'failed_precondition',
    `no package of the image has ${name}; add the one that does to packages.ts`,
  );
}

export type ModuleTree = { readonly release: string; readonly files: readonly Sourced[] };

/** The drivers of a profile with the indexes that modprobe reads. */
export async function moduleTree(kernel: Unpacked, profile: Profile): Promise<ModuleTree> {
  const base = join(kernel.root, 'lib/modules');
  const [release] = await readdir(base);
  if (release === undefined) throw new PpecError('failed_precondition', `${kernel.name} has no modules`);
  const { modules, indexes } = await moduleFiles({
    folder: join(base, release),
    names: modulesOf[profile],
    into: `usr/lib/modules/${release}`,
  });
  const files = [
    ...modules.map((entry): Sourced => ({ entry, source: kernel.name })),
    ...indexes.map((entry): Sourced => ({ entry, source: 'ppec' })),
  ];
  return { release, files };
}

function ours(path: string, data: Uint8Array, mode: number): Sourced {
  return { entry: { path, kind: 'file', mode, data }, source: 'ppec' };
}

function rootOf(packages: readonly Unpacked[], name: string): string {
  const root = packages.find((each) => each.name === name)?.root;
  if (root === undefined) throw new PpecError('failed_precondition', `packages.lock.json has no ${name}`);
  return root;
}
