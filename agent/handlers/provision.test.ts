import { readFile, rm, stat, truncate } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { expect, it, vi } from 'vitest';

import type { ImageManifest } from '../../shared/api/image.ts';
import type { Command } from '../../shared/protocol/command.ts';
import { mib } from '../../shared/units.ts';
import {
  diskBytes,
  diskSerial,
  fileMachine,
  manifestOf,
  packedImage,
  rawImage,
  serve,
  type FileMachine,
} from '../../test/fixtures/file-machine.ts';
import { newSigner } from '../../test/fixtures/signed-command.ts';
import { watchSyncedPaths } from '../../test/fixtures/synced-paths.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import type { HandlerErrorCode } from './platform.ts';
import { bootPlanPath, provision, type HandlerContext } from './provision.ts';

type Provision = Extract<Command, { name: 'provision' }>;

const imageKey = newSigner('image-1');
const seed = { metaData: 'local-hostname: srv-a\n', userData: '{}', networkConfig: '{"version":2}' };
const manifest = manifestOf(packedImage);
const zeros = Buffer.alloc(mib);
const nothing: RequestListener = (_, response) => response.writeHead(404).end();
const send =
  (bytes: Uint8Array): RequestListener =>
  (_, response) =>
    response.end(bytes);

/** Says the full length, sends half of it and cuts the connection. */
const cutOff: RequestListener = (_, response) => {
  response.writeHead(200, { 'content-length': packedImage.length });
  response.write(packedImage.subarray(0, packedImage.length / 2), () => response.destroy());
};

function commandFor(imageUrl: string, args: Partial<Provision['args']> = {}): Provision {
  const text = args.manifest ?? JSON.stringify(manifest);
  return {
    id: 'cmd_1',
    region: 'test-1',
    assetId: 'ast_1',
    assetSerial: 'SN-1',
    bootId: 'boot-1',
    generation: 1,
    notBeforeMs: 0,
    expiresAtMs: 1,
    approval: { changeId: 'chg_1', payloadSha256: 'a'.repeat(64), makerId: 'per_1', checkerIds: ['per_2'] },
    name: 'provision',
    args: {
      imageUrl,
      manifest: text,
      manifestSignature: imageKey.signRaw(text),
      imageKeyId: imageKey.keyId,
      diskSerial,
      diskBytesMin: 1,
      seed,
      ...args,
    },
  };
}

type Bench = {
  readonly machine: FileMachine;
  readonly stateDir: string;
  readonly percents: number[];
  readonly run: (listener: RequestListener, args?: Partial<Provision['args']>) => Promise<string>;
  readonly disk: () => Promise<Buffer>;
};

async function bench(extraBytes = 0): Promise<Bench> {
  const folder = await temporaryFolder();
  const machine = await fileMachine(folder, extraBytes);
  const stateDir = join(folder, 'state');
  const percents: number[] = [];
  const context: HandlerContext = {
    platform: machine.platform,
    stateDir,
    imageKeys: { [imageKey.keyId]: imageKey.publicKeyPem },
    progress: (percent) => percents.push(percent),
    downloads: { attemptsMax: 2, baseMs: 1, capMs: 1 },
  };
  return {
    machine,
    stateDir,
    percents,
    run: async (listener, args) => provision(commandFor(await serve(listener), args), context),
    disk: () => readFile(machine.diskPath),
  };
}

it('writes the exact bytes of the image, the seed and the boot plan', async () => {
  const { machine, stateDir, percents, run, disk } = await bench();
  expect(await run(send(packedImage))).toBe('wrote debian-12 1 to disk DISK-1');
  expect((await disk()).equals(rawImage)).toBe(true);
  expect(machine.calls).toEqual(['find DISK-1', 'mount 3', 'unmount']);
  const seedFile = (name: string): string => join(machine.partition, 'var/lib/cloud/seed/nocloud', name);
  expect(await readFile(seedFile('meta-data'), 'utf8')).toBe(seed.metaData);
  expect(await readFile(seedFile('user-data'), 'utf8')).toBe(seed.userData);
  expect(await readFile(seedFile('network-config'), 'utf8')).toBe(seed.networkConfig);
  // The seed holds the token of the production agent.
  expect((await stat(seedFile('user-data'))).mode & 0o777).toBe(0o600);
  const plan: unknown = JSON.parse(await readFile(bootPlanPath(stateDir), 'utf8'));
  expect(plan).toEqual({
    commandId: 'cmd_1',
    kernelPath: join(stateDir, 'boot/kernel'),
    initrdPath: join(stateDir, 'boot/initrd'),
    cmdline: 'root=LABEL=root',
  });
  expect(await readFile(join(stateDir, 'boot/kernel'), 'utf8')).toBe('the kernel');
  expect(await readFile(join(stateDir, 'boot/initrd'), 'utf8')).toBe('the initrd');
  expect(percents.at(-1)).toBe(95);
});

it('starts over when the image breaks off, and is through when it comes', async () => {
  const { percents, run, disk } = await bench();
  let requests = 0;
  const listener: RequestListener = (request, response) => {
    requests += 1;
    (requests === 1 ? cutOff : send(packedImage))(request, response);
  };
  expect(await run(listener)).toBe('wrote debian-12 1 to disk DISK-1');
  expect(requests).toBe(2);
  expect(percents).toContain(0);
  expect((await disk()).equals(rawImage)).toBe(true);
});

it('takes the second partition table of an older system off a disk that is larger than the image', async () => {
  const { run, disk } = await bench(3 * mib);
  await run(send(packedImage));
  const after = await disk();
  expect(after.subarray(0, diskBytes).equals(rawImage)).toBe(true);
  expect(after.subarray(-mib).equals(zeros)).toBe(true);
});

it('has the image on the disk before it mounts it', async () => {
  const { machine, run } = await bench();
  const synced = await watchSyncedPaths();
  const { withPartition } = machine.platform;
  let syncedAtMount: string[] = [];
  Object.assign(machine.platform, {
    withPartition: (...args: Parameters<typeof withPartition>) => {
      syncedAtMount = [...synced];
      return withPartition(...args);
    },
  });
  await run(send(packedImage));
  // The erased tables, the image without its head, the head.
  expect(syncedAtMount.filter((path) => path === machine.diskPath)).toHaveLength(3);
});

it('leaves no partition table on the disk while the image streams', async () => {
  const { run, disk } = await bench();
  const half = packedImage.length / 2;
  let finish = (): void => undefined;
  const done = run((_, response) => {
    response.write(packedImage.subarray(0, half));
    finish = () => response.end(packedImage.subarray(half));
  });
  await vi.waitFor(async () =>
    expect((await disk()).subarray(mib, mib + 1000)).toEqual(rawImage.subarray(mib, mib + 1000)),
  );
  expect((await disk()).subarray(0, mib).equals(zeros)).toBe(true);
  finish();
  await done;
  expect((await disk()).equals(rawImage)).toBe(true);
});

const longer = Buffer.concat([packedImage, zstdCompressSync(Buffer.from('more'))]);
const signed = (change: Partial<ImageManifest>, packed: Uint8Array = packedImage): Partial<Provision['args']> => ({
  manifest: JSON.stringify(manifestOf(packed, change)),
});

// The image reached the disk in part or whole, and must not stay bootable.
it.each<[string, HandlerErrorCode, RequestListener, Partial<Provision['args']>]>([
  ['its digest is not the one that was signed', 'image-corrupt', send(packedImage), signed({ sha256: '0'.repeat(64) })],
  ['one byte differs', 'image-corrupt', send(packedImage.map((byte, at) => (at === 60 ? byte ^ 1 : byte))), {}],
  ['the stream ends early', 'image-corrupt', send(packedImage.subarray(0, -20)), {}],
  ['it is empty', 'image-corrupt', send(Buffer.alloc(0)), {}],
  ['it is not zstd at all', 'image-corrupt', send(rawImage.subarray(0, packedImage.length)), {}],
  ['it is longer than the manifest says', 'image-corrupt', send(longer), {}],
  ['it unpacks to more than the manifest says', 'image-corrupt', send(packedImage), signed({ diskBytes: 3 * mib })],
  ['it unpacks to less than the manifest says', 'image-corrupt', send(zstdCompressSync(rawImage.subarray(mib))), signed({}, zstdCompressSync(rawImage.subarray(mib)))],
  ['the server goes away in the middle', 'image-unreachable', cutOff, {}],
])('leaves no partition table when %s', async (...[, code, listener, args]) => {
  const { machine, stateDir, run, disk } = await bench();
  await expect(run(listener, args)).rejects.toMatchObject({ name: 'HandlerError', code });
  const after = await disk();
  expect(after.length).toBe(diskBytes);
  expect(after.subarray(0, mib).equals(zeros)).toBe(true);
  expect(after.subarray(-mib).equals(zeros)).toBe(true);
  expect(machine.calls).toEqual(['find DISK-1']);
  await expect(readFile(bootPlanPath(stateDir))).rejects.toThrow('ENOENT');
}); // prettier-ignore

it('stops reading an image that never ends', async () => {
  const { run } = await bench();
  // RFC 8878 §3.1.2: a skippable frame, which unpacks to nothing.
  const skipped = Buffer.alloc(mib);
  skipped.writeUInt32LE(0x184d2a50, 0);
  skipped.writeUInt32LE(mib - 8, 4);
  const endless: RequestListener = (_, response) => {
    const more = (): void => void response.write(skipped, (error) => (error == null ? more() : undefined));
    response.write(packedImage);
    more();
  };
  await expect(run(endless)).rejects.toThrow('the image is longer than its manifest says');
});

it('writes nothing past the size that was signed', async () => {
  const { run, disk } = await bench(2 * mib);
  await expect(run(send(packedImage), signed({ diskBytes: 3 * mib }))).rejects.toThrow('unpacks to more');
  expect((await disk()).subarray(3 * mib, 5 * mib).equals(Buffer.alloc(2 * mib, 0xee))).toBe(true);
});

// Known before anything is written: the disk keeps what it holds.
it.each<[string, HandlerErrorCode, RequestListener, Partial<Provision['args']>]>([
  ['the signature is of another text', 'image-signature', send(packedImage), { manifestSignature: imageKey.signRaw('other') }],
  ['the signature is no signature', 'image-signature', send(packedImage), { manifestSignature: 'AAAA' }],
  ['the signature is by another key', 'image-signature', send(packedImage), { manifestSignature: newSigner('image-1').signRaw(JSON.stringify(manifest)) }],
  ['the key is not trusted', 'image-signature', send(packedImage), { imageKeyId: 'image-2' }],
  ['the key has a name of Object.prototype', 'image-signature', send(packedImage), { imageKeyId: 'constructor' }],
  ['the signed manifest is not JSON', 'image-signature', send(packedImage), { manifest: 'name: debian' }],
  ['the signed manifest lacks a member', 'image-signature', send(packedImage), { manifest: '{"name":"debian-12"}' }],
  ['no disk has the serial', 'disk-not-found', send(packedImage), { diskSerial: 'DISK-2' }],
  ['the disk is smaller than the image', 'disk-too-small', send(packedImage), signed({ diskBytes: diskBytes + 1 })],
  ['the disk is smaller than was ordered', 'disk-too-small', send(packedImage), { diskBytesMin: diskBytes + 1 }],
  ['the server has no such image', 'image-unreachable', nothing, {}],
])('does not touch the disk when %s', async (...[, code, listener, args]) => {
  const { run, disk } = await bench();
  await expect(run(listener, args)).rejects.toMatchObject({ name: 'HandlerError', code });
  expect((await disk()).equals(Buffer.alloc(diskBytes, 0xee))).toBe(true);
}); // prettier-ignore

it('does not touch the disk when nothing listens at the address of the image', async () => {
  const { machine, stateDir, disk } = await bench();
  const context = { platform: machine.platform, stateDir, imageKeys: { [imageKey.keyId]: imageKey.publicKeyPem } };
  const run = provision(commandFor('http://127.0.0.1:1/image'), {
    ...context,
    progress: () => undefined,
    downloads: { attemptsMax: 1, baseMs: 1, capMs: 1 },
  });
  await expect(run).rejects.toMatchObject({ code: 'image-unreachable' });
  expect((await disk()).equals(Buffer.alloc(diskBytes, 0xee))).toBe(true);
});

it.each(['boot/vmlinuz', 'boot/initrd.img'])('calls an image without %s incomplete and unmounts it', async (name) => {
  const { machine, stateDir, run } = await bench();
  await rm(join(machine.partition, name));
  await expect(run(send(packedImage))).rejects.toMatchObject({ code: 'image-incomplete' });
  expect(machine.calls).toEqual(['find DISK-1', 'mount 3', 'unmount']);
  await expect(readFile(bootPlanPath(stateDir))).rejects.toThrow('ENOENT');
});

it('takes the size of the disk as it is now', async () => {
  const { machine, run } = await bench();
  await truncate(machine.diskPath, diskBytes - 1);
  await expect(run(send(packedImage))).rejects.toMatchObject({ code: 'disk-too-small' });
});
