// From raw evidence to an inventory: the same pure code on the agent, on the controller over stored evidence, and over a
// folder of files. What could not be read is listed in `unread`, never guessed.
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import { messageOf } from '../../errors.ts';
import type { Inventory, PciDevice } from '../inventory.ts';
import { bytesOfBase64 } from './base64.ts';
import { BmcEvidence, bmcOf, FruDevices, fruIdentityOf } from './board-controller.ts';
import { NvmePages, SmartReports, withDrives } from './drives.ts';
import { parseFru } from './fru.ts';
import { gpusOf } from './gpus.ts';
import { isHeardOut, LldpSchema, PortsSchema, withWitnesses, type LldpHeard } from './ports.ts';
import { psusOf } from './power-supplies.ts';
import { TpmEvidence, tpmOf } from './security-chip.ts';
import { onboardLabelsOf, powerSuppliesOf, slotsOf, withoutFunction } from './smbios-slots.ts';
import { biosOf, cpusOf, dimmsOf, identityOf, parseSmbios, type Smbios } from './smbios.ts';
import { disksOf, fillCpus, memoryTotalOf, nicsOf, numaOf, packagesOf, pciOf, type DeviceTree } from './sysfs.ts';

/** Grows with every change of what is made of the same evidence; stored evidence of an older one is parsed anew. */
export const parserVersion = 3;

/** What every machine has: where one of these is not there, what depends on it is unverifiable. */
export const requiredSources = [
  'smbios.bin',
  'cpuinfo.txt',
  'meminfo.txt',
  'block.json',
  'net.json',
  'pci.json',
  'firmware.json',
] as const;

/** The sources an agent reads; also the file names of an evidence folder. */
export const evidenceSources = [
  ...requiredSources,
  'ports.json',
  'lldp.json',
  'fru.bin',
  'fru.json',
  'sdr.csv',
  'bmc.json',
  'sel.bin',
  'smart.json',
  'nvme.json',
  'edac.json',
  'tpm.json',
  'slots.json',
  'numa.json',
  'gpu.csv',
] as const;
export type EvidenceSource = (typeof evidenceSources)[number];

/** What was read of one source; that the machine has no such thing; or why it could not be read. */
export type Evidence =
  | { readonly source: EvidenceSource; readonly bytes: Uint8Array; readonly sha256: string }
  | { readonly source: EvidenceSource; readonly absentBecause: string }
  | { readonly source: EvidenceSource; readonly unreadBecause: string };

type Unread = { source: string; reason: string };

const Tree = Compile(Type.Record(Type.String(), Type.Record(Type.String(), Type.String())));
const PortsFile = Compile(PortsSchema);
const LldpFile = Compile(LldpSchema);
const BmcFile = Compile(BmcEvidence);
const FruFile = Compile(FruDevices);
const SmartFile = Compile(SmartReports);
const NvmeFile = Compile(NvmePages);
const TpmFile = Compile(TpmEvidence);
const SlotsFile = Compile(
  Type.Object({
    pci: Type.Optional(Type.Record(Type.String(), Type.String())),
    bays: Type.Optional(
      Type.Record(Type.String(), Type.Object({ block: Type.Optional(Type.Union([Type.String(), Type.Null()])) })),
    ),
  }),
);

export function inventoryFromEvidence(evidence: readonly Evidence[]): Inventory {
  const files = reader(evidence);
  const { unread, bytesOf, textOf, jsonOf } = files;
  const smbios = parseSmbios(bytesOf('smbios.bin'));
  if (smbios.problem !== null) unread.push({ source: 'smbios.bin', reason: smbios.problem });
  const packages = packagesOf(textOf('cpuinfo.txt'));
  const bios = biosOf(smbios);
  const firmware = files.treeOf('firmware.json')['system'] ?? {};
  const upTo = <T>(max: number, source: EvidenceSource, list: T[]): T[] => {
    if (list.length > max) unread.push({ source, reason: `only the first ${max} of ${list.length} are listed` });
    return list.slice(0, max);
  };
  const bmc = jsonOf('bmc.json', BmcFile);
  const tpm = jsonOf('tpm.json', TpmFile);
  const heard = jsonOf('lldp.json', LldpFile);
  const pci = upTo(1024, 'pci.json', inSlots(pciOf(files.treeOf('pci.json')), smbios));
  return {
    schema: 2,
    identity: identityOf(smbios),
    firmware: {
      biosVendor: bios.vendor,
      biosVersion: bios.version,
      biosDate: bios.date,
      bootMode: firmware['bootMode'] === 'uefi' ? 'uefi' : 'bios',
      secureBoot: firmware['secureBoot'] === undefined ? null : firmware['secureBoot'] === '1',
      microcode: packages[0]?.microcode ?? null,
    },
    fru: fruOf(bytesOf('fru.bin'), unread),
    bmc: bmc === undefined ? null : bmcOf(bmc),
    tpm: tpm === undefined ? null : tpmOf(tpm),
    cpus: upTo(64, 'smbios.bin', fillCpus(cpusOf(smbios), packages)),
    dimms: upTo(512, 'smbios.bin', dimmsOf(smbios)),
    memoryTotalBytes: memoryTotalOf(textOf('meminfo.txt')),
    numa: upTo(256, 'numa.json', numaOf(files.treeOf('numa.json'))),
    disks: upTo(512, 'block.json', drivesOf(files)),
    nics: upTo(128, 'net.json', portsOf(files, smbios, heard)),
    pci,
    psus: upTo(32, 'sdr.csv', psusOf(textOf('sdr.csv'), namedFrus(files), powerSuppliesOf(smbios))),
    gpus: upTo(64, 'pci.json', gpusOf(pci, textOf('gpu.csv'))),
    neighboursComplete: isHeardOut(heard),
    unread,
    absent: evidence.flatMap((item) =>
      'absentBecause' in item ? [{ source: item.source, reason: item.absentBecause.slice(0, 500) }] : [],
    ),
    evidence: Object.fromEntries(evidence.flatMap((item) => ('bytes' in item ? [[item.source, item.sha256]] : []))),
  };
}

function drivesOf({ treeOf, jsonOf }: Files): Inventory['disks'] {
  return withDrives(disksOf(treeOf('block.json')), {
    smart: jsonOf('smart.json', SmartFile) ?? {},
    nvme: jsonOf('nvme.json', NvmeFile) ?? {},
    bays: jsonOf('slots.json', SlotsFile)?.bays ?? {},
  });
}

function portsOf({ treeOf, jsonOf }: Files, smbios: Smbios, heard: LldpHeard | undefined): Inventory['nics'] {
  const ports = jsonOf('ports.json', PortsFile) ?? {};
  return withWitnesses(nicsOf(treeOf('net.json')), { ports, heard, labels: onboardLabelsOf(smbios) });
}

type Check<T> = { readonly Check: (value: unknown) => value is T };
type Files = {
  readonly unread: Unread[];
  readonly bytesOf: (source: EvidenceSource) => Uint8Array;
  readonly textOf: (source: EvidenceSource) => string;
  readonly treeOf: (source: EvidenceSource) => DeviceTree;
  /** Undefined where it is not there, or not what it should be; the latter is told. */
  readonly jsonOf: <T>(source: EvidenceSource, schema: Check<T>) => T | undefined;
};

function reader(evidence: readonly Evidence[]): Files {
  const unread: Unread[] = [];
  const held = new Map<EvidenceSource, Uint8Array>();
  for (const source of evidenceSources) {
    const found = evidence.find((item) => item.source === source);
    if (found === undefined) {
      if (isRequired(source)) unread.push({ source, reason: 'not collected' });
    } else if ('bytes' in found) held.set(source, found.bytes);
    else if ('unreadBecause' in found) unread.push({ source, reason: found.unreadBecause.slice(0, 500) });
  }
  const bytesOf = (source: EvidenceSource): Uint8Array => held.get(source) ?? new Uint8Array();
  const textOf = (source: EvidenceSource): string => new TextDecoder().decode(bytesOf(source));
  const jsonOf = <T>(source: EvidenceSource, schema: Check<T>): T | undefined => {
    if (!held.has(source)) return undefined;
    try {
      const value: unknown = JSON.parse(textOf(source));
      if (schema.Check(value)) return value;
      unread.push({ source, reason: 'it does not have the form that belongs to it' });
    } catch (error) {
      unread.push({ source, reason: `not JSON: ${messageOf(error)}`.slice(0, 500) });
    }
    return undefined;
  };
  return { unread, bytesOf, textOf, jsonOf, treeOf: (source) => jsonOf(source, Tree) ?? {} };
}

function isRequired(source: EvidenceSource): boolean {
  return requiredSources.some((required) => required === source);
}

/** What firmware says of the slot a function sits in. */
function inSlots(pci: readonly PciDevice[], smbios: Smbios): PciDevice[] {
  const slots = slotsOf(smbios);
  return pci.map((device) => {
    const slot = slots.get(withoutFunction(device.bdf));
    return slot === undefined ? device : { ...device, slot: slot.name, slotWidth: slot.width };
  });
}

function fruOf(bytes: Uint8Array, unread: Unread[]): Inventory['fru'] {
  if (bytes.length === 0) return null;
  const identity = fruIdentityOf(bytes);
  if (identity !== undefined) return identity;
  unread.push({ source: 'fru.bin', reason: parseFru(bytes).problems.join('; ').slice(0, 500) || 'it holds no area' });
  return null;
}

function namedFrus({ jsonOf }: Files): { name: string; fru: ReturnType<typeof parseFru> }[] {
  const devices = Object.values(jsonOf('fru.json', FruFile) ?? {}).slice(0, 64);
  return devices.map(({ name, bytes }) => ({ name, fru: parseFru(bytesOfBase64(bytes)) }));
}
