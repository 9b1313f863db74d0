// Every fact of an inventory with its unit, where it is from and how far it can be trusted. One table per kind of part:
// a field of the inventory that has no line here is an error of this file, and a test says so. Pure.
import type { Inventory } from './inventory.ts';

export const confidences = ['high', 'medium', 'low'] as const;
/**
 * High: the device or the kernel answered. Medium: firmware's tables say so, which makers fill with care. Low: fields
 * that makers often leave as they found them.
 */
export type Confidence = (typeof confidences)[number];

export type Fact = {
  /** `dimms/A3/sizeBytes` */
  readonly path: string;
  readonly value: string | number | boolean | null;
  readonly unit: string | null;
  /** The evidence it was read from. */
  readonly source: string;
  readonly confidence: Confidence;
  /** Of what is not reported: why. */
  readonly why: string | null;
};

type Line = readonly [source: string, confidence: Confidence, unit?: string];
type Lines<T> = { readonly [Field in keyof T]-?: Line | 'name' };

const table = (confidence: Confidence, unit?: string): Line =>
  unit === undefined ? ['smbios.bin', confidence] : ['smbios.bin', confidence, unit];

const identity: Lines<Inventory['identity']> = {
  manufacturer: table('medium'), product: table('medium'), sku: table('low'), serial: table('medium'), uuid: table('medium'),
  boardSerial: table('medium'), chassisSerial: table('low'), assetTag: table('low'),
}; // prettier-ignore
const firmware: Lines<Inventory['firmware']> = {
  biosVendor: table('high'), biosVersion: table('high'), biosDate: table('high'), bootMode: ['firmware.json', 'high'],
  secureBoot: ['firmware.json', 'high'],
  microcode: ['cpuinfo.txt', 'high'],
}; // prettier-ignore
const fru: Lines<NonNullable<Inventory['fru']>> = {
  manufacturer: ['fru.bin', 'medium'], product: ['fru.bin', 'medium'], part: ['fru.bin', 'medium'], serial: ['fru.bin', 'medium'],
  assetTag: ['fru.bin', 'low'], boardSerial: ['fru.bin', 'medium'], boardPart: ['fru.bin', 'medium'], chassisSerial: ['fru.bin', 'low'],
}; // prettier-ignore
const bmc: Lines<NonNullable<Inventory['bmc']>> = {
  firmware: ['bmc.json', 'high'], mac: ['bmc.json', 'high'], address: ['bmc.json', 'high'],
}; // prettier-ignore
const tpm: Lines<NonNullable<Inventory['tpm']>> = {
  version: ['tpm.json', 'high'], manufacturer: ['tpm.json', 'high'], firmware: ['tpm.json', 'high'], ekSha256s: ['tpm.json', 'high'],
}; // prettier-ignore
const cpus: Lines<Inventory['cpus'][number]> = {
  socket: 'name', model: ['cpuinfo.txt', 'high'], manufacturer: table('medium'), cores: table('medium'), enabledCores: table('medium'),
  threads: table('medium'), maxMhz: table('low', 'MHz'), populated: table('medium'),
  signature: ['cpuinfo.txt', 'high'], microcode: ['cpuinfo.txt', 'high'],
}; // prettier-ignore
const dimms: Lines<Inventory['dimms'][number]> = {
  slot: 'name', handle: table('high'), bank: table('medium'), populated: table('medium'), sizeBytes: table('medium', 'bytes'),
  type: table('medium'), ratedMts: table('medium', 'MT/s'), configuredMts: table('medium', 'MT/s'), manufacturer: table('medium'),
  serial: table('medium'), part: table('medium'), rank: table('medium'), ecc: table('medium'),
}; // prettier-ignore
const numa: Lines<Inventory['numa'][number]> = {
  node: 'name', cpus: ['numa.json', 'high'], memoryBytes: ['numa.json', 'high', 'bytes'],
}; // prettier-ignore
const disks: Lines<Inventory['disks'][number]> = {
  name: 'name', path: ['block.json', 'high'], transport: ['block.json', 'high'], model: ['block.json', 'high'],
  serial: ['block.json', 'high'], wwid: ['block.json', 'high'], firmware: ['smart.json', 'high'], sizeBytes: ['block.json', 'high', 'bytes'],
  logicalBlockBytes: ['block.json', 'high', 'bytes'], physicalBlockBytes: ['block.json', 'high', 'bytes'], readOnly: ['block.json', 'high'], rotational: ['block.json', 'medium'], bay: ['slots.json', 'high'],
  behind: ['smart.json', 'high'],
}; // prettier-ignore
const nics: Lines<Inventory['nics'][number]> = {
  name: 'name', mac: ['ports.json', 'high'], pci: ['net.json', 'high'], driver: ['net.json', 'high'], firmware: ['ports.json', 'high'],
  linkUp: ['net.json', 'high'], speedMbps: ['net.json', 'high', 'Mb/s'], maxMbps: ['ports.json', 'high', 'Mb/s'],
  label: table('medium'), module: ['ports.json', 'high'], neighbour: ['lldp.json', 'high'],
}; // prettier-ignore
const pci: Lines<Inventory['pci'][number]> = {
  bdf: 'name', class: ['pci.json', 'high'], vendor: ['pci.json', 'high'], device: ['pci.json', 'high'], subsystem: ['pci.json', 'high'],
  driver: ['pci.json', 'high'], currentLinkWidth: ['pci.json', 'high', 'lanes'], maxLinkWidth: ['pci.json', 'high', 'lanes'],
  currentLinkSpeed: ['pci.json', 'medium'], maxLinkSpeed: ['pci.json', 'high'], numaNode: ['pci.json', 'medium'],
  upstream: ['pci.json', 'high'], slot: table('low'), slotWidth: table('low', 'lanes'),
}; // prettier-ignore
const psus: Lines<Inventory['psus'][number]> = {
  slot: 'name', present: ['sdr.csv', 'high'], powered: ['sdr.csv', 'high'], watts: table('low', 'W'), manufacturer: ['fru.json', 'medium'],
  model: ['fru.json', 'medium'], part: ['fru.json', 'medium'], serial: ['fru.json', 'medium'], source: 'name',
}; // prettier-ignore
const gpus: Lines<Inventory['gpus'][number]> = {
  bdf: 'name', model: ['gpu.csv', 'high'], memoryBytes: ['gpu.csv', 'high', 'bytes'], serial: ['gpu.csv', 'high'], firmware: ['gpu.csv', 'high'],
}; // prettier-ignore

export function factsOf(inventory: Inventory): Fact[] {
  const unread = new Map([...inventory.absent, ...inventory.unread].map(({ source, reason }) => [source, reason]));
  const of = <T extends object>(path: string, part: T | null, lines: Lines<T>): Fact[] =>
    part === null ? [] : partFacts({ path, part, lines: Object.entries<Line | 'name'>(lines), inventory, unread });
  return [
    ...of('identity', inventory.identity, identity),
    ...of('firmware', inventory.firmware, firmware),
    ...of('fru', inventory.fru, fru),
    ...of('bmc', inventory.bmc, bmc),
    ...of('tpm', inventory.tpm, tpm),
    ...inventory.cpus.flatMap((cpu) => of(`cpus/${cpu.socket}`, cpu, cpus)),
    ...inventory.dimms.flatMap((dimm) => of(`dimms/${dimm.slot}`, dimm, dimms)),
    ...of('memory', { totalBytes: inventory.memoryTotalBytes }, { totalBytes: ['meminfo.txt', 'high', 'bytes'] }),
    ...inventory.numa.flatMap((node) => of(`numa/${node.node}`, node, numa)),
    ...inventory.disks.flatMap((disk) => of(`disks/${disk.name}`, disk, disks)),
    ...inventory.nics.flatMap((nic) => of(`nics/${nic.name}`, nic, nics)),
    ...inventory.pci.flatMap((device) => of(`pci/${device.bdf}`, device, pci)),
    ...inventory.psus.flatMap((psu) => of(`psus/${psu.slot}`, psu, psu.source === 'ipmi' ? psus : listedPsus)),
    ...inventory.gpus.flatMap((gpu) => of(`gpus/${gpu.bdf}`, gpu, gpus)),
  ];
}

/** Firmware's own list of supplies, which nobody checks. */
const listedPsus: Lines<Inventory['psus'][number]> = {
  slot: 'name', present: table('low'), powered: table('low'), watts: table('low', 'W'), manufacturer: table('low'), model: table('low'),
  part: table('low'), serial: table('low'), source: 'name',
}; // prettier-ignore

type Part = {
  readonly path: string;
  readonly part: object;
  readonly lines: readonly (readonly [string, Line | 'name'])[];
  readonly inventory: Inventory;
  readonly unread: ReadonlyMap<string, string>;
};

function partFacts({ path, part, lines, inventory, unread }: Part): Fact[] {
  return lines.flatMap(([field, line]): Fact[] => {
    if (line === 'name') return [];
    const [source, confidence, unit = null] = line;
    const value = valueOf(Reflect.get(part, field));
    const isThere = Object.hasOwn(inventory.evidence, source);
    const reason = unread.get(source) ?? (isThere ? 'the machine does not tell it' : `there is no ${source}`);
    return [{ path: `${path}/${field}`, value, unit, source, confidence, why: value === null ? reason : null }];
  });
}

/** Facts of more than one value (a neighbour, a module) as one text. */
function valueOf(value: unknown): Fact['value'] {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  if (typeof value !== 'object') return null;
  const texts = Object.values(value).filter((text) => typeof text === 'string' && text !== '');
  return texts.length === 0 ? null : texts.join(' ');
}
