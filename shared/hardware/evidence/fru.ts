// What a field-replaceable unit (board, chassis, power supply) says of itself in its inventory EEPROM (IPMI Platform
// Management FRU Information Storage Definition v1.0 rev 1.3). Pure; a wrong checksum is reported, and what stands in
// its area is given all the same, marked as unchecked.
import { factText, hexOf, latin1 } from './fact-text.ts';
import { u24 } from './little-endian.ts';

type Area = {
  /** False where the area's bytes do not sum to zero: a damaged or carelessly written EEPROM. */
  readonly checksumOk: boolean;
  /** Fields beyond those the standard names (§10–§12). */
  readonly custom: readonly string[];
};
export type FruChassis = Area & {
  /** SMBIOS chassis type (SMBIOS 3.7 §7.4.1). */
  readonly type: number | null;
  readonly part: string | null;
  readonly serial: string | null;
};
export type FruBoard = Area & {
  /** Milliseconds since 1970, UTC; null where unspecified. */
  readonly madeAtMs: number | null;
  readonly manufacturer: string | null;
  readonly product: string | null;
  readonly serial: string | null;
  readonly part: string | null;
  readonly fruFileId: string | null;
};
export type FruProduct = Area & {
  readonly manufacturer: string | null;
  readonly name: string | null;
  readonly part: string | null;
  readonly version: string | null;
  readonly serial: string | null;
  readonly assetTag: string | null;
  readonly fruFileId: string | null;
};
export type Fru = {
  readonly chassis: FruChassis | null;
  readonly board: FruBoard | null;
  readonly product: FruProduct | null;
  /** What is wrong with the bytes, one sentence each; empty for a sound EEPROM. */
  readonly problems: readonly string[];
};

const fieldsMax = 64;
/** The board's date counts minutes from 1996-01-01T00:00Z (§11). */
const epoch1996Ms = 820_454_400_000;

/** Reads the common header (§8) and the three text areas; internal use and multirecord areas are not read. */
export function parseFru(bytes: Uint8Array): Fru {
  const problems: string[] = [];
  const none = { chassis: null, board: null, product: null, problems };
  const header = bytes.subarray(0, 8);
  const problem = headerProblem(header);
  if (problem !== null) return { ...none, problems: [problem] };
  const at = (index: number): Uint8Array | null => {
    const offset = (header[index] ?? 0) * 8;
    return offset === 0 ? null : bytes.subarray(offset);
  };
  const chassis = at(2);
  const board = at(3);
  const product = at(4);
  return {
    chassis: chassis && chassisOf(chassis, problems),
    board: board && boardOf(board, problems),
    product: product && productOf(product, problems),
    problems,
  };
}

function headerProblem(header: Uint8Array): string | null {
  if (header.length < 8) return `the common header needs 8 bytes, and there are ${header.length}`;
  if (header.every((byte) => byte === 0xff) || header.every((byte) => byte === 0)) return 'the EEPROM is blank';
  if (((header[0] ?? 0) & 0x0f) !== 1) return `unknown format version ${(header[0] ?? 0) & 0x0f} in the common header`;
  if (sum(header) !== 0) return 'the checksum of the common header is wrong: its offsets cannot be trusted';
  return null;
}

/** Chassis info area (§10). */
function chassisOf(bytes: Uint8Array, problems: string[]): FruChassis {
  const { area, checksumOk } = areaOf('chassis', bytes, problems);
  const [part, serial, ...custom] = fieldsOf(area, { from: 3, language: 0, name: 'chassis', problems });
  return { checksumOk, type: area[2] ?? null, part: part ?? null, serial: serial ?? null, custom: reportedOf(custom) };
}

/** Board info area (§11). */
export function boardOf(bytes: Uint8Array, problems: string[]): FruBoard {
  const { area, checksumOk } = areaOf('board', bytes, problems);
  const language = area[2] ?? 0;
  const minutes = u24(area, 3) ?? 0;
  const fields = fieldsOf(area, { from: 6, language, name: 'board', problems });
  const [manufacturer, product, serial, part, fruFileId, ...custom] = fields;
  return {
    checksumOk,
    madeAtMs: minutes === 0 || minutes === 0xffffff ? null : epoch1996Ms + minutes * 60_000,
    manufacturer: manufacturer ?? null,
    product: product ?? null,
    serial: serial ?? null,
    part: part ?? null,
    fruFileId: fruFileId ?? null,
    custom: reportedOf(custom),
  };
}

/** Product info area (§12). */
function productOf(bytes: Uint8Array, problems: string[]): FruProduct {
  const { area, checksumOk } = areaOf('product', bytes, problems);
  const fields = fieldsOf(area, { from: 3, language: area[2] ?? 0, name: 'product', problems });
  const [manufacturer, name, part, version, serial, assetTag, fruFileId, ...custom] = fields;
  return {
    checksumOk,
    manufacturer: manufacturer ?? null,
    name: name ?? null,
    part: part ?? null,
    version: version ?? null,
    serial: serial ?? null,
    assetTag: assetTag ?? null,
    fruFileId: fruFileId ?? null,
    custom: reportedOf(custom),
  };
}

function areaOf(name: string, bytes: Uint8Array, problems: string[]): { area: Uint8Array; checksumOk: boolean } {
  const length = (bytes[1] ?? 0) * 8;
  const area = bytes.subarray(0, length === 0 ? bytes.length : length);
  if (bytes.length === 0) problems.push(`the ${name} area begins past the end`);
  else if (length === 0) problems.push(`the ${name} area has no length`);
  else if (length > bytes.length)
    problems.push(`the ${name} area is cut off: ${bytes.length} of its ${length} bytes are there`);
  else if (sum(area) === 0) return { area, checksumOk: true };
  else problems.push(`the checksum of the ${name} area is wrong`);
  return { area, checksumOk: false };
}

type FieldsAt = {
  readonly from: number;
  readonly language: number;
  readonly name: string;
  readonly problems: string[];
};

/** Type/length fields up to the end mark C1h (§13). */
function fieldsOf(area: Uint8Array, { from, language, name, problems }: FieldsAt): (string | null)[] {
  const fields: (string | null)[] = [];
  let at = from;
  while (at < area.length) {
    const typeLength = area[at] ?? 0;
    if (typeLength === 0xc1) return fields;
    if (fields.length === fieldsMax) {
      problems.push(`the ${name} area has more than ${fieldsMax} fields`);
      return fields;
    }
    const length = typeLength & 0x3f;
    const value = area.subarray(at + 1, at + 1 + length);
    if (value.length < length) {
      problems.push(`field ${fields.length + 1} of the ${name} area runs past its end`);
      return fields;
    }
    fields.push(factText(decode(typeLength >> 6, value, language)));
    at += 1 + length;
  }
  problems.push(`the fields of the ${name} area have no end mark`);
  return fields;
}

function decode(type: number, value: Uint8Array, language: number): string {
  if (value.length === 0) return '';
  if (type === 0) return value.every((byte) => byte === 0) ? '' : hexOf(value);
  if (type === 1) return bcdPlus(value);
  if (type === 2) return sixBit(value);
  return text(value, language);
}

/** BCD plus (§13.1): two digits a byte, the high one first; a, b and c stand for space, dash and period. */
function bcdPlus(value: Uint8Array): string {
  return hexOf(value).replaceAll(/[a-f]/g, (digit) => bcdSigns[digit] ?? '?');
}
const bcdSigns: Readonly<Record<string, string>> = { a: ' ', b: '-', c: '.' };

/** 6-bit ASCII (§13.2–13.3): characters from 20h up, packed from the lowest bit on. */
function sixBit(value: Uint8Array): string {
  let out = '';
  let bits = 0;
  let held = 0;
  for (const byte of value) {
    bits |= byte << held;
    held += 8;
    while (held >= 6) {
      out += String.fromCharCode(0x20 + (bits & 0x3f));
      bits >>= 6;
      held -= 6;
    }
  }
  return out;
}

/** 8-bit text for English (0 and 25), else two bytes a character (§13). Many makers set a language and write ASCII. */
function text(value: Uint8Array, language: number): string {
  const english = language === 0 || language === 25;
  const ascii = value.every((byte) => byte >= 0x20 && byte < 0x7f);
  return english || ascii || value.length % 2 === 1 ? latin1(value) : new TextDecoder('utf-16le').decode(value);
}

function reportedOf(fields: readonly (string | null)[]): string[] {
  return fields.filter((field) => field !== null);
}

function sum(bytes: Uint8Array): number {
  let total = 0;
  for (const byte of bytes) total = (total + byte) & 0xff;
  return total;
}
