// What an agent says of its machine's health, as findings of the inspection: what failed blocks, what is degraded or could
// not be checked is said, what is well is not.
import { afterAll, beforeAll, expect, it } from 'vitest';

import type { HealthReport } from '../../shared/protocol/messages.ts';
import { createMachine, machineSpec } from './machine.ts';
import { assetInState, furnish, startTestRegion, type Region } from './region.ts';

let region: Region;

beforeAll(async () => {
  region = await startTestRegion();
  await furnish(region, ['H1', 'H2'], machineSpec);
});
afterAll(async () => region[Symbol.asyncDispose]());

const finding = (check: string, state: HealthReport['state']): HealthReport['findings'][number] => ({
  check,
  component: `disk ${check}`,
  state,
  message: `Disk sda is ${state}.`,
});

it('lets a machine pass whose health is not known in part, and says so', async () => {
  await using machine = createMachine(region, 'H1');
  const findings = [finding('drive-status', 'unknown'), finding('drive-used', 'degraded'), finding('drive-command', 'ok')];
  machine.health = { state: 'degraded', findings, readings: {} };
  await machine.boot();
  const spare = await assetInState(region, 'H1', 'SPARE');
  expect(spare.findings.map(({ path, kind, severity, rule }) => [path, kind, severity, rule])).toEqual([
    ['health/disk drive-status', 'unverifiable', 'warn', 'health-drive-status'],
    ['health/disk drive-used', 'degraded', 'warn', 'health-drive-used'],
  ]);
}); // prettier-ignore

it('keeps a machine with a failed part out', async () => {
  await using machine = createMachine(region, 'H2');
  machine.health = { state: 'failed', findings: [finding('drive-pending', 'failed')], readings: {} };
  await machine.boot();
  const quarantined = await assetInState(region, 'H2', 'QUARANTINED');
  expect(quarantined.findings.map(({ severity, sentence }) => [severity, sentence])).toEqual([
    ['block', 'Disk sda is failed.'],
  ]);
});
