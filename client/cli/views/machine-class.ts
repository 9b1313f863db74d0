// Machine classes in words.
import type { MachineClass } from '../../../shared/api/machine-class.ts';
import type { MachineClassSpec } from '../../../shared/inspection/machine-class.ts';
import { formatBinaryBytes, formatDecimalBytes } from '../../../shared/units.ts';
import type { CommandContext } from '../command.ts';
import { dateTime } from '../output/time.ts';

const join = (parts: readonly (string | undefined)[]): string => parts.filter((part) => part !== undefined).join(' ');
const speed = (value: number | undefined, unit: string): string | undefined =>
  value === undefined ? undefined : `${value} ${unit}`;

const cpuText = (cpu: MachineClassSpec['cpus'][number]): string =>
  join([`${cpu.count} ×`, cpu.model ?? 'CPU', speed(cpu.cores, 'cores')]);
const memoryText = (memory: MachineClassSpec['memory'][number]): string =>
  join([`${memory.count} × ${formatBinaryBytes(memory.sizeBytes)}`, memory.type, speed(memory.ratedMts, 'MT/s')]);
const diskText = (disk: MachineClassSpec['disks'][number]): string =>
  join([`${disk.count} × ${formatDecimalBytes(disk.sizeBytes)}`, disk.transport, disk.model]);
const nicText = (nic: MachineClassSpec['nics'][number]): string =>
  join([`${nic.count} × NIC`, speed(nic.linksUp, 'up'), speed(nic.speedMbpsMin, 'Mbit/s or more')]);

/** `2 × *EPYC 9354* 32 cores, 16 × 32 GiB DDR5 4800 MT/s, …` */
export function specText(spec: MachineClassSpec): string {
  return [
    ...spec.cpus.map(cpuText),
    ...spec.memory.map(memoryText),
    ...spec.disks.map(diskText),
    ...spec.nics.map(nicText),
  ].join(', ');
}

export function printMachineClass({ output }: CommandContext, machineClass: MachineClass): void {
  output.value(machineClass, ({ name, version, spec, createdAt }) =>
    output.details([
      ['class', `${name}@${version}`, 'bold'],
      ['product', spec.product ?? null],
      ['cpus', spec.cpus.map(cpuText).join(', ')],
      ['memory', spec.memory.map(memoryText).join(', ')],
      ['disks', spec.disks.map(diskText).join(', ')],
      ['nics', spec.nics.map(nicText).join(', ')],
      ['BIOS', spec.biosVersionMin === undefined ? null : `${spec.biosVersionMin} or newer`],
      ['created', dateTime(createdAt)],
    ]),
  );
}
