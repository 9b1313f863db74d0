import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Compile } from 'typebox/compile';
import { expect, it } from 'vitest';

import type { HealthFinding } from '../../shared/health/finding.ts';
import { HealthReport } from '../../shared/protocol/messages.ts';
import { gib } from '../../shared/units.ts';
import { bareInventory, bareNic } from '../../test/fixtures/parts.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { checkHealth } from './checks.ts';

const reportSchema = Compile(HealthReport);
const inventory = { ...bareInventory, memoryTotalBytes: 32 * gib, nics: [{ ...bareNic, name: 'eno1' }] };
const finding = (check: string, state: HealthFinding['state'] = 'degraded'): HealthFinding => ({
  check,
  component: 'disk S1',
  state,
  message: 'Disk sda: something.',
});

async function hostWith(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

const told = async (files: Readonly<Record<string, string>>): Promise<string[]> =>
  (await checkHealth({ root: await hostWith(files) }, { inventory, findings: [] })).findings.map(
    ({ check, component, state }) => `${check} ${component} ${state}`,
  );
const counter = (name: string, corrected: string, uncorrected: string): Record<string, string> => ({
  [`sys/devices/system/edac/mc/${name}/ce_count`]: corrected,
  [`sys/devices/system/edac/mc/${name}/ue_count`]: uncorrected,
});
const processor = (input: string, name = 'coretemp'): Record<string, string> => ({
  'sys/class/hwmon/hwmon0/name': name,
  'sys/class/hwmon/hwmon0/temp1_input': input,
  'sys/class/hwmon/hwmon0/temp1_crit': '100000',
  'sys/class/hwmon/hwmon0/temp1_label': 'Package id 0',
});
it.each<[string, Record<string, string>, string[]]>([
  ['nothing at all', {}, []],
  ['no memory errors', counter('mc0', '0\n', '0\n'), []],
  ['corrected memory errors', counter('mc0', '3\n', '0\n'), ['memory-errors mc0 degraded']],
  ['uncorrected ones, at two controllers', { ...counter('mc0', '1', '0'), ...counter('mc1', '0', '2') }, ['memory-errors mc1 failed', 'memory-errors mc0 degraded']],
  ['counters that cannot be read', counter('mc0', '', 'many'), ['memory-errors mc0 unknown']],
  ['a folder that is no controller', counter('power', '5', '5'), []],
  ['whole frames', { 'sys/class/net/eno1/statistics/rx_crc_errors': '0\n' }, []],
  ['broken frames', { 'sys/class/net/eno1/statistics/rx_crc_errors': '7\n' }, ['port-errors port 52:54:00:00:00:01 degraded']],
  ['broken frames of a port it does not have', { 'sys/class/net/veth0/statistics/rx_crc_errors': '7\n' }, []],
  ['a processor below its limit', processor('99000'), []],
  ['a processor at its limit', processor('100000'), ['temperature processor Package id 0 failed']],
  ['a chip whose limits are guesses', processor('127000', 'nct6775'), []],
  ['quiet kernel messages', { 'dev/kmsg': '6,1,0,-;Linux version 6.12\n' }, []],
  ['a machine check', { 'dev/kmsg': '6,1,0,-;Linux\n0,2,9,-;{1}[Hardware Error]: event severity: fatal\n' }, ['machine-check kernel log failed']],
])('reads from the host itself: %s', async (_, files, expected) => expect(await told(files)).toEqual(expected)); // prettier-ignore

it('does not know what it cannot read', async () => {
  const root = await hostWith({ 'dev/kmsg/is-a-folder': '' });
  const report = await checkHealth({ root }, { inventory, findings: [] });
  expect(report.findings).toMatchObject([{ check: 'machine-check', component: 'kernel log', state: 'unknown' }]);
});

it('tells what was collected, but memory errors as they are now', async () => {
  const findings = [finding('drive-pending', 'failed'), finding('memory-errors', 'failed')];
  const report = await checkHealth({ root: await hostWith(counter('mc0', '1', '0')) }, { inventory, findings });
  expect(report).toMatchObject({
    state: 'failed',
    findings: [
      { check: 'drive-pending', state: 'failed' },
      { check: 'memory-errors', component: 'mc0', state: 'degraded' },
    ],
  });
});

it.each([
  [undefined, 'ok'],
  [5000, 'ok'],
  [-5001, 'degraded'],
  [300_001, 'failed'],
] as const)('with a clock that is %s ms ahead of the controller is %s', async (clockAheadMs, state) => {
  const report = await checkHealth({ root: await temporaryFolder(), clockAheadMs }, { inventory, findings: [] });
  expect(report.state).toBe(state);
});

it('reads temperatures in degrees, and gives a report that the schema takes', async () => {
  const zones = Array.from({ length: 40 }, (_, index): [string, string] => [
    `sys/class/thermal/thermal_zone${index}/temp`,
    `${41_500 + index}\n`,
  ]);
  const root = await hostWith({ ...Object.fromEntries(zones), 'sys/class/thermal/cooling_device0/temp': '99000' });
  const report = await checkHealth({ root }, { inventory, findings: [] });
  expect(report.readings).toMatchObject({ memoryTotalBytes: 32 * gib });
  const celsius = Object.entries(report.readings).filter(([name]) => name.endsWith('Celsius'));
  expect(celsius).toHaveLength(32);
  for (const [, value] of celsius) expect(value).toBeCloseTo(41.5, 0);
  expect(reportSchema.Check(report)).toBe(true);
});

it('has a row in docs/health.md for exactly the checks that exist', async () => {
  const folders = [new URL('../../shared/health/', import.meta.url), new URL('./', import.meta.url)];
  const sources: string[] = [];
  for (const folder of folders) {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
    for (const name of names) sources.push(await readFile(new URL(name, folder), 'utf8'));
  }
  const written = sources.flatMap((text) => [...text.matchAll(/(?:\bcheck: |[cC]heck = )'([a-z-]+)'/g)]);
  const page = await readFile(new URL('../../docs/health.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z-]+)` /gm)].map(([, name]) => name);
  expect(new Set(rows)).toEqual(new Set(written.map(([, name]) => name)));
});
