// Builds the tool image: a squashfs with the programs of the burn-in, that PIOUS fetches when a burn-in asks for it. Made of
// pinned Debian packages, the same bytes every time, and known by its digest, which the signed command carries.
import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { sha256Of, sha256OfFile } from '../digest.ts';
import { fetchPackages, readLock, unpack, type PinnedPackage } from '../packages.ts';
import { pruneBases } from '../prune-cache.ts';
import { librariesFor, type Sourced, type Unpacked } from '../root-tree.ts';
import { debianPurl, documentOf, spdxPackage } from '../sbom.ts';
import { tool } from '../tool.ts';
import { toolsLockPath, toolsPackageLicences } from './tools-packages.ts';

export type ToolsOptions = {
  readonly outDir: string;
  readonly cacheDir: string;
  /** Whether another version of a package than the pinned one is refused. */
  readonly isStrict: boolean;
  readonly log: (line: string) => void;
};

export type ToolsImage = {
  readonly path: string;
  readonly manifestPath: string;
  readonly sbomPath: string;
  readonly bytes: number;
  /** SHA-256 of the squashfs: what a burn-in command names. */
  readonly sha256: string;
  readonly cached: boolean;
};

const programs = [
  { package: 'stress-ng', from: 'usr/bin/stress-ng' },
  { package: 'fio', from: 'usr/bin/fio' },
  { package: 'iperf3', from: 'usr/bin/iperf3' },
  { package: 'nvme-cli', from: 'usr/sbin/nvme' },
] as const;

/** Blocks large enough to compress well; what is not read is not unpacked. */
const squashfsWords = [
  '-comp', 'zstd', '-Xcompression-level', '19', '-b', '256K', '-all-root', '-all-time', '0', '-mkfs-time', '0', '-no-xattrs',
  '-no-exports', '-noappend', '-no-progress', '-quiet',
]; // prettier-ignore

const Manifest = Type.Object({
  /** Digest of everything that went in. */
  inputs: Type.String(),
  file: Type.String(),
  bytes: Type.Number(),
  sha256: Type.String(),
  packages: Type.Array(Type.Object({ name: Type.String(), version: Type.String(), sha256: Type.String() })),
  files: Type.Array(
    Type.Object({ path: Type.String(), source: Type.String(), bytes: Type.Number(), sha256: Type.String() }),
  ),
});
type Manifest = Static<typeof Manifest>;
const manifestValidator = Compile(Manifest);

const imageName = 'tools.squashfs';

export async function buildTools(options: ToolsOptions): Promise<ToolsImage> {
  const { packages: pinned } = await readLock(toolsLockPath);
  const wanted = await cacheFolder(pinned, options.cacheDir);
  const before = await manifestIn(wanted);
  const folder = before === undefined ? await build(pinned, options) : wanted;
  const manifest = before ?? (await manifestIn(folder));
  if (manifest === undefined) throw new Error(`${folder} is not complete`);
  await mkdir(options.outDir, { recursive: true });
  for (const name of [imageName, 'sbom.spdx.json', 'manifest.json']) {
    const next = join(options.outDir, `${name}.${process.pid}.new`);
    await cp(join(folder, name), next);
    await rename(next, join(options.outDir, name));
  }
  return {
    path: join(options.outDir, imageName),
    manifestPath: join(options.outDir, 'manifest.json'),
    sbomPath: join(options.outDir, 'sbom.spdx.json'),
    bytes: manifest.bytes,
    sha256: manifest.sha256,
    cached: before !== undefined,
  };
}

/** Its name holds every input, so what is in the cache is never stale. */
async function cacheFolder(packages: readonly PinnedPackage[], cacheDir: string): Promise<string> {
  const pins = packages.map(({ name, version, sha256 }) => ({ name, version, sha256 }));
  // The writer has a say in the bytes, and Debian's is not the same for ever.
  const [writer = ''] = (await tool('mksquashfs', ['-version'])).split('\n');
  const inputs = sha256Of(JSON.stringify({ recipe: await recipeDigest(), writer, pins }));
  return join(cacheDir, `base-tools-${inputs}`);
}

async function build(pinned: readonly PinnedPackage[], options: ToolsOptions): Promise<string> {
  const fetched = await fetchPackages(pinned, options);
  const folder = await cacheFolder(fetched, options.cacheDir);
  if ((await manifestIn(folder)) !== undefined) return folder;
  const work = await mkdtemp(join(options.cacheDir, '.work-'));
  try {
    options.log(`unpacking ${fetched.length} packages`);
    const unpacked: Unpacked[] = [];
    for (const { name, debPath } of fetched) {
      const root = join(work, name);
      await unpack(debPath, root);
      unpacked.push({ name, root });
    }
    const files = await treeOf(unpacked);
    const tree = join(work, 'tree');
    for (const { entry } of files) await place(tree, entry);
    const made = join(work, 'made');
    await mkdir(made);
    options.log(`compressing ${files.length} files (zstd 19)`);
    await tool('mksquashfs', [tree, join(made, imageName), ...squashfsWords]);
    await describe(made, { inputs: folder, packages: fetched, files });
    await rename(made, folder).catch(async (error: unknown) => {
      // Another build of the same was faster; its files are the same.
      if ((await manifestIn(folder)) === undefined) throw error;
    });
    await pruneBases(options.cacheDir, 'tools');
    return folder;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Programs, the libraries they ask for, and the loader under the name that everything knows it by. */
async function treeOf(packages: readonly Unpacked[]): Promise<Sourced[]> {
  const taken = await Promise.all(
    programs.map(async ({ package: name, from }): Promise<Sourced> => {
      const root = packages.find((each) => each.name === name)?.root;
      if (root === undefined) throw new Error(`${toolsLockPath} has no ${name}`);
      const path = `usr/bin/${from.slice(from.lastIndexOf('/') + 1)}`;
      return { entry: { path, kind: 'file', mode: 0o755, data: await readFile(join(root, from)) }, source: name };
    }),
  );
  const libraries = (await librariesFor(taken, packages)).map(({ entry, source }) => ({
    entry: { ...entry, path: entry.path.replace(/^usr\/lib64\//, 'lib64/') },
    source,
  }));
  return [...taken, ...libraries].toSorted((a, b) => (a.entry.path < b.entry.path ? -1 : 1));
}

async function place(tree: string, entry: Sourced['entry']): Promise<void> {
  if (entry.kind !== 'file') return;
  const path = join(tree, entry.path);
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, entry.data);
  await chmod(path, entry.mode);
}

type Described = {
  readonly inputs: string;
  readonly packages: readonly PinnedPackage[];
  readonly files: readonly Sourced[];
};

async function describe(folder: string, { inputs, packages, files }: Described): Promise<void> {
  const path = join(folder, imageName);
  const manifest: Manifest = {
    inputs: inputs.slice(inputs.lastIndexOf('-') + 1),
    file: imageName,
    bytes: (await stat(path)).size,
    sha256: await sha256OfFile(path),
    packages: packages.map(({ name, version, sha256 }) => ({ name, version, sha256 })),
    files: files.flatMap(({ entry, source }) =>
      entry.kind === 'file'
        ? [{ path: entry.path, source, bytes: entry.data.length, sha256: sha256Of(entry.data) }]
        : [],
    ),
  };
  const described = manifest.packages.map(({ name, version, sha256 }) => {
    const licence = toolsPackageLicences[name] ?? 'NOASSERTION';
    return spdxPackage({ name, version, sha256, licence, purl: debianPurl(name, version) });
  });
  const document = documentOf({
    name: 'ppec-tools',
    namespace: `urn:ppec:tools:${manifest.sha256}`,
    packages: described,
  });
  await writeFile(join(folder, 'sbom.spdx.json'), json(document));
  // Last: a manifest stands for files that are complete.
  await writeFile(join(folder, 'manifest.json'), json(manifest));
}

/** The manifest of a finished image whose bytes are what it says. */
async function manifestIn(folder: string): Promise<Manifest | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
    if (!manifestValidator.Check(manifest)) return undefined;
    return (await sha256OfFile(join(folder, imageName))) === manifest.sha256 ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** Over every file of this folder that has a say in the image. */
async function recipeDigest(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(import.meta.dirname)).toSorted()) {
    if (name.endsWith('.test.ts') || name === 'tools.lock.json') continue;
    hash.update(`${name}\n`).update(await readFile(join(import.meta.dirname, name)));
  }
  return hash.digest('hex');
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
