// `provision`: write a signed disk image to the one disk that was approved, verified while it streams, and put the seed
// on it. The first MiB, which holds the partition table, is written last, once everything else has proved right: a
// corrupt image or a power cut on the way leaves nothing that can boot.
import { createHash, createPublicKey, randomBytes, verify, type Hash } from 'node:crypto';
import { copyFile, mkdir, open, writeFile, type FileHandle } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { Transform, Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createZstdDecompress } from 'node:zlib';
import { Compile } from 'typebox/compile';

import { ImageManifest } from '../../shared/api/image.ts';
import { fullJitterMs, type BackoffLimits } from '../../shared/backoff.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Command, Seed } from '../../shared/protocol/command.ts';
import { formatDecimalBytes, mib } from '../../shared/units.ts';
import { writeDurably } from '../files.ts';
import { HandlerError, type DiskDevice, type Platform } from './platform.ts';

type ProvisionCommand = Extract<Command, { name: 'provision' }>;

export type HandlerContext = {
  readonly platform: Platform;
  readonly stateDir: string;
  readonly imageKeys: Readonly<Record<string, string>>;
  readonly progress: (percent: number, message: string) => void;
  /** How often an image that does not come through is fetched anew, and how long between; the defaults unless told. */
  readonly downloads?: BackoffLimits & { readonly attemptsMax: number };
};

/** Outlasts a controller that restarts: about two minutes. */
const defaultDownloads = { attemptsMax: 12, baseMs: 1000, capMs: 15_000 };

/** What `kexec` boots, left behind by `provision`. */
export type BootPlan = {
  readonly commandId: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly cmdline: string;
};

export function bootPlanPath(stateDir: string): string {
  return join(stateDir, 'boot', 'plan.json');
}

const manifestValidator = Compile(ImageManifest);
const imageAnswerTimeoutMs = 30_000;

export async function provision(command: ProvisionCommand, context: HandlerContext): Promise<string> {
  const { args } = command;
  const manifest = verifiedManifest(args, context.imageKeys);
  const disk = await context.platform.findDisk(args.diskSerial);
  if (disk === undefined)
    throw new HandlerError('disk-not-found', `no disk with serial ${args.diskSerial} is in this machine`);
  const bytesNeeded = Math.max(args.diskBytesMin, manifest.diskBytes);
  if (disk.sizeBytes < bytesNeeded) {
    throw new HandlerError(
      'disk-too-small',
      `disk ${args.diskSerial} has ${formatDecimalBytes(disk.sizeBytes)}; it takes ${formatDecimalBytes(bytesNeeded)}`,
    );
  }
  await writeUntilThrough({ disk, manifest, url: args.imageUrl, context });
  const boot = await context.platform.withPartition(disk, manifest.boot.rootPartition, async (root) => {
    await writeSeed(root, args.seed);
    return copyKernel(root, manifest, context.stateDir);
  });
  const plan: BootPlan = { commandId: command.id, ...boot, cmdline: manifest.boot.cmdline };
  await writeDurably(bootPlanPath(context.stateDir), JSON.stringify(plan));
  return `wrote ${manifest.name} ${manifest.version} to disk ${args.diskSerial}`;
}

function verifiedManifest(args: ProvisionCommand['args'], imageKeys: Readonly<Record<string, string>>): ImageManifest {
  const key = Object.hasOwn(imageKeys, args.imageKeyId) ? imageKeys[args.imageKeyId] : undefined;
  if (key === undefined) throw new HandlerError('image-signature', `image key ${args.imageKeyId} is not trusted here`);
  const isValid = verify(
    null,
    Buffer.from(args.manifest),
    createPublicKey(key),
    Buffer.from(args.manifestSignature, 'base64'),
  );
  if (!isValid) throw new HandlerError('image-signature', 'the signature of the image manifest does not verify');
  const manifest = parseManifest(args.manifest);
  if (manifest === undefined) throw new HandlerError('image-signature', 'the signed image manifest is not readable');
  return manifest;
}

function parseManifest(text: string): ImageManifest | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return manifestValidator.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

type Write = {
  readonly disk: DiskDevice;
  readonly manifest: ImageManifest;
  readonly url: string;
  readonly context: HandlerContext;
};

/** Writing an image starts over as often as it must: what was written in part cannot boot and is written again. */
async function writeUntilThrough(write: Write): Promise<void> {
  const { attemptsMax, ...limits } = write.context.downloads ?? defaultDownloads;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await writeImage(write);
    } catch (error) {
      const isTransient = error instanceof HandlerError && error.code === 'image-unreachable';
      if (!isTransient || attempt >= attemptsMax) throw error;
      write.context.progress(0, 'waiting for the image');
      await delay(fullJitterMs(attempt, limits, { bytes: (count) => randomBytes(count) }));
    }
  }
}

async function writeImage({ disk, manifest, url, context }: Write): Promise<void> {
  const source = await download(url);
  const file = await open(disk.path, 'r+').catch((error: unknown) => {
    source.destroy();
    throw error;
  });
  const hash = createHash('sha256');
  const head = Buffer.alloc(Math.min(mib, manifest.diskBytes));
  let written = 0;
  let received = 0;
  try {
    await eraseTables(file, disk, manifest);
    await pipeline(
      source,
      meter(hash, (bytes) => {
        received += bytes;
        if (received > manifest.bytes)
          throw new HandlerError('image-corrupt', 'the image is longer than its manifest says');
        context.progress((received / manifest.bytes) * 95, 'writing the image');
      }),
      // Large pieces: every piece is one write to the disk.
      createZstdDecompress({ chunkSize: 4 * mib }),
      sink(async (chunk) => {
        const at = written;
        written += chunk.length;
        if (written > manifest.diskBytes)
          throw new HandlerError('image-corrupt', 'the image unpacks to more than its manifest says');
        const held = Math.min(chunk.length, Math.max(0, head.length - at));
        chunk.copy(head, Math.min(at, head.length), 0, held);
        await writeAll(file, chunk.subarray(held), at + held);
      }),
    );
    const digest = hash.digest('hex');
    if (digest !== manifest.sha256 || written !== manifest.diskBytes) {
      throw new HandlerError(
        'image-corrupt',
        `the image has digest ${digest.slice(0, 16)}… and unpacks to ${written} bytes, its manifest says ` +
          `${manifest.sha256.slice(0, 16)}… and ${manifest.diskBytes}`,
      );
    }
    await file.sync();
    await writeAll(file, head, 0);
    await file.sync();
  } catch (error) {
    await eraseTables(file, disk, manifest);
    if (error instanceof HandlerError) throw error;
    throw new HandlerError(
      isTransport(error) ? 'image-unreachable' : 'image-corrupt',
      `the image could not be written: ${messageOf(error)}`,
      { cause: error },
    );
  } finally {
    await file.close();
  }
}

/** One write may take less than it is given. */
async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}

function isTransport(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ERR_STREAM_PREMATURE_CLOSE)/.test(code);
}

function download(url: string): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void =>
      reject(new HandlerError('image-unreachable', `${url}: ${why}`, { cause }));
    const sent = get(url, { timeout: imageAnswerTimeoutMs }, (response) => {
      if (response.statusCode === 200) resolve(response);
      else {
        response.resume();
        fail(`HTTP ${response.statusCode}`);
      }
    });
    sent.once('timeout', () => sent.destroy(Object.assign(new Error('no data in time'), { code: 'ETIMEDOUT' })));
    sent.once('error', (error) => fail(error.message, error));
  });
}

function meter(hash: Hash, count: (bytes: number) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        hash.update(chunk);
        count(chunk.length);
        done(null, chunk);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
}

function sink(write: (chunk: Buffer) => Promise<void>): Writable {
  return new Writable({
    highWaterMark: 4 * mib,
    write(chunk: Buffer, _encoding, done) {
      write(chunk).then(
        () => done(),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      );
    },
  });
}

/** Both partition tables of the image go, and the second one of whatever was on a larger disk before. */
async function eraseTables(file: FileHandle, disk: DiskDevice, manifest: ImageManifest): Promise<void> {
  const zeros = Buffer.alloc(Math.min(mib, disk.sizeBytes));
  for (const end of [zeros.length, Math.max(zeros.length, manifest.diskBytes), disk.sizeBytes])
    await writeAll(file, zeros, end - zeros.length);
  await file.sync();
}

/** cloud-init's NoCloud seed, in the folder it reads on a root file system. */
async function writeSeed(root: string, seed: Seed): Promise<void> {
  const folder = join(root, 'var/lib/cloud/seed/nocloud');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, 'meta-data'), seed.metaData, { mode: 0o600 });
  await writeFile(join(folder, 'user-data'), seed.userData, { mode: 0o600 });
  await writeFile(join(folder, 'network-config'), seed.networkConfig, { mode: 0o600 });
}

async function copyKernel(
  root: string,
  manifest: ImageManifest,
  stateDir: string,
): Promise<{ kernelPath: string; initrdPath: string }> {
  const folder = join(stateDir, 'boot');
  await mkdir(folder, { recursive: true });
  const kernelPath = join(folder, 'kernel');
  const initrdPath = join(folder, 'initrd');
  try {
    await copyFile(join(root, manifest.boot.kernelPath), kernelPath);
    await copyFile(join(root, manifest.boot.initrdPath), initrdPath);
  } catch (error) {
    throw new HandlerError(
      'image-incomplete',
      `the image has no ${manifest.boot.kernelPath} or ${manifest.boot.initrdPath}`,
      { cause: error },
    );
  }
  return { kernelPath, initrdPath };
}
