// Writing with digests and reading back, on blank disks only. A disk is written to if the command lists its serial, exactly
// one disk here has that serial, nothing uses it, and every byte that is looked at is zero. It is left as it was found.
import { constants } from 'node:fs';
import { open, readdir, readFile, realpath, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { blankProbes, firstNonZero, signatureOf } from '../../shared/burn-in/blank-disk.ts';
import { figureOf } from '../../shared/burn-in/figures.ts';
import { judgeDiskTransfer } from '../../shared/burn-in/judge.ts';
import { messageOf } from '../../shared/errors.ts';
import { serialKey } from '../../shared/hardware/identity.ts';
import { formatDecimalBytes, gib, mib } from '../../shared/units.ts';
import type { DiskDevice } from '../handlers/platform.ts';
import { fioJobs } from './fio.ts';
import type { Finding, TestContext } from './machine.ts';

/** Never the beginning and the end, where a table would be. What is written is zeroed afterwards, so it has a limit. */
const marginBytes = mib;
const regionBytesMax = gib;

export async function testDiskWrite(context: TestContext): Promise<Finding[]> {
  if (context.writeDiskSerials.length === 0) {
    const sentence = 'disks: the command lists none that may be written to';
    return [{ component: 'disks', outcome: 'skipped', sentence, figures: {} }];
  }
  // One after the other would take a day on a full shelf; a failure of one is not another one's.
  return Promise.all([...new Set(context.writeDiskSerials)].map((serial) => writeDisk(serial, context)));
}

async function writeDisk(serial: string, context: TestContext): Promise<Finding> {
  const component = `disk ${serial}`;
  const skip = (why: string): Finding => ({
    component,
    outcome: 'skipped',
    sentence: `${component}: not written to: ${why}`.slice(0, 400),
    figures: {},
  });
  const twins = context.inventory.disks.filter((disk) => serialKey(disk.serial) === serialKey(serial));
  if (twins.length > 1) return skip(`${twins.length} disks report this serial`);
  const disk = await context.machine.findDisk(serial);
  if (disk === undefined) return skip('no disk with this serial is in this machine');
  // Exclusive: a disk that is mounted, in a RAID or otherwise used refuses, and cannot be taken into use meanwhile. For as
  // long as it is open, its kernel name is not given to another one.
  let file: FileHandle;
  try {
    file = await open(disk.path, constants.O_RDWR | constants.O_EXCL);
  } catch (error) {
    return skip(`it is in use or cannot be opened: ${messageOf(error)}`);
  }
  try {
    const again = await context.machine.findDisk(serial);
    if (again?.path !== disk.path) return skip('it changed its place while it was looked at');
    const reason = (await partitionsOf(disk)) ?? (await notBlank(file, disk, context.signal));
    if (reason !== undefined) return skip(reason);
    return await writeAndVerify({ serial, disk, file }, context);
  } finally {
    await file.close();
  }
}

/** What the kernel itself sees on it: partitions, or something that is built on it. */
async function partitionsOf({ path }: DiskDevice): Promise<string | undefined> {
  const folder = join('/sys/class/block', basename(await realpath(path)));
  const parts = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(basename(folder)));
  if (parts.length > 0) return `it has ${parts.length} partitions`;
  const holders = await readdir(join(folder, 'holders')).catch(() => []);
  if (holders.length > 0) return `${holders.join(', ')} is built on it`;
  const isReadOnly = (await readFile(join(folder, 'ro'), 'utf8').catch(() => '0')).trim() === '1';
  return isReadOnly ? 'it is read-only' : undefined;
}

/** Why it is not blank, or undefined where all that is looked at is zero. */
async function notBlank(file: FileHandle, disk: DiskDevice, signal: AbortSignal): Promise<string | undefined> {
  if (disk.sizeBytes < 4 * mib) return 'it is smaller than 4 MiB';
  for (const { at, bytes } of blankProbes(disk.sizeBytes)) {
    signal.throwIfAborted();
    const buffer = Buffer.alloc(bytes, 0xff);
    for (let done = 0; done < bytes;) {
      const { bytesRead } = await file.read(buffer, done, bytes - done, at + done);
      if (bytesRead === 0) return `it ends at byte ${at + done}, before its size`;
      done += bytesRead;
    }
    const used = firstNonZero(buffer);
    if (used === undefined) continue;
    const holds = at === 0 ? signatureOf(buffer) : undefined;
    return holds === undefined
      ? `it is not blank: there is data at byte ${at + used}`
      : `it is not blank: it holds ${holds}`;
  }
  return undefined;
}

type Target = { readonly serial: string; readonly disk: DiskDevice; readonly file: FileHandle };

async function writeAndVerify({ serial, disk, file }: Target, context: TestContext): Promise<Finding> {
  const { plan } = context;
  const component = `disk ${serial}`;
  const bytes = Math.floor(Math.min(regionBytesMax, disk.sizeBytes - 2 * marginBytes) / mib) * mib;
  const job = [
    `--filename=${disk.path}`, `--offset=${marginBytes}`, `--size=${bytes}`, '--rw=randrw', '--bs=4k', '--iodepth=16',
    '--direct=1', '--ioengine=libaio', '--verify=crc32c', '--verify_fatal=1', '--verify_backlog=1024', '--time_based',
    `--runtime=${plan.seconds}`,
  ]; // prettier-ignore
  try {
    const [result] = await fioJobs(context, { jobs: [job], seconds: plan.seconds });
    if (result === undefined) throw new Error('fio told nothing');
    const amount = formatDecimalBytes(result.writtenBytes);
    const facts = { disk: component, done: 'written and read back', amount, ...result };
    const figures = { [figureOf('diskWriteBytesPerSecond', serial)]: result.writtenBytesPerSecond };
    return { component, ...judgeDiskTransfer(facts), figures };
  } finally {
    // Also when it is cancelled: the next look at this disk must find it blank.
    await zero(file, marginBytes, bytes);
  }
}

async function zero(file: FileHandle, from: number, bytes: number): Promise<void> {
  const zeros = Buffer.alloc(Math.min(4 * mib, bytes));
  for (let at = from; at < from + bytes;) {
    const { bytesWritten } = await file.write(zeros, 0, Math.min(zeros.length, from + bytes - at), at);
    at += bytesWritten;
  }
  await file.sync();
}
