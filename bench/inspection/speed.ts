// How many machines the comparator judges in a second of CPU time of this process.
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { compare } from '../../shared/inspection/compare.ts';
import type { Machine } from './machines.ts';

export type Subject = { readonly machine: Machine; readonly inventory: Inventory };

const distinctMax = 512;

/** Judges `count` machines, the subjects in turns. The findings are counted, so that no work is left out. */
export function machinesPerCpuSecond(subjects: readonly Subject[], count: number): number {
  const some = subjects.slice(0, distinctMax);
  const before = process.cpuUsage();
  let findings = 0;
  for (let index = 0; index < count; index += 1) {
    const subject = some[index % some.length];
    if (subject === undefined) break;
    findings += compare(subject.inventory, { class: 'bench@1', spec: subject.machine.spec }).length;
  }
  const { user, system } = process.cpuUsage(before);
  return findings < 0 ? 0 : (count * 1e6) / (user + system);
}
