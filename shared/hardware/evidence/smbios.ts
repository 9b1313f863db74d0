// SMBIOS structure tables, from the raw bytes of /sys/firmware/dmi/tables/DMI (SMBIOS 3.7). Pure; a truncated table
// gives what could be read and says where it ended.
import { reported } from '../identity.ts';
import type { Cpu, Dimm } from '../inventory.ts';
import { kib, mib } from '../../units.ts';
import { latin1 } from './fact-text.ts';
import { u16, u32 } from './little-endian.ts';

export type Structure = {
  readonly type: number;
  readonly handle: number;
  /** The formatted area, header included (§6.1.2). */
  readonly data: Uint8Array;
  readonly strings: readonly string[];
};

export type Smbios = {
  readonly structures: readonly Structure[];
  /** Null when the table ended as it should (type 127, or the last byte of a whole structure). */
  readonly problem: string | null;
};

const structuresMax = 4096;

/** Splits a table into structures (§6.1). */
export function parseSmbios(table: Uint8Array): Smbios {
  const structures: Structure[] = [];
  let at = 0;
  while (at < table.length) {
    if (structures.length === structuresMax)
      return { structures, problem: `more than ${structuresMax} structures; read up to byte ${at}` };
    const type = table[at] ?? 0;
    const length = table[at + 1] ?? 0;
    if (length < 4 || at + length > table.length)
      return { structures, problem: `structure at byte ${at} has length ${length}` };
    const strings: string[] = [];
    let cursor = at + length;
    while (cursor < table.length && table[cursor] !== 0) {
      const end = table.indexOf(0, cursor);
      if (end < 0) return { structures, problem: `text at byte ${cursor} has no end` };
      strings.push(latin1(table.subarray(cursor, end)));
      cursor = end + 1;
    }
    if (strings.length === 0) cursor += 1;
    structures.push({ type, handle: u16(table, at + 2) ?? 0, data: table.subarray(at, at + length), strings });
    if (type === 127) return { structures, problem: null };
    at = cursor + 1;
  }
  return { structures, problem: at > table.length ? `the texts before byte ${at} have no end` : null };
}

export type SmbiosIdentity = {
  readonly manufacturer: string | null;
  readonly product: string | null;
  readonly sku: string | null;
  readonly serial: string | null;
  readonly uuid: string | null;
  readonly boardSerial: string | null;
  readonly chassisSerial: string | null;
  readonly assetTag: string | null;
};

/** System (§7.2), baseboard (§7.3) and chassis (§7.4). */
export function identityOf(smbios: Smbios): SmbiosIdentity {
  const system = first(smbios, 1);
  const board = first(smbios, 2);
  const chassis = first(smbios, 3);
  return {
    manufacturer: textOf(system, 0x04),
    product: textOf(system, 0x05),
    serial: textOf(system, 0x07),
    uuid: uuidAt(system, 0x08),
    sku: textOf(system, 0x19),
    boardSerial: textOf(board, 0x07),
    chassisSerial: textOf(chassis, 0x07),
    assetTag: textOf(chassis, 0x08),
  };
}

/** BIOS information (§7.1). */
export function biosOf(smbios: Smbios): { vendor: string | null; version: string | null; date: string | null } {
  const bios = first(smbios, 0);
  return { vendor: textOf(bios, 0x04), version: textOf(bios, 0x05), date: textOf(bios, 0x08) };
}

/** Processor sockets (§7.5), empty ones included. */
export function cpusOf(smbios: Smbios): Cpu[] {
  return structuresOf(smbios, 4).map((cpu) => {
    const status = cpu.data[0x18] ?? 0;
    return {
      socket: textOf(cpu, 0x04) ?? `CPU ${cpu.handle}`,
      manufacturer: textOf(cpu, 0x07),
      model: textOf(cpu, 0x10),
      populated: (status & 0x40) !== 0,
      cores: countAt(cpu, 0x23, 0x2a),
      enabledCores: countAt(cpu, 0x24, 0x2c),
      threads: countAt(cpu, 0x25, 0x2e),
      maxMhz: nonZero(u16(cpu.data, 0x14)),
      signature: null,
      microcode: null,
    };
  });
}

/** Memory devices (§7.18). Flash and ROM chips that firmware lists as memory are left out. */
export function dimmsOf(smbios: Smbios): Dimm[] {
  return structuresOf(smbios, 17)
    .filter((device) => !isFlash(device))
    .map((device) => {
      const sizeBytes = dimmBytes(device);
      const populated = sizeBytes !== 0;
      const totalWidth = u16(device.data, 0x08);
      const dataWidth = u16(device.data, 0x0a);
      const rank = (device.data[0x1b] ?? 0) & 0x0f;
      return {
        handle: device.handle,
        slot: textOf(device, 0x10) ?? `handle ${device.handle}`,
        bank: textOf(device, 0x11),
        populated,
        sizeBytes: populated ? sizeBytes : null,
        type: populated ? (memoryTypes[device.data[0x12] ?? 0] ?? null) : null,
        ratedMts: populated ? speed(device, 0x15, 0x54) : null,
        configuredMts: populated ? speed(device, 0x20, 0x58) : null,
        manufacturer: populated ? textOf(device, 0x17) : null,
        serial: populated ? textOf(device, 0x18) : null,
        part: populated ? textOf(device, 0x1a) : null,
        rank: populated && rank > 0 ? rank : null,
        ecc: populated ? isEcc(totalWidth, dataWidth) : null,
      };
    });
}

// §7.18.2
const memoryTypes: Readonly<Record<number, string>> = {
  0x0f: 'SDRAM',
  0x12: 'DDR',
  0x13: 'DDR2',
  0x14: 'DDR2 FB-DIMM',
  0x18: 'DDR3',
  0x1a: 'DDR4',
  0x1b: 'LPDDR',
  0x1d: 'LPDDR3',
  0x1e: 'LPDDR4',
  0x20: 'HBM',
  0x21: 'HBM2',
  0x22: 'DDR5',
  0x23: 'LPDDR5',
  0x24: 'HBM3',
};

/** Bytes of a module; 0 for an empty slot, null where the firmware does not know. */
function dimmBytes(device: Structure): number | null {
  const size = u16(device.data, 0x0c);
  if (size === undefined || size === 0xffff) return null;
  if (size === 0x7fff) {
    const extended = u32(device.data, 0x1c);
    return extended === undefined ? null : (extended & 0x7fffffff) * mib;
  }
  return (size & 0x8000) !== 0 ? (size & 0x7fff) * kib : size * mib;
}

/** ROM, flash and the EPROM kinds (0x08–0x0c), or anything below 64 MiB: a firmware chip, not a module. */
function isFlash(device: Structure): boolean {
  const type = device.data[0x12] ?? 0;
  const bytes = dimmBytes(device);
  return (type >= 0x08 && type <= 0x0c) || (bytes !== null && bytes > 0 && bytes < 64 * mib);
}

/** MT/s: the 16-bit field, or the 32-bit one when that is full (§7.18.4). */
function speed(device: Structure, at: number, extendedAt: number): number | null {
  const value = u16(device.data, at);
  if (value === 0xffff) return nonZero((u32(device.data, extendedAt) ?? 0) & 0x7fffffff);
  return nonZero(value);
}

function isEcc(totalWidth: number | undefined, dataWidth: number | undefined): boolean | null {
  if (!totalWidth || !dataWidth || totalWidth === 0xffff || dataWidth === 0xffff) return null;
  if (totalWidth < dataWidth) return null;
  // Some firmware counts the ECC bits as data: 72 of 72. No module has 72 bits of data.
  return totalWidth > dataWidth || (dataWidth & (dataWidth - 1)) !== 0;
}

/** An 8-bit count, or the 16-bit one when that is full (§7.5.9). */
function countAt(cpu: Structure, at: number, wideAt: number): number | null {
  const value = cpu.data[at];
  return nonZero(value === 0xff ? u16(cpu.data, wideAt) : value);
}

function first(smbios: Smbios, type: number): Structure | undefined {
  return smbios.structures.find((structure) => structure.type === type);
}

export function structuresOf(smbios: Smbios, type: number): Structure[] {
  return smbios.structures.filter((structure) => structure.type === type);
}

/** The string whose number stands at `at` (§6.1.3). */
export function textOf(structure: Structure | undefined, at: number): string | null {
  const index = structure?.data[at] ?? 0;
  return index === 0 ? null : reported(structure?.strings[index - 1]?.slice(0, 200));
}

/** §7.2.1: the first three fields are little-endian. */
function uuidAt(structure: Structure | undefined, at: number): string | null {
  const bytes = structure?.data.subarray(at, at + 16);
  if (bytes?.length !== 16) return null;
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  const hex = order.map((index) => (bytes[index] ?? 0).toString(16).padStart(2, '0')).join('');
  if (/^(0+|f+)$/.test(hex)) return null;
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function nonZero(value: number | undefined): number | null {
  return value === undefined || value === 0 ? null : value;
}
