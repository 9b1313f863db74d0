// The tool image as it is built, and the burn-in with its programs: on loop devices for disks, each test for seconds.
import { mkdirSync, symlinkSync } from 'node:fs';
import { mkdir, open, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { runChild } from '../../agent/burn-in/child.ts';
import { localMachine } from '../../agent/burn-in/local-machine.ts';
import type { BurnInMachine } from '../../agent/burn-in/machine.ts';
import { runBurnIn, type BurnInRun } from '../../agent/burn-in/run-burn-in.ts';
import { openTools } from '../../agent/burn-in/tools.ts';
import { buildTools, type ToolsImage } from '../../pious-image/tools/build-tools.ts';
import { cacheDir } from '../../scripts/cache-dir.ts';
import { firstNonZero } from '../../shared/burn-in/blank-disk.ts';
import type { BurnInReport, BurnInTestResult } from '../../shared/burn-in/report.ts';
import { systemClock } from '../../shared/clock.ts';
import { inventoryFromEvidence } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import { mib } from '../../shared/units.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

const log = (): void => undefined;
const patient = new AbortController().signal;
const out = join(import.meta.dirname, '../../dist/tools');
const diskBytes = 64 * mib;
let image: ToolsImage;

beforeAll(async () => {
  image = await buildTools({ outDir: out, cacheDir: cacheDir('pious'), isStrict: true, log });
}, 900_000);

async function words(...command: string[]): Promise<string> {
  const end = await runChild(command, { signal: patient, timeoutMs: 60_000, cwd: '/' });
  if (end.status !== 0) throw new Error(`${command.join(' ')}: ${end.errors.join(' ')}`);
  return end.output.trim();
}

describe('the tool image', () => {
  it('takes at most 48 MB, and says what is in it and from where', async () => {
    expect(image.bytes).toBeLessThanOrEqual(48_000_000);
    const sbom: unknown = JSON.parse(await readFile(image.sbomPath, 'utf8'));
    expect(sbom).toMatchObject({ spdxVersion: 'SPDX-2.3', name: 'ppec-tools' });
    expect(JSON.stringify(sbom).match(/"licenseDeclared":"NOASSERTION"/)).toBeNull();
    const manifest: unknown = JSON.parse(await readFile(image.manifestPath, 'utf8'));
    expect(manifest).toMatchObject({ sha256: image.sha256, bytes: image.bytes });
  });

  it('is the same, byte for byte, when it is built from the same packages in another place', async () => {
    const cache = join(await temporaryFolder(), 'cache');
    mkdirSync(cache);
    symlinkSync(join(cacheDir('pious'), 'debs'), join(cache, 'debs'));
    const again = await buildTools({ outDir: join(cache, 'out'), cacheDir: cache, isStrict: true, log });
    expect(again).toMatchObject({ cached: false, sha256: image.sha256 });
  });

  it('has programs that run with nothing but what is in it', async () => {
    const folder = await temporaryFolder();
    const tools = await openTools({ file: image.path }, { folder, ca: undefined, signal: patient, log });
    try {
      expect(await words(...tools.command('stress-ng', '--version'))).toMatch(/^stress-ng, version 0\./);
      expect(await words(...tools.command('fio', '--version'))).toMatch(/^fio-3\./);
      expect(await words(...tools.command('iperf3', '--version'))).toMatch(/^iperf 3\./);
      expect(await words(...tools.command('nvme', 'version'))).toMatch(/^nvme version 2\./);
    } finally {
      await tools.close();
    }
    expect(await readFile('/proc/mounts', 'utf8')).not.toContain(folder);
  });
});

/** A disk with a serial: a loop device over a file of zeros. */
async function loopDisk(folder: string, serial: string): Promise<{ path: string; file: string }> {
  const file = join(folder, `${serial}.disk`);
  await writeFile(file, '');
  await truncate(file, diskBytes);
  const path = await words('losetup', '--find', '--show', file);
  onTestFinished(async () => void (await words('losetup', '-d', path)));
  return { path, file };
}

async function machineWith(disks: Readonly<Record<string, string>>, folder: string): Promise<BurnInMachine> {
  // Under names of their own: no inventory counts a loop device among the disks.
  const block = Object.keys(disks).map((serial) => [serial.toLowerCase(), { size: String(diskBytes / 512), serial }]);
  const evidence = JSON.stringify(Object.fromEntries(block));
  const inventory = inventoryFromEvidence([{ source: 'block.json', bytes: Buffer.from(evidence), sha256: '0'.repeat(64) }]);
  await mkdir(join(folder, 'proc'));
  await writeFile(join(folder, 'proc/meminfo'), 'MemAvailable: 131072 kB\n');
  await mkdir(join(folder, 'dev'));
  for (const [serial, path] of Object.entries(disks)) symlinkSync(path, join(folder, 'dev', serial.toLowerCase()));
  return {
    ...localMachine(folder, {
      folder: join(folder, 'burn-in'),
      controller: undefined,
      inventory: () => Promise.resolve(inventory),
    }),
    findDisk: (serial) => {
      const path = disks[serial];
      return Promise.resolve(path === undefined ? undefined : { path, sizeBytes: diskBytes });
    },
  };
} // prettier-ignore

function burnIn(machine: BurnInMachine, change: Partial<BurnInRun> & Pick<BurnInRun, 'args'>): Promise<BurnInReport> {
  return runBurnIn({
    tools: { file: image.path },
    machine,
    clock: systemClock,
    signal: patient,
    onProgress: () => undefined,
    ...change,
  });
}
const standard = (writeDiskSerials: string[]): BurnInRun['args'] => ({
  profile: 'standard',
  timeScale: 0.001,
  writeDiskSerials,
});
const of = (report: BurnInReport, test: BurnInTestResult['test']): string[] =>
  report.results.filter((each) => each.test === test).map(({ component, outcome }) => `${component} ${outcome}`);
const isZero = async (file: string): Promise<boolean> => firstNonZero(await readFile(file)) === undefined;

describe('the standard burn-in', () => {
  it('runs the real programs, writes to the one disk that is listed and blank, and leaves it blank', async () => {
    const folder = await temporaryFolder();
    const [one, two] = [await loopDisk(folder, 'ONE'), await loopDisk(folder, 'TWO')];
    const machine = await machineWith({ ONE: one.path, TWO: two.path }, folder);
    const { mtimeMs } = await stat(two.file);
    const report = await burnIn(machine, { args: standard(['ONE']) });
    expect(report.results.filter(({ outcome }) => outcome === 'failed' || outcome === 'unverifiable')).toEqual([]);
    expect(of(report, 'cpu')).toEqual(['processor passed']);
    expect(of(report, 'memory')).toEqual(['memory passed']);
    expect(of(report, 'memory-bandwidth')).toEqual(['memory passed']);
    expect(of(report, 'disk-read')).toEqual(['disk ONE passed', 'disk TWO passed']);
    expect(of(report, 'disk-write')).toEqual(['disk ONE passed']);
    for (const name of ['cpuOpsPerSecond', 'memoryOpsPerSecond', 'diskReadBytesPerSecond:TWO', 'diskRandomReadsPerSecond:ONE', 'diskWriteBytesPerSecond:ONE'])
      expect(report.figures[name], name).toBeGreaterThan(0);
    expect(await isZero(one.file)).toBe(true);
    expect((await stat(two.file)).mtimeMs).toBe(mtimeMs);
    expect(await readFile('/proc/mounts', 'utf8')).not.toContain(folder);
  }); // prettier-ignore

  it.each<[string, (disk: { path: string; file: string }) => Promise<unknown>, RegExp]>([
    ['a file system', ({ path }) => words('mkfs.ext4', '-q', path), /it is not blank: it holds an ext file system/],
    ['a partition table', ({ path }) => words('sh', '-c', `echo 'label: gpt' | sfdisk -q ${path}`), /it holds (a GPT|a) partition table/],
    ['a byte in its last MiB', ({ file }) => writeAt(file, diskBytes - 5), /there is data at byte 67108859/],
    ['data in the middle', ({ file }) => writeAt(file, diskBytes / 2, 2 * mib), /there is data at byte 33/],
    ['somebody who uses it', ({ path }) => hold(path), /it is in use or cannot be opened/],
  ])('leaves a listed disk alone that has %s', async (_, prepare, why) => {
    const folder = await temporaryFolder();
    const disk = await loopDisk(folder, 'ONE');
    await prepare(disk);
    const before = await readFile(disk.file);
    const report = await burnIn(await machineWith({ ONE: disk.path }, folder), { args: standard(['ONE', 'GONE']) });
    expect(of(report, 'disk-write')).toEqual(['disk ONE skipped', 'disk GONE skipped']);
    expect(report.results.find(({ component, test }) => test === 'disk-write' && component === 'disk ONE')?.sentence).toMatch(why);
    expect(before.equals(await readFile(disk.file))).toBe(true);
  }); // prettier-ignore

  it('finds a disk that gives back other data than was written', async () => {
    const folder = await temporaryFolder();
    const disk = await loopDisk(folder, 'ONE');
    const machine = await machineWith({ ONE: disk.path }, folder);
    let timer: NodeJS.Timeout | undefined;
    const report = await burnIn(machine, {
      args: { profile: 'standard', timeScale: 0.005, writeDiskSerials: ['ONE'] },
      onProgress: ({ test }) => {
        if (test !== 'disk-write' || timer !== undefined) return;
        timer = setInterval(() => void writeAt(disk.file, 4 * mib, 32 * mib), 300);
      },
    });
    clearInterval(timer);
    const written = report.results.find(({ test }) => test === 'disk-write');
    expect(written).toMatchObject({ component: 'disk ONE', outcome: 'failed' });
    expect(written?.sentence).toMatch(/read back other than written; replace it/);
  });

  it('measures the network between two machines', async () => {
    const folder = await temporaryFolder();
    const port = 20_000 + (process.pid % 20_000);
    const peer = (role: 'client' | 'server') => ({ address: '127.0.0.1', port, role });
    const ends = await Promise.all(
      (['server', 'client'] as const).map(async (role) => {
        const own = join(folder, role);
        await mkdir(own);
        return burnIn(await machineWith({}, own), { args: { ...standard([]), peer: peer(role) } });
      }),
    );
    for (const report of ends) expect(of(report, 'network')).toEqual(['network passed']);
    expect(ends[1]?.figures['networkSendBitsPerSecond']).toBeGreaterThan(0);
    expect(ends[1]?.figures['networkReceiveBitsPerSecond']).toBeGreaterThan(0);
  });
});

async function writeAt(file: string, at: number, bytes = 1): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(bytes, 0x5c), 0, bytes, at);
  await handle.close();
}

/** As a mount does: exclusively. */
async function hold(path: string): Promise<void> {
  const { constants } = await import('node:fs');
  const handle = await open(path, constants.O_RDONLY | constants.O_EXCL);
  onTestFinished(() => handle.close());
}
