// Health of this host: what its evidence said when it was last collected, and what can be read again in milliseconds. Each
// live check is one function and one line in the list. Nothing here starts a program.
import { readdir } from 'node:fs/promises';
import { freemem, loadavg } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import { assert } from '../../shared/assert.ts';
import { messageOf } from '../../shared/errors.ts';
import { edacOf } from '../../shared/hardware/evidence/edac.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { hostClockFindings } from '../../shared/health/clocks.ts';
import { reportOf, type HealthFinding } from '../../shared/health/finding.ts';
import { kernelLogFindings } from '../../shared/health/kernel-log.ts';
import { memoryErrorFindings, memoryErrorsCheck } from '../../shared/health/memory.ts';
import { portErrorFindings } from '../../shared/health/ports.ts';
import type { HealthReport } from '../../shared/protocol/messages.ts';
import { attribute } from '../collect/collector.ts';
import { edacFamily } from '../collect/edac.ts';
import type { CollectedInventory } from '../collect/inventory.ts';
import { kernelMessages } from './kernel-messages.ts';

export type HealthHost = {
  readonly root: string;
  /** How far this host's clock is ahead of the controller's; undefined before there is a link. */
  readonly clockAheadMs?: number | undefined;
};

type Live = HealthHost & { readonly inventory: Inventory };
type Checked = { readonly findings?: readonly HealthFinding[]; readonly readings?: Readonly<Record<string, number>> };
type LiveCheck = { readonly check: string; readonly component: string; readonly run: (live: Live) => Promise<Checked> };

const liveChecks: readonly LiveCheck[] = [
  { check: memoryErrorsCheck, component: 'memory', run: checkMemoryErrors },
  { check: 'port-errors', component: 'ports', run: checkPorts },
  { check: 'machine-check', component: 'kernel log', run: checkKernelLog },
  { check: 'temperature', component: 'processors', run: checkTemperatures },
  { check: 'clock', component: 'host clock', run: checkClock },
];

const zonesMax = 32;

export async function checkHealth(
  host: HealthHost,
  { inventory, findings }: Pick<CollectedInventory, 'inventory' | 'findings'>,
): Promise<HealthReport> {
  const live = await Promise.all(liveChecks.map((check) => outcomeOf(check, { ...host, inventory })));
  // Counted again just now.
  const collected = findings.filter(({ check }) => check !== memoryErrorsCheck);
  return reportOf([...collected, ...live.flatMap((checked) => checked.findings ?? [])], {
    ...Object.fromEntries(live.flatMap(({ readings }) => Object.entries(readings ?? {}))),
    ...loadReadings(inventory),
  });
}

async function outcomeOf({ check, component, run }: LiveCheck, live: Live): Promise<Checked> {
  try {
    return await run(live);
  } catch (error) {
    const message = `The check ${check} could not be made: ${messageOf(error)}.`;
    return { findings: [{ check, component, state: 'unknown', message }] };
  }
}

const edacFile = Compile(Type.Record(Type.String(), Type.Record(Type.String(), Type.String())));

async function checkMemoryErrors({ root, inventory }: Live): Promise<Checked> {
  const [collector] = edacFamily({ root });
  const reading = await collector?.collect();
  if (reading === undefined || 'absentBecause' in reading) return {};
  const tree: unknown = JSON.parse(Buffer.from(reading).toString());
  assert(edacFile.Check(tree), 'the collector writes a tree');
  return { findings: memoryErrorFindings(edacOf(tree), inventory.dimms) };
}

async function checkPorts({ root, inventory }: Live): Promise<Checked> {
  const counters = inventory.nics.map(({ name }) => {
    const errors = attribute(join(root, 'sys/class/net', name, 'statistics/rx_crc_errors'));
    return [name, errors === undefined ? {} : { rx_crc_errors: errors }] as const;
  });
  return { findings: portErrorFindings(Object.fromEntries(counters), inventory.nics) };
}

async function checkKernelLog({ root }: Live): Promise<Checked> {
  return { findings: kernelLogFindings(kernelMessages(root)) };
}

/** Readings of all zones; a processor at the temperature where it protects itself has failed cooling. */
async function checkTemperatures({ root }: Live): Promise<Checked> {
  const readings: Record<string, number> = {};
  for (const zone of await entries(join(root, 'sys/class/thermal'), /^thermal_zone\d+$/)) {
    const celsius = celsiusAt(join(root, 'sys/class/thermal', zone, 'temp'));
    if (celsius !== undefined && celsius > 0) readings[`${zone}Celsius`] = celsius;
  }
  const findings: HealthFinding[] = [];
  for (const chip of await entries(join(root, 'sys/class/hwmon'), /^hwmon\d+$/)) {
    const folder = join(root, 'sys/class/hwmon', chip);
    // Other drivers guess their limits, or ask a disk for its temperature.
    const name = attribute(join(folder, 'name')) ?? '';
    if (name !== 'coretemp' && name !== 'k10temp') continue;
    const celsius = celsiusAt(join(folder, 'temp1_input'));
    const limit = celsiusAt(join(folder, 'temp1_crit'));
    if (celsius === undefined || limit === undefined || limit < 50 || celsius < limit) continue;
    const label = attribute(join(folder, 'temp1_label')) ?? chip;
    const message = `Processor (${label}) is at ${limit} °C or more, where it protects itself: check the fans and the heat sink, and that nothing blocks the air.`;
    findings.push({ check: 'temperature', component: `processor ${label}`, state: 'failed', message });
  }
  return { findings, readings };
}

async function checkClock({ clockAheadMs }: Live): Promise<Checked> {
  return clockAheadMs === undefined ? {} : { findings: hostClockFindings(clockAheadMs) };
}

function loadReadings({ memoryTotalBytes }: Inventory): Record<string, number> {
  return {
    ...(memoryTotalBytes === null ? {} : { memoryTotalBytes }),
    load1: loadavg()[0] ?? 0,
    memoryFreeBytes: freemem(),
  };
}

async function entries(folder: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => pattern.test(name)).slice(0, zonesMax);
}

function celsiusAt(path: string): number | undefined {
  const milli = attribute(path);
  return milli !== undefined && /^-?\d{1,7}$/.test(milli) ? Number(milli) / 1000 : undefined;
}
