import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Compile } from 'typebox/compile';
import { expect, it } from 'vitest';

import { inventoryFromEvidence } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import type { Dimm, Inventory } from '../../shared/hardware/inventory.ts';
import { HealthReport } from '../../shared/protocol/messages.ts';
import { gib, mib } from '../../shared/units.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { checkHealth } from './checks.ts';

const reportSchema = Compile(HealthReport);
const dimm = (sizeBytes: number | null): Dimm => ({
  handle: 1, slot: 'A1', bank: null, populated: sizeBytes !== null, sizeBytes, type: null, ratedMts: null,
  configuredMts: null, manufacturer: null, serial: null, part: null, rank: null, ecc: null,
}); // prettier-ignore
const memory = (dimms: Dimm[], memoryTotalBytes: number | null): Inventory => ({
  ...inventoryFromEvidence([]),
  dimms,
  memoryTotalBytes,
});
const two = [dimm(16 * gib), dimm(16 * gib), dimm(null)];

async function hostWith(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

it.each<[string, Dimm[], number | null, string[]]>([
  ['all of it can be used', two, 32 * gib, []],
  ['the kernel keeps seven percent and 128 MiB', two, Math.ceil(32 * gib * 0.93 - 128 * mib), []],
  ['a little more is missing', two, Math.ceil(32 * gib * 0.93 - 128 * mib) - 1, ['degraded']],
  ['a whole module is missing', two, 16 * gib, ['degraded']],
  ['a small machine has its firmware take a larger part', [dimm(2 * gib)], 1.85 * gib, []],
  ['no module is known', [dimm(null)], 16 * gib, []],
  ['the total is not known', two, null, []],
])('judges the memory where %s', async (...[, dimms, total, states]) => {
  const report = await checkHealth(await temporaryFolder(), memory(dimms, total));
  expect(report.findings.map(({ state }) => state)).toEqual(states);
  expect(report.state).toBe(states[0] ?? 'ok');
});

const counter = (name: string, corrected: string, uncorrected: string): Record<string, string> => ({
  [`sys/devices/system/edac/mc/${name}/ce_count`]: corrected,
  [`sys/devices/system/edac/mc/${name}/ue_count`]: uncorrected,
});
it.each<[string, Record<string, string>, string, string[]]>([
  ['no errors', counter('mc0', '0\n', '0\n'), 'ok', []],
  ['corrected errors', counter('mc0', '3\n', '0\n'), 'degraded', ['mc0: 3 corrected memory errors']],
  ['uncorrected errors', counter('mc1', '3\n', '1\n'), 'failed', ['mc1: 1 uncorrected memory errors']],
  ['both, at two controllers', { ...counter('mc0', '1', '0'), ...counter('mc1', '0', '2') }, 'failed', ['mc0: 1 corrected memory errors', 'mc1: 2 uncorrected memory errors']],
  ['unreadable counters', counter('mc0', '', 'many'), 'ok', []],
  ['a folder that is no controller', counter('power', '5', '5'), 'ok', []],
])('takes the worst of the memory controllers: %s', async (...[, files, state, findings]) => {
  const report = await checkHealth(await hostWith(files), memory([], null));
  expect(report.state).toBe(state);
  expect(report.findings.map(({ component, message }) => `${component}: ${message}`).toSorted()).toEqual(findings);
}); // prettier-ignore

it('reads temperatures in degrees, and gives a report that the schema takes', async () => {
  const zones = Array.from({ length: 40 }, (_, index): [string, string] => [
    `sys/class/thermal/thermal_zone${index}/temp`,
    `${41_500 + index}\n`,
  ]);
  const root = await hostWith({ ...Object.fromEntries(zones), 'sys/class/thermal/cooling_device0/temp': '99000' });
  const report = await checkHealth(root, memory(two, 32 * gib));
  expect(report.readings).toMatchObject({ thermal_zone0Celsius: 41.5, memoryTotalBytes: 32 * gib });
  expect(Object.keys(report.readings).filter((name) => name.endsWith('Celsius'))).toHaveLength(32);
  expect(reportSchema.Check(report)).toBe(true);
});
