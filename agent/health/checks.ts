// Health of this host: what can be told in seconds without load. Each check is one function and one line in the list.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freemem, loadavg } from 'node:os';
import { promisify } from 'node:util';

import type { HealthState } from '../../shared/lifecycle/asset.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import type { HealthReport } from '../../shared/protocol/messages.ts';
import { formatBinaryBytes, mib } from '../../shared/units.ts';
import { smartFindings } from './smart.ts';

const execute = promisify(execFile);

export type HealthFinding = HealthReport['findings'][number];
type Checked = { readonly findings: readonly HealthFinding[]; readonly readings?: Readonly<Record<string, number>> };
type Check = (host: { readonly root: string; readonly inventory: Inventory }) => Promise<Checked>;

const checks: readonly Check[] = [checkMemoryTotal, checkEdac, checkSmart, checkThermal, checkLoad];

const order: readonly HealthState[] = ['ok', 'unknown', 'degraded', 'failed'];

export async function checkHealth(root: string, inventory: Inventory): Promise<HealthReport> {
  const results = await Promise.all(checks.map((check) => check({ root, inventory })));
  const findings = results.flatMap((result) => result.findings).slice(0, 256);
  const worst = findings.reduce<HealthState>(
    (state, finding) => (order.indexOf(finding.state) > order.indexOf(state) ? finding.state : state),
    'ok',
  );
  const readings = Object.fromEntries(results.flatMap((result) => Object.entries(result.readings ?? {})));
  return { state: worst, findings, readings };
}

/** Less usable memory than 93 % of the modules' sum means that firmware has mapped a module out. */
async function checkMemoryTotal({ inventory }: { inventory: Inventory }): Promise<Checked> {
  const installed = inventory.dimms.reduce((sum, dimm) => sum + (dimm.sizeBytes ?? 0), 0);
  const total = inventory.memoryTotalBytes;
  if (installed === 0 || total === null) return { findings: [] };
  // The kernel and firmware keep some memory for themselves whatever the size of the machine.
  const expected = installed * 0.93 - 128 * mib;
  if (total >= expected) return { findings: [], readings: { memoryTotalBytes: total } };
  const message = `the kernel sees ${formatBinaryBytes(total)} of ${formatBinaryBytes(installed)} installed: a module may be mapped out`;
  return { findings: [{ check: 'memory-total', component: 'memory', state: 'degraded', message }] };
}

/** Memory errors that the memory controller counted (EDAC). */
async function checkEdac({ root }: { root: string }): Promise<Checked> {
  const base = join(root, 'sys/devices/system/edac/mc');
  const controllers = await readdir(base).catch(() => []);
  const findings: HealthFinding[] = [];
  for (const name of controllers.filter((entry) => /^mc\d+$/.test(entry))) {
    const uncorrected = await count(join(base, name, 'ue_count'));
    const corrected = await count(join(base, name, 'ce_count'));
    if (uncorrected > 0)
      findings.push({
        check: 'edac',
        component: name,
        state: 'failed',
        message: `${uncorrected} uncorrected memory errors`,
      });
    else if (corrected > 0)
      findings.push({
        check: 'edac',
        component: name,
        state: 'degraded',
        message: `${corrected} corrected memory errors`,
      });
  }
  return { findings };
}

async function checkSmart({ inventory }: { inventory: Inventory }): Promise<Checked> {
  const perDisk = await Promise.all(
    inventory.disks.map(async (disk) => {
      const component = disk.serial === null ? disk.name : `disk ${disk.serial}`;
      const output = await smartctl(`/dev/${disk.name}`);
      return output === undefined ? [] : smartFindings(component, output);
    }),
  );
  return { findings: perDisk.flat() };
}

/** smartctl's exit status is a bit field that is non-zero on healthy disks too; its JSON counts. */
async function smartctl(device: string): Promise<string | undefined> {
  try {
    const { stdout } = await execute('smartctl', ['-j', '-H', '-A', device], { timeout: 30_000, maxBuffer: 4 * mib });
    return stdout;
  } catch (error) {
    const stdout: unknown = error instanceof Error ? Reflect.get(error, 'stdout') : undefined;
    return typeof stdout === 'string' && stdout !== '' ? stdout : undefined;
  }
}

async function checkThermal({ root }: { root: string }): Promise<Checked> {
  const base = join(root, 'sys/class/thermal');
  const readings: Record<string, number> = {};
  for (const zone of (await readdir(base).catch(() => []))
    .filter((name) => name.startsWith('thermal_zone'))
    .slice(0, 32)) {
    const milli = await count(join(base, zone, 'temp'));
    if (milli > 0) readings[`${zone}Celsius`] = milli / 1000;
  }
  return { findings: [], readings };
}

async function checkLoad(): Promise<Checked> {
  return { findings: [], readings: { load1: loadavg()[0] ?? 0, memoryFreeBytes: freemem() } };
}

async function count(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return /^\d+$/.test(text.trim()) ? Number(text.trim()) : 0;
}
