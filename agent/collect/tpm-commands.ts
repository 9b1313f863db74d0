// What the TPM says of itself (TPM 2.0 Library Part 3: GetCapability §30.2; Part 2 for the structures). Pure.
import { bodyOf, encodeCommand, u32, u32s } from '../tpm/wire.ts';

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
  const parameters = u32s(capabilityTpmProperties, fixedProperties, fixedPropertiesMax);
  return encodeCommand({ code: 0x17a, parameters });
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
