// The burn-in itself, on this machine and for seconds: real load, real files, real processes that must be gone afterwards.
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Compile } from 'typebox/compile';
import { expect, it, onTestFinished } from 'vitest';

import { BurnInProgress, BurnInReport, type BurnInTestResult } from '../../shared/burn-in/report.ts';
import { systemClock } from '../../shared/clock.ts';
import { inventoryFromEvidence } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { mib } from '../../shared/units.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { runChild } from './child.ts';
import type { BurnInMachine } from './machine.ts';
import { memoryLoadSource } from './memory-load.ts';
import { nodeCommand, numbersOf } from './node-load.ts';
import { processorLoadSource } from './processor-load.ts';
import { runBurnIn, type BurnInRun, type BurnInState } from './run-burn-in.ts';

const reportSchema = Compile(BurnInReport);
const progressSchema = Compile(BurnInProgress);
const patient = new AbortController().signal;

/** This machine with files for disks: named `one` and `two`, with serials of the same names in capitals. */
async function machineWith(change: Partial<BurnInMachine> = {}): Promise<BurnInMachine & { readonly dir: string }> {
  const dir = await temporaryFolder();
  const evidence = Object.fromEntries(
    ['one', 'two'].map((name) => [name, { size: String((16 * mib) / 512), serial: name.toUpperCase(), 'queue/logical_block_size': '512' }]),
  ); // prettier-ignore
  const inventory: Inventory = inventoryFromEvidence([
    { source: 'block.json', bytes: Buffer.from(JSON.stringify(evidence)), sha256: '0'.repeat(64) },
  ]);
  await runChild(['mkdir', '-p', join(dir, 'root/dev'), join(dir, 'root/proc')], {
    signal: patient,
    timeoutMs: 5000,
    cwd: dir,
  });
  for (const name of ['one', 'two']) {
    await writeFile(join(dir, 'root/dev', name), '');
    await truncate(join(dir, 'root/dev', name), 16 * mib);
  }
  // Small enough to be gentle with the machine that tests.
  await writeFile(join(dir, 'root/proc/meminfo'), 'MemTotal: 1024000 kB\nMemAvailable: 655360 kB\n');
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    dir,
    root: join(dir, 'root'),
    inventory: () => Promise.resolve(inventory),
    findDisk: () => Promise.resolve(undefined),
    controller: { host: '127.0.0.1', port },
    ca: () => undefined,
    folder: join(dir, 'burn-in'),
    ...change,
  };
}

const intake = (machine: BurnInMachine, change: Partial<BurnInRun> = {}): BurnInRun => ({
  args: { profile: 'intake', timeScale: 0.001, writeDiskSerials: [] },
  tools: null,
  machine,
  clock: systemClock,
  signal: patient,
  onProgress: () => undefined,
  ...change,
});
const outcomes = (results: readonly BurnInTestResult[]): string[] =>
  results.map(({ test, component, outcome }) => `${test} ${component} ${outcome}`);

/** Processes that this one started, and what those started. */
async function descendants(): Promise<string[]> {
  const rows: { id: string; parent: string; command: string }[] = [];
  for (const id of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${id}/stat`, 'latin1').catch(() => '');
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state !== 'Z' && stat !== '') rows.push({ id, parent, command: stat.slice(stat.indexOf('(')).slice(0, 40) });
  }
  const found = new Set([String(process.pid)]);
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const { id, parent } of rows) if (found.has(parent)) found.add(id);
  }
  return rows.filter(({ id }) => id !== String(process.pid) && found.has(id)).map(({ id, command }) => `${id} ${command}`);
} // prettier-ignore

it('runs the whole intake: every part is judged, named and measured', async () => {
  const machine = await machineWith();
  const states: BurnInState[] = [];
  const report = await runBurnIn(intake(machine, { onProgress: (state) => states.push(state) }));
  expect(reportSchema.Check(report)).toBe(true);
  expect(outcomes(report.results)).toEqual([
    'cpu processor passed',
    'memory memory passed',
    'disk-read disk ONE passed',
    'disk-read disk TWO passed',
    'network network passed',
    'counters memory skipped',
  ]);
  expect(report.figures).toMatchObject({ networkLossPercent: 0, memoryBytes: 64 * mib });
  for (const name of ['cpuOpsPerSecond', 'memoryBytesPerSecond', 'diskReadBytesPerSecond:ONE', 'diskRandomReadsPerSecond:TWO'])
    expect(report.figures[name]).toBeGreaterThan(0);
  expect(states.every((state) => progressSchema.Check({ commandId: 'cmd_1', ...state }))).toBe(true);
  const percents = states.map(({ percent }) => percent);
  expect(percents).toEqual(percents.toSorted((a, b) => a - b));
  expect(states.at(-1)?.log.join('\n')).toMatch(/memory: passed: memory: 64 MiB written and read back/);
  expect(await readdir(machine.dir)).toEqual(['root']);
}); // prettier-ignore

it('fails a disk that ends before its size, and no other', async () => {
  const machine = await machineWith();
  await truncate(join(machine.root, 'dev/two'), 4096);
  const { results } = await runBurnIn(intake(machine));
  const disks = results.filter(({ test }) => test === 'disk-read');
  expect(outcomes(disks)).toEqual(['disk-read disk ONE passed', 'disk-read disk TWO failed']);
  expect(disks[1]?.sentence).toMatch(/^disk TWO: a read failed: at byte \d+: the disk ends before its size$/);
});

it('fails the network when nobody answers', async () => {
  const { results } = await runBurnIn(intake(await machineWith({ controller: { host: '127.0.0.1', port: 1 } })));
  expect(results.find(({ test }) => test === 'network')?.sentence).toMatch(/none of 20 probes .* was answered/);
});

it('counts memory errors per DIMM over the run, and names the DIMM', async () => {
  const machine = await machineWith();
  const folder = join(machine.root, 'sys/devices/system/edac/mc/mc0/dimm0');
  await runChild(['mkdir', '-p', folder], { signal: patient, timeoutMs: 5000, cwd: '/' });
  await writeFile(join(folder, 'dimm_label'), 'CPU0_DIMM_A1\n');
  await writeFile(join(folder, 'dimm_ce_count'), '7\n');
  await writeFile(join(folder, 'dimm_ue_count'), '0\n');
  let isCounted = false;
  const onProgress = ({ test }: BurnInState): void => {
    if (test !== 'network' || isCounted) return;
    isCounted = true;
    void writeFile(join(folder, 'dimm_ue_count'), '1\n');
  };
  const { results } = await runBurnIn(intake(machine, { onProgress }));
  const counters = results.filter(({ test }) => test === 'counters');
  expect(outcomes(counters)).toEqual(['counters DIMM CPU0_DIMM_A1 failed']);
  expect(counters[0]?.sentence).toBe('DIMM CPU0_DIMM_A1: 1 uncorrected memory errors; replace it');
});

it('says of tests whose tools are missing that nothing is proved', async () => {
  const args = { profile: 'standard' as const, timeScale: 0.000_01, writeDiskSerials: ['ONE'] };
  const tools = { url: 'http://127.0.0.1:1/tools', sha256: '0'.repeat(64), bytes: 1000 };
  const { results } = await runBurnIn(intake(await machineWith(), { args, tools }));
  expect(outcomes(results)).toEqual([
    'cpu machine unverifiable',
    'memory machine unverifiable',
    'memory-bandwidth machine unverifiable',
    'disk-read machine unverifiable',
    'disk-write machine unverifiable',
    'smart-self-test machine unverifiable',
    'network network passed',
    'counters memory skipped',
  ]);
  expect(results[0]?.sentence).toMatch(/cannot be fetched from http:\/\/127\.0\.0\.1:1\/tools/);
});

it('is cancelled in the middle: nothing of it is left, and the rest says so', async () => {
  const cancel = new AbortController();
  const args = { profile: 'intake' as const, timeScale: 1, writeDiskSerials: [] };
  const before = (await descendants()).length;
  const running = runBurnIn(intake(await machineWith(), { args, signal: cancel.signal }));
  await expect.poll(async () => (await descendants()).length, { timeout: 5000 }).toBeGreaterThan(before);
  const began = performance.now();
  cancel.abort(new Error('cancelled'));
  const { results } = await running;
  expect(performance.now() - began).toBeLessThan(4000);
  expect(await descendants()).toHaveLength(before);
  expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['cancelled']));
  expect(results).toHaveLength(5);
});

it('leaves nothing running when the agent dies', async () => {
  const dir = await temporaryFolder();
  const script = join(dir, 'agent.ts');
  const child = join(import.meta.dirname, 'child.ts');
  await writeFile(
    script,
    `import { runChild } from ${JSON.stringify(child)};
     await runChild(['sh', '-c', 'echo $$ > id; exec sleep 300'], { signal: new AbortController().signal, timeoutMs: 9e5, cwd: ${JSON.stringify(dir)} });`,
  );
  const stop = new AbortController();
  const agent = runChild([process.execPath, script], { signal: stop.signal, timeoutMs: 60_000, cwd: dir });
  agent.catch(() => undefined);
  const idOf = async (): Promise<number> => Number(await readFile(join(dir, 'id'), 'utf8').catch(() => '0'));
  await expect.poll(idOf, { timeout: 10_000 }).toBeGreaterThan(0);
  const id = await idOf();
  // The program is in a session of its own, which ending the agent's session does not touch.
  stop.abort(new Error('killed'));
  await agent.catch(() => undefined);
  const isAlive = (): boolean => {
    try {
      process.kill(id, 0);
      return true;
    } catch {
      return false;
    }
  };
  await expect.poll(isAlive, { timeout: 10_000 }).toBe(false);
});

it('ends a program whose time is over, and one that does not listen', async () => {
  const began = performance.now();
  const deaf = ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done'];
  const end = await runChild(deaf, { signal: patient, timeoutMs: 200, cwd: '/' });
  expect(end.isLate).toBe(true);
  expect(performance.now() - began).toBeLessThan(8000);
});

it('keeps of a program that talks too much what it has room for', async () => {
  const lines: string[] = [];
  const words = ['sh', '-c', 'yes 0123456789 | head -c 3000000; yes x | head -n 1000 >&2; exit 3'];
  const end = await runChild(words, { signal: patient, timeoutMs: 20_000, cwd: '/', onErrorLine: (line) => lines.push(line) });
  expect({ status: end.status, bytes: end.output.length, kept: end.errors.length }).toEqual({ status: 3, bytes: mib, kept: 200 });
  await delay(0);
  expect(lines).toHaveLength(1000);
}); // prettier-ignore

it('has loads that find a wrong result: of a processor, and of memory', async () => {
  const options = { signal: patient, timeoutMs: 20_000, cwd: '/' };
  const processor = await runChild(nodeCommand(processorLoadSource('another result'), 2, 0.1), options);
  expect(numbersOf(processor.output, ['wrong', 'lost'])).toMatchObject({ lost: 0 });
  expect(numbersOf(processor.output, ['wrong'])?.wrong).toBeGreaterThan(0);
  const memory = await runChild(nodeCommand(memoryLoadSource({ isSpoilt: true }), 32 * mib, 1, 0.1), options);
  expect(numbersOf(memory.output, ['wrong', 'tested'])?.wrong).toBeGreaterThan(0);
});
