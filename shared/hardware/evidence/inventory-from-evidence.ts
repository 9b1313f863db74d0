// From raw evidence to an inventory: the same pure code on the agent, on the controller over stored evidence, and over a
// folder of files. What could not be read is listed in `unread`, never guessed.
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import { messageOf } from '../../errors.ts';
import type { Inventory } from '../inventory.ts';
import { biosOf, cpusOf, dimmsOf, identityOf, parseSmbios } from './smbios.ts';
import { disksOf, fillCpus, memoryTotalOf, nicsOf, packagesOf, pciOf, type DeviceTree } from './sysfs.ts';

/** The sources an agent reads; also the file names of an evidence folder. */
export const evidenceSources = [
  'smbios.bin',
  'cpuinfo.txt',
  'meminfo.txt',
  'block.json',
  'net.json',
  'pci.json',
  'firmware.json',
] as const;
export type EvidenceSource = (typeof evidenceSources)[number];

/** What was read of one source, or why it could not be. */
export type Evidence =
  | { readonly source: EvidenceSource; readonly bytes: Uint8Array; readonly sha256: string }
  | { readonly source: EvidenceSource; readonly unreadBecause: string };

type Unread = { source: string; reason: string };

export function inventoryFromEvidence(evidence: readonly Evidence[]): Inventory {
  const unread: Unread[] = [];
  const bytesOf = (source: EvidenceSource): Uint8Array | undefined => {
    const found = evidence.find((item) => item.source === source);
    if (found !== undefined && 'bytes' in found) return found.bytes;
    unread.push({ source, reason: found === undefined ? 'not collected' : found.unreadBecause.slice(0, 500) });
    return undefined;
  };
  const textOf = (source: EvidenceSource): string => new TextDecoder().decode(bytesOf(source) ?? new Uint8Array());
  const treeOf = (source: EvidenceSource): DeviceTree => deviceTree(source, textOf(source), unread);

  const smbios = parseSmbios(bytesOf('smbios.bin') ?? new Uint8Array());
  if (smbios.problem !== null) unread.push({ source: 'smbios.bin', reason: smbios.problem });
  const packages = packagesOf(textOf('cpuinfo.txt'));
  const bios = biosOf(smbios);
  const firmware = treeOf('firmware.json')['system'] ?? {};
  const upTo = <T>(max: number, source: EvidenceSource, list: T[]): T[] => {
    if (list.length > max) unread.push({ source, reason: `only the first ${max} of ${list.length} are listed` });
    return list.slice(0, max);
  };
  return {
    schema: 1,
    identity: identityOf(smbios),
    firmware: {
      biosVendor: bios.vendor,
      biosVersion: bios.version,
      biosDate: bios.date,
      bootMode: firmware['bootMode'] === 'uefi' ? 'uefi' : 'bios',
      microcode: packages[0]?.microcode ?? null,
    },
    cpus: upTo(64, 'smbios.bin', fillCpus(cpusOf(smbios), packages)),
    dimms: upTo(512, 'smbios.bin', dimmsOf(smbios)),
    memoryTotalBytes: memoryTotalOf(textOf('meminfo.txt')),
    disks: upTo(512, 'block.json', disksOf(treeOf('block.json'))),
    nics: upTo(128, 'net.json', nicsOf(treeOf('net.json'))),
    pci: upTo(1024, 'pci.json', pciOf(treeOf('pci.json'))),
    unread,
    evidence: Object.fromEntries(evidence.flatMap((item) => ('bytes' in item ? [[item.source, item.sha256]] : []))),
  };
}

const TreeSchema = Compile(Type.Record(Type.String(), Type.Record(Type.String(), Type.String())));

function deviceTree(source: string, text: string, unread: Unread[]): DeviceTree {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (TreeSchema.Check(value)) return value;
    unread.push({ source, reason: 'not a map of devices to attributes' });
  } catch (error) {
    unread.push({ source, reason: `not JSON: ${messageOf(error)}`.slice(0, 500) });
  }
  return {};
}
