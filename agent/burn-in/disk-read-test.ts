// Reading from all disks in parallel, never writing: by fio where the tool image is there, by a small program otherwise.
import { join } from 'node:path';

import { judgeDiskTransfer } from '../../shared/burn-in/judge.ts';
import { figureOf } from '../../shared/burn-in/figures.ts';
import type { Disk } from '../../shared/hardware/inventory.ts';
import { formatDecimalBytes, kib } from '../../shared/units.ts';
import { lastWords, runChild } from './child.ts';
import { diskLoadSource } from './disk-load.ts';
import { fioJobs, type FioJob } from './fio.ts';
import { diskName, diskPart, type Finding, type TestContext } from './machine.ts';
import { nodeCommand } from './node-load.ts';
import { graceMs } from './processor-test.ts';

const disksMax = 128;
/** By name from the built-in load, by number from fio: EPERM, ENOENT, EACCES, EBUSY. */
const notOpened = /failed: E(PERM|ACCES|NOENT|BUSY|NOMEDIUM) |^error (1|2|13|16)(:|$)/;

/** What one disk gave. */
type Read = {
  readonly bytes: number;
  readonly bytesPerSecond: number;
  readonly randomReadsPerSecond: number | undefined;
  readonly failure: string | undefined;
};

export async function testDiskRead(context: TestContext): Promise<Finding[]> {
  const disks = context.inventory.disks
    .filter(({ sizeBytes }) => sizeBytes !== null && sizeBytes > 0)
    .slice(0, disksMax);
  if (disks.length === 0)
    return [{ component: 'disks', outcome: 'skipped', sentence: 'no disk is in this machine', figures: {} }];
  const reads = context.plan.needsTools ? await readByFio(context, disks) : await readBySample(context, disks);
  return disks.map((disk, index): Finding => {
    const component = diskName(disk);
    const read = reads[index];
    if (read === undefined)
      return { component, outcome: 'unverifiable', sentence: `${component}: nothing was read`, figures: {} };
    const amount = formatDecimalBytes(Math.round(read.bytes));
    const part = diskPart(disk);
    const figures = {
      ...(read.bytesPerSecond > 0 ? { [figureOf('diskReadBytesPerSecond', part)]: read.bytesPerSecond } : {}),
      ...(read.randomReadsPerSecond === undefined
        ? {}
        : { [figureOf('diskRandomReadsPerSecond', part)]: read.randomReadsPerSecond }),
    };
    // Not the disk's fault: it was never read.
    if (read.failure !== undefined && notOpened.test(read.failure))
      return {
        component,
        outcome: 'unverifiable',
        sentence: `${component}: it cannot be opened: ${read.failure}`,
        figures: {},
      };
    const facts = { disk: component, done: 'read', amount, verifyErrors: 0, failure: read.failure };
    return { component, ...judgeDiskTransfer(facts), figures };
  });
}

async function readBySample(
  { machine, plan, signal, folder, log }: TestContext,
  disks: readonly Disk[],
): Promise<Read[]> {
  const wanted = {
    disks: disks.map(({ name, sizeBytes }) => ({ path: join(machine.root, 'dev', name), bytes: sizeBytes })),
    seconds: plan.seconds,
    sequentialShare: plan.intensity,
  };
  const end = await runChild(nodeCommand(diskLoadSource, JSON.stringify(wanted)), {
    signal,
    cwd: folder,
    timeoutMs: plan.seconds * 1000 + graceMs,
    onErrorLine: log,
    // A thread per disk, so that none waits for another one.
    environment: { UV_THREADPOOL_SIZE: String(Math.max(4, disks.length)) },
  });
  const told = samples(end.output);
  return disks.map((_, index): Read => {
    const sample = told[index];
    if (sample === undefined)
      return { bytes: 0, bytesPerSecond: 0, randomReadsPerSecond: undefined, failure: lastWords(end) };
    const rate = (amount: number, ms: number): number => (ms > 0 ? (amount / ms) * 1000 : 0);
    return {
      bytes: sample.sequentialBytes + sample.randomReads * 4 * kib,
      bytesPerSecond: rate(sample.sequentialBytes, sample.sequentialMs),
      randomReadsPerSecond: sample.randomMs > 0 ? rate(sample.randomReads, sample.randomMs) : undefined,
      failure: sample.failure === null ? undefined : `a read failed: ${sample.failure.slice(0, 200)}`,
    };
  });
}

type Sample = {
  readonly sequentialBytes: number;
  readonly sequentialMs: number;
  readonly randomReads: number;
  readonly randomMs: number;
  readonly failure: string | null;
};

function samples(output: string): readonly Sample[] {
  try {
    const value: unknown = JSON.parse(output);
    return Array.isArray(value) ? value.filter(isSample) : [];
  } catch {
    return [];
  }
}

function isSample(value: unknown): value is Sample {
  if (typeof value !== 'object' || value === null) return false;
  const failure: unknown = Reflect.get(value, 'failure');
  const names = ['sequentialBytes', 'sequentialMs', 'randomReads', 'randomMs'];
  return (
    names.every((name) => typeof Reflect.get(value, name) === 'number') &&
    (failure === null || typeof failure === 'string')
  );
}

/** One fio for all disks, twice: large blocks one after the other, then small ones at random. */
async function readByFio(context: TestContext, disks: readonly Disk[]): Promise<Read[]> {
  const { plan, machine } = context;
  const sequentialSeconds = Math.max(1, Math.round(plan.seconds * plan.intensity));
  const jobs = (words: readonly string[]): readonly string[][] =>
    disks.map(({ name }) => [`--filename=${join(machine.root, 'dev', name)}`, ...words]);
  const common = ['--readonly', '--direct=1', '--ioengine=libaio', '--time_based'];
  const large = await fioJobs(context, {
    jobs: jobs([...common, '--rw=read', '--bs=512k', '--iodepth=4', `--runtime=${sequentialSeconds}`]),
    seconds: sequentialSeconds,
  });
  const randomSeconds = Math.max(1, plan.seconds - sequentialSeconds);
  const small = await fioJobs(context, {
    jobs: jobs([...common, '--rw=randread', '--bs=4k', '--iodepth=16', '--norandommap', `--runtime=${randomSeconds}`]),
    seconds: randomSeconds,
  });
  return disks.map((_, index) => readOf(large[index], small[index]));
}

function readOf(large: FioJob | undefined, small: FioJob | undefined): Read {
  return {
    bytes: (large?.readBytes ?? 0) + (small?.readBytes ?? 0),
    bytesPerSecond: large?.readBytesPerSecond ?? 0,
    randomReadsPerSecond:
      small === undefined || small.readBytes === 0 ? undefined : small.readBytesPerSecond / (4 * kib),
    failure: large?.failure ?? small?.failure ?? (large === undefined ? 'fio told nothing of it' : undefined),
  };
}
