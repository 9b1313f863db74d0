// The few TPM 2.0 commands that tell which chip this is, as bytes (TPM 2.0 Library, Part 3: GetCapability §30.2,
// NV_ReadPublic §31.6, NV_Read §31.13; Part 2 for the structures). Pure. All numbers are big-endian.
import { PpecError } from '../../shared/errors.ts';

const noSessions = 0x8001;
const sessions = 0x8002;
const headerBytes = 10;

export const ownerHandle = 0x40000001;

/** Part 2 §6.13: `TPM_PT_…`. */
const fixedProperties = 0x100;
const fixedPropertiesMax = 64;
const property = {
  manufacturer: 0x105,
  vendor: [0x106, 0x107, 0x108, 0x109],
  firmware: [0x10b, 0x10c],
  nvBufferMax: 0x12c,
} as const;

export type TpmProperties = {
  /** Four letters of the TCG vendor id registry (`IFX`, `NTC`), and the maker's own name of the chip. */
  readonly manufacturer: string;
  readonly vendor: string;
  /** `7.2.5.0`: four 16-bit numbers, as the makers write it. */
  readonly firmware: string;
  /** The most that one NV_Read may ask for. */
  readonly nvBufferBytes: number;
};

export function getFixedProperties(): Buffer {
  const capabilityTpmProperties = 6;
  return command(noSessions, 0x17a, u32s(capabilityTpmProperties, fixedProperties, fixedPropertiesMax));
}

export function readFixedProperties(response: Uint8Array): TpmProperties {
  const body = bodyOf(response);
  // More data follows, the capability asked for, a count, then pairs of property and value.
  const count = u32(body, 5);
  const values = new Map<number, number>();
  for (let nth = 0; nth < Math.min(count, fixedPropertiesMax); nth += 1)
    values.set(u32(body, 9 + nth * 8), u32(body, 13 + nth * 8));
  const letters = (...tags: readonly number[]): string =>
    tags
      .flatMap((tag) => [24, 16, 8, 0].map((shift) => ((values.get(tag) ?? 0) >>> shift) & 0xff))
      .filter((byte) => byte > 0x20 && byte < 0x7f)
      .map((byte) => String.fromCodePoint(byte))
      .join('');
  const halves = property.firmware.flatMap((tag) => [(values.get(tag) ?? 0) >>> 16, (values.get(tag) ?? 0) & 0xffff]);
  return {
    manufacturer: letters(property.manufacturer),
    vendor: letters(...property.vendor),
    firmware: halves.join('.'),
    nvBufferBytes: values.get(property.nvBufferMax) ?? 0,
  };
}

export type NvPublic = {
  readonly bytes: number;
  /** Who may read it without a policy: its own (empty) authorization, or the owner's. */
  readonly readableBy: 'itself' | 'owner' | 'nobody';
};

export function nvReadPublic(index: number): Buffer {
  return command(noSessions, 0x169, u32s(index));
}

/** Undefined where the index is not defined. */
export function readNvPublic(response: Uint8Array): NvPublic | undefined {
  // TPM_RC_HANDLE of the first handle: there is no such index (Part 2 §6.6.3).
  if (codeOf(response) === 0x18b) return undefined;
  const body = bodyOf(response);
  // TPM2B size, then TPMS_NV_PUBLIC: index, name algorithm, attributes, policy (TPM2B), size of the data (§13.5).
  const attributes = u32(body, 8);
  const policyBytes = u16(body, 12);
  const isSet = (bit: number): boolean => ((attributes >>> bit) & 1) === 1;
  return {
    bytes: u16(body, 14 + policyBytes),
    // TPMA_NV_AUTHREAD and TPMA_NV_OWNERREAD (§13.4); TPMA_NV_WRITTEN: there is nothing before.
    readableBy: !isSet(29) ? 'nobody' : isSet(18) ? 'itself' : isSet(17) ? 'owner' : 'nobody',
  };
}

export type NvRange = {
  readonly index: number;
  readonly auth: number;
  readonly bytes: number;
  readonly offset: number;
};

/** With a password session of an empty password (Part 1 §19.4). */
export function nvRead({ index, auth, bytes, offset }: NvRange): Buffer {
  const passwordSession = 0x40000009;
  const authorization = Buffer.concat([u32s(passwordSession), Buffer.from([0, 0, 0, 0, 0])]);
  return command(
    sessions,
    0x14e,
    Buffer.concat([u32s(auth, index), u32s(authorization.length), authorization, u16s(bytes, offset)]),
  );
}

export function readNvData(response: Uint8Array): Uint8Array {
  const body = bodyOf(response);
  // The size of the parameters, then the data (TPM2B), then the session's answer.
  const bytes = u16(body, 4);
  if (6 + bytes > body.length) throw short();
  return body.subarray(6, 6 + bytes);
}

function command(tag: number, code: number, body: Uint8Array): Buffer {
  return Buffer.concat([u16s(tag), u32s(headerBytes + body.length, code), body]);
}

function codeOf(response: Uint8Array): number {
  if (response.length < headerBytes || u32(response, 2) !== response.length)
    throw new PpecError('unavailable', `the TPM's answer is cut off after ${response.length} bytes`);
  return u32(response, 6);
}

function bodyOf(response: Uint8Array): Uint8Array {
  const code = codeOf(response);
  if (code !== 0) throw new PpecError('unavailable', `the TPM answers with code 0x${code.toString(16)}`);
  return response.subarray(headerBytes);
}

function u16(bytes: Uint8Array, at: number): number {
  const [high, low] = bytes.subarray(at, at + 2);
  if (high === undefined || low === undefined) throw short();
  return (high << 8) | low;
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x10000 + u16(bytes, at + 2);
}

function short(): PpecError {
  return new PpecError('unavailable', "the TPM's answer is shorter than what it announces");
}

function u16s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}

function u32s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}
