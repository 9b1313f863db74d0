// What the machine itself counts as wrong, read before and after: memory errors per DIMM, errors of ports and of drives.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { judgeDriveCounters, type DriveCounters } from '../../shared/burn-in/drive-health.ts';
import { figureOf } from '../../shared/burn-in/figures.ts';
import { judgeMemoryErrors, judgePort, type MemoryErrors } from '../../shared/burn-in/judge.ts';
import type { Disk, Inventory } from '../../shared/hardware/inventory.ts';
import { driveCountersOf, hasCounters } from './drive-tools.ts';
import { diskName, diskPart, type Finding } from './machine.ts';

export type CounterReadings = {
  /** By DIMM label, or by memory controller where it does not say which DIMM. */
  readonly memory: ReadonlyMap<string, MemoryErrors>;
  readonly ports: ReadonlyMap<string, Readonly<Record<string, number>>>;
  readonly drives: ReadonlyMap<string, DriveCounters | undefined>;
};

const portCounters = [
  { name: 'receive errors', path: 'statistics/rx_errors' },
  { name: 'CRC errors', path: 'statistics/rx_crc_errors' },
  { name: 'transmit errors', path: 'statistics/tx_errors' },
  { name: 'link losses', path: 'carrier_down_count' },
] as const;

export async function readCounters(root: string, inventory: Inventory, signal: AbortSignal): Promise<CounterReadings> {
  const drives = new Map<string, DriveCounters | undefined>();
  for (const disk of inventory.disks.filter(hasCounters))
    drives.set(diskName(disk), await driveCountersOf(disk, signal));
  const ports = new Map<string, Record<string, number>>();
  for (const { name } of inventory.nics) ports.set(name, await portErrors(join(root, 'sys/class/net', name)));
  return { memory: await memoryErrors(root), ports, drives };
}

async function portErrors(folder: string): Promise<Record<string, number>> {
  const errors: Record<string, number> = {};
  for (const { name, path } of portCounters) errors[name] = await count(join(folder, path));
  return errors;
}

/** EDAC, Documentation/admin-guide/ras.rst: `mc*` with `dimm*` or `rank*` below. */
async function memoryErrors(root: string): Promise<Map<string, MemoryErrors>> {
  const base = join(root, 'sys/devices/system/edac/mc');
  const errors = new Map<string, MemoryErrors>();
  for (const controller of (await namesIn(base)).filter((name) => /^mc\d+$/.test(name))) {
    let [corrected, uncorrected] = [0, 0];
    for (const name of (await namesIn(join(base, controller))).filter((entry) => /^(dimm|rank)\d+$/.test(entry))) {
      const folder = join(base, controller, name);
      const found = {
        corrected: await count(join(folder, 'dimm_ce_count')),
        uncorrected: await count(join(folder, 'dimm_ue_count')),
      };
      const label = (await readFile(join(folder, 'dimm_label'), 'utf8').catch(() => '')).trim();
      const location = (await readFile(join(folder, 'dimm_location'), 'utf8').catch(() => '')).trim();
      errors.set(`DIMM ${label === '' ? `${controller} ${location === '' ? name : location}` : label}`, found);
      corrected += found.corrected;
      uncorrected += found.uncorrected;
    }
    // What no DIMM is blamed for is in the controller's own count.
    errors.set(`memory controller ${controller}`, {
      corrected: Math.max(0, (await count(join(base, controller, 'ce_count'))) - corrected),
      uncorrected: Math.max(0, (await count(join(base, controller, 'ue_count'))) - uncorrected),
    });
  }
  return errors;
}

/** One finding per part that has something against it or for it, one for all parts that have nothing. */
export function judgeCounters(
  before: CounterReadings,
  after: CounterReadings,
  { disks, hours }: { readonly disks: readonly Disk[]; readonly hours: number },
): Finding[] {
  return [
    ...judgeAllMemory(before, after, hours),
    ...judgeAllPorts(before, after),
    ...judgeAllDrives(before, after, disks),
  ];
}

function judgeAllMemory(before: CounterReadings, after: CounterReadings, hours: number): Finding[] {
  if (after.memory.size === 0)
    return [
      {
        component: 'memory',
        outcome: 'skipped',
        sentence: 'memory: no driver counts memory errors here (EDAC)',
        figures: {},
      },
    ];
  const grown = [...after.memory].flatMap(([part, now]): Finding[] => {
    const was = before.memory.get(part) ?? { corrected: 0, uncorrected: 0 };
    const errors = { corrected: now.corrected - was.corrected, uncorrected: now.uncorrected - was.uncorrected };
    if (errors.corrected <= 0 && errors.uncorrected <= 0) return [];
    const figures = {
      [figureOf('memoryCorrectedErrorCount', part)]: errors.corrected,
      [figureOf('memoryUncorrectedErrorCount', part)]: errors.uncorrected,
    };
    return [{ component: part, ...judgeMemoryErrors(part, errors, hours), figures }];
  });
  const clean = {
    component: 'memory',
    outcome: 'passed',
    sentence: 'memory: no memory errors were counted',
    figures: {},
  } as const;
  return grown.length === 0 ? [clean] : grown;
}

function judgeAllPorts(before: CounterReadings, after: CounterReadings): Finding[] {
  const grown = [...after.ports].flatMap(([port, now]): Finding[] => {
    const was = before.ports.get(port) ?? now;
    const errors = Object.fromEntries(Object.entries(now).map(([name, value]) => [name, value - (was[name] ?? 0)]));
    if (Object.values(errors).every((value) => value <= 0)) return [];
    return [{ component: `port ${port}`, ...judgePort(port, errors), figures: {} }];
  });
  const sentence = `network: ${after.ports.size} ports counted no errors`;
  return grown.length === 0 && after.ports.size > 0
    ? [{ component: 'network', outcome: 'passed', sentence, figures: {} }]
    : grown;
}

function judgeAllDrives(before: CounterReadings, after: CounterReadings, disks: readonly Disk[]): Finding[] {
  return disks.filter(hasCounters).map((disk): Finding => {
    const component = diskName(disk);
    const was = before.drives.get(component);
    const now = after.drives.get(component);
    const media = now?.['media errors'] ?? now?.['uncorrected read errors'] ?? now?.['offline uncorrectable sectors'];
    return {
      component,
      ...judgeDriveCounters(component, was, now),
      figures: media === undefined ? {} : { [figureOf('diskMediaErrorCount', diskPart(disk))]: media },
    };
  });
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function count(path: string): Promise<number> {
  const text = (await readFile(path, 'utf8').catch(() => '')).trim();
  return /^\d+$/.test(text) ? Number(text) : 0;
}
