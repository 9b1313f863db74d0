// A burn-in on an emulated machine: PIOUS fetches the tool image that the signed command names, mounts it and runs its
// programs; the report comes back, and the machine stays what it was.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { buildPious } from '../../pious-image/build-pious.ts';
import { buildTools } from '../../pious-image/tools/build-tools.ts';
import { bundles } from '../../scripts/bundles.ts';
import { cacheDir } from '../../scripts/cache-dir.ts';
import type { BurnInDetail } from '../../shared/api/burn-in.ts';
import type { MachineClassSpec } from '../../shared/inspection/machine-class.ts';
import { classes, cold, diskBytes, order } from './faulty-rack.ts';
import { startLab, type Lab } from './lab.ts';
import type { ServerSpec } from './server-spec.ts';
import { startRegion, type LabRegion } from './region.ts';
import { rackUp } from './story.ts';

const root = join(import.meta.dirname, '../..');
const log = (): void => undefined;
/** Each test gets a second; in emulation a second of load takes many. */
const timeScale = 0.0005;
const burnInTimeoutMs = 900_000;

// A SATA disk: the emulator's NVMe controller loses a request now and then when several are queued, and the kernel gives
// it up only after a minute.
const burning: ServerSpec = { ...cold, disks: [{ kind: 'sata', serial: 'SATA2', sizeBytes: diskBytes }] };
const sataClass: MachineClassSpec = { ...classes.two, disks: [{ count: 1, transport: 'sata', sizeBytes: diskBytes }] };

let dir: string;
let lab: Lab;
let region: LabRegion;

beforeAll(async () => {
  expect(await bundles()).toBe(true);
  const outDir = join(root, 'dist/pious');
  await buildPious({
    profile: 'test',
    agentPath: join(root, 'dist/agent.cjs'),
    outDir,
    cacheDir: cacheDir('pious'),
    log,
  });
  const tools = await buildTools({
    outDir: join(root, 'dist/tools'),
    cacheDir: cacheDir('pious'),
    isStrict: true,
    log,
  });
  dir = mkdtempSync(join(tmpdir(), 'ppec-'));
  lab = await startLab({ dir });
  region = await startRegion({ lab, piousDirectory: join(outDir, 'test'), apiPort: 0, toolsImage: tools.path });
  const ada = region.client('ada');
  for (const [name, spec] of Object.entries({ ...classes, two: sataClass }))
    await ada.call('class.create', { name, spec });
  await ada.call('network.create', {
    name: 'production',
    kind: 'production',
    cidr: '10.20.0.0/24',
    gateway: '10.20.0.1',
  });
  await ada.call('po.import', { fileName: 'po.yaml', text: order('SN-F001') });
}, 1_800_000);

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

async function ended(burnIn: string): Promise<BurnInDetail> {
  const client = region.client('mia');
  const deadlineMs = performance.now() + burnInTimeoutMs;
  for (let after = 0; ;) {
    const found = await client.call('burn-in.get', { burnIn });
    if (found.endedAt !== null) return found;
    if (performance.now() > deadlineMs) throw new Error(`the burn-in did not end: ${JSON.stringify(found.progress)}`);
    after = (await client.call('event.list', { after, waitMs: 5000 })).last;
  }
}

it('runs the programs of the tool image in PIOUS, and tells how each part stood it', async () => {
  const { asset } = await rackUp({ region, said: log }, lab.server(burning), log);
  expect(asset).toMatchObject({ state: 'SPARE', findings: [] });
  const begun = await region.client('mia').call('asset.burn-in', { asset: 'srv-cold', profile: 'standard', timeScale });
  const burnIn = await ended(begun.id);
  const told = burnIn.report?.results.map(({ test, outcome, sentence }) => [test, outcome, sentence]) ?? [];
  const outcomes = (test: string): unknown[] => told.filter(([name]) => name === test).map(([, outcome]) => outcome);
  for (const test of ['cpu', 'memory', 'disk-read']) expect(outcomes(test), JSON.stringify(told)).toEqual(['passed']);
  expect(told.filter(([, outcome]) => outcome === 'failed')).toEqual([]);
  const rate = Object.entries(burnIn.report?.figures ?? {}).find(([name]) => name.startsWith('cpuOpsPerSecond'));
  expect(rate?.[1]).toBeGreaterThan(0);
  // What it was is judged once more when it has stood it.
  await expect
    .poll(async () => (await region.client('mia').call('asset.get', { asset: 'srv-cold' })).state, { timeout: 300_000 })
    .toBe('SPARE');
}, 1_800_000);
