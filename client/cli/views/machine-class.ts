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
const pciText = (pci: NonNullable<MachineClassSpec['pci']>[number]): string =>
  join([`${pci.count} × ${pci.vendor ?? '*'}:${pci.device ?? '*'}`]);
const psuText = (psu: NonNullable<MachineClassSpec['psus']>[number]): string =>
  join([`${psu.count} × PSU`, speed(psu.wattsMin, 'W or more')]);
const gpuText = (gpu: NonNullable<MachineClassSpec['gpus']>[number]): string =>
  join([`${gpu.count} ×`, gpu.model ?? 'GPU', gpu.memoryBytes && formatBinaryBytes(gpu.memoryBytes)].map((part) => part || undefined)); // prettier-ignore

const burnInText = ({ burnIn }: MachineClassSpec): string | null => burnIn?.profile ?? null;

/** `2 × *EPYC 9354* 32 cores, 16 × 32 GiB DDR5 4800 MT/s, …` */
export function specText(spec: MachineClassSpec): string {
  return [
    ...spec.cpus.map(cpuText),
    ...spec.memory.map(memoryText),
    ...spec.disks.map(diskText),
    ...spec.nics.map(nicText),
    ...(spec.gpus ?? []).map(gpuText),
  ].join(', ');
}

/** What the text does not say, field by field: who reviews a class sees all of it. */
function whole<T extends object>(entries: readonly T[] | undefined, text: (entry: T) => string, said: string): string {
  return (entries ?? [])
    .map((entry) => {
      const rest = Object.entries(entry).filter(([field]) => !said.split(' ').includes(field));
      const fields = rest.map(([field, value]) => `${field} ${Array.isArray(value) ? value.join('|') : String(value)}`);
      return [text(entry), ...fields].join(', ');
    })
    .join('; ');
}

function firmwareLines(spec: MachineClassSpec): [string, string | null][] {
  const least = (version: string | undefined): string | null => (version === undefined ? null : `${version} or newer`);
  return [
    ['BIOS', least(spec.biosVersionMin)],
    ['BMC', least(spec.bmcFirmwareMin)],
    ['microcode', least(spec.microcodeMin)],
    ['boot mode', spec.bootMode ?? null],
    ['Secure Boot', spec.secureBoot === undefined ? null : spec.secureBoot ? 'on' : 'off'],
  ];
}

export function printMachineClass({ output }: CommandContext, machineClass: MachineClass): void {
  output.value(machineClass, ({ name, version, spec, createdAt }) =>
    output.details([
      ['class', `${name}@${version}`, 'bold'],
      ['product', spec.product ?? null],
      ['cpus', whole(spec.cpus, cpuText, 'count model cores')],
      ['memory', whole(spec.memory, memoryText, 'count sizeBytes type ratedMts')],
      ['disks', whole(spec.disks, diskText, 'count sizeBytes transport model')],
      ['nics', whole(spec.nics, nicText, 'count linksUp speedMbpsMin')],
      ['pci', whole(spec.pci, pciText, 'count vendor device') || null],
      ['pci, else none', spec.pciNothingElse?.join(', ') ?? null],
      ['power', whole(spec.psus, psuText, 'count wattsMin') || null],
      ['gpus', whole(spec.gpus, gpuText, 'count model memoryBytes') || null],
      ['TPM', spec.tpm === undefined ? null : Object.values(spec.tpm).join(', ') || 'any'],
      ...firmwareLines(spec),
      ['burn-in', burnInText(spec)],
      ['nothing else', spec.nothingElse === false ? 'no: other parts may be there' : null],
      ['created', dateTime(createdAt)],
    ]),
  );
}
