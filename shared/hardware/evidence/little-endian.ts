// Whole numbers inside raw bytes, least significant byte first. Past the end there is no number: undefined, never zero.

export function u16(bytes: Uint8Array, at: number): number | undefined {
  return whole(bytes, at, 2);
}

export function u24(bytes: Uint8Array, at: number): number | undefined {
  return whole(bytes, at, 3);
}

export function u32(bytes: Uint8Array, at: number): number | undefined {
  return whole(bytes, at, 4);
}

/** A number of up to 16 bytes; null past the end, and where it is too large to be exact. */
export function exact(bytes: Uint8Array, at: number, width: number): number | null {
  if (at + width > bytes.length) return null;
  let value = 0n;
  for (let index = width - 1; index >= 0; index -= 1) value = (value << 8n) | BigInt(bytes[at + index] ?? 0);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value);
}

function whole(bytes: Uint8Array, at: number, width: number): number | undefined {
  if (at + width > bytes.length) return undefined;
  let value = 0;
  for (let index = width - 1; index >= 0; index -= 1) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}
