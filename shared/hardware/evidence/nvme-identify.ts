// NVMe identity, from the raw data an Identify command returns: the controller (NVM Express Base Specification 2.0
// §5.17.2.1, figure 275) and a namespace (NVM Command Set Specification 1.0 §4.1.5.1, figure 97). Pure.
import { factText, hexOf, latin1 } from './fact-text.ts';
import { exact, u16, u32 } from './little-endian.ts';

/** Both structures are one memory page. */
export const identifyBytes = 4096;

export type NvmeController = {
  readonly pciVendor: number;
  readonly serial: string | null;
  readonly model: string | null;
  readonly firmware: string | null;
  /** Bytes of all namespaces and what is not yet allocated; null where the controller cannot manage namespaces. */
  readonly totalBytes: number | null;
  readonly unallocatedBytes: number | null;
  /** °C of the composite temperature from which on the drive warns, and from which on it may shut down. */
  readonly warningCelsius: number | null;
  readonly criticalCelsius: number | null;
  /** `1.4.0`; null before 1.2, which reports none. */
  readonly nvmeVersion: string | null;
  readonly namespacesMax: number | null;
};

/** Null where the data are not a whole page, or are all zero as for a controller that did not answer. */
export function identifyController(data: Uint8Array): NvmeController | null {
  if (!isPage(data)) return null;
  const version = u32(data, 80) ?? 0;
  return {
    pciVendor: u16(data, 0) ?? 0,
    serial: textAt(data, 4, 20),
    model: textAt(data, 24, 40),
    firmware: textAt(data, 64, 8),
    totalBytes: nonZero(exact(data, 280, 16)),
    unallocatedBytes: nonZero(exact(data, 280, 16)) === null ? null : exact(data, 296, 16),
    warningCelsius: celsius(u16(data, 266)),
    criticalCelsius: celsius(u16(data, 268)),
    nvmeVersion: version === 0 ? null : `${version >>> 16}.${(version >>> 8) & 0xff}.${version & 0xff}`,
    namespacesMax: nonZero(exact(data, 516, 4)),
  };
}

export type NvmeNamespace = {
  readonly sizeBytes: number | null;
  readonly usedBytes: number | null;
  readonly blockBytes: number | null;
  readonly metadataBytes: number;
  /** 16 and 8 bytes as hex digits; null where all zero. */
  readonly nguid: string | null;
  readonly eui64: string | null;
};

/** Null as above; all zero also stands for a namespace id that is not in use. */
export function identifyNamespace(data: Uint8Array): NvmeNamespace | null {
  if (!isPage(data)) return null;
  const formatted = data[26] ?? 0;
  const formatsLast = data[25] ?? 0;
  // Bits 6:5 extend the index only where there are more than 16 formats.
  const index = (formatted & 0x0f) | (formatsLast >= 16 ? (formatted & 0x60) >> 1 : 0);
  const format = 128 + index * 4;
  const exponent = data[format + 2] ?? 0;
  // LBADS below 9 (512 bytes) stands for a format that cannot be used; more than 1 MiB is no block.
  const blockBytes = index > formatsLast || exponent < 9 || exponent > 20 ? null : 2 ** exponent;
  const bytes = (blocks: number | null): number | null => {
    const size = blocks === null || blockBytes === null ? null : blocks * blockBytes;
    return size === null || !Number.isSafeInteger(size) ? null : size;
  };
  return {
    sizeBytes: bytes(exact(data, 0, 8)),
    usedBytes: bytes(exact(data, 16, 8)),
    blockBytes,
    metadataBytes: u16(data, format) ?? 0,
    nguid: identifier(data.subarray(104, 120)),
    eui64: identifier(data.subarray(120, 128)),
  };
}

function isPage(data: Uint8Array): boolean {
  return data.length === identifyBytes && data.some((byte) => byte !== 0);
}

function textAt(data: Uint8Array, at: number, length: number): string | null {
  return factText(latin1(data.subarray(at, at + length)));
}

/** Kelvin to °C, as the kernel does it (whole degrees, 273). */
function celsius(kelvin: number | undefined): number | null {
  return kelvin === undefined || kelvin === 0 ? null : kelvin - 273;
}

function identifier(bytes: Uint8Array): string | null {
  return bytes.every((byte) => byte === 0) ? null : hexOf(bytes);
}

function nonZero(value: number | null): number | null {
  return value === 0 ? null : value;
}
