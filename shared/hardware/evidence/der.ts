// ASN.1 values in DER (X.690 §8, §10), strictly: definite and shortest lengths, nothing past the end, low tag numbers.
// Pure; every reader returns undefined for anything else.

export type Der = {
  /** The identifier octet: 0x30 SEQUENCE, 0xa3 context tag 3 constructed. */
  readonly tag: number;
  /** The value's octets. */
  readonly content: Uint8Array;
  /** Identifier, length and value as they stand. */
  readonly whole: Uint8Array;
};

/** More values in one sequence are no certificate. */
const childrenMax = 256;

/** The value that `bytes` begin with; more may follow. */
export function derAt(bytes: Uint8Array): Der | undefined {
  const tag = bytes[0];
  const length = lengthOf(bytes);
  // X.690 §8.1.2.4: five ones announce a long tag number, which no certificate has.
  if (tag === undefined || length === undefined || (tag & 0x1f) === 0x1f) return undefined;
  const end = length.headBytes + length.contentBytes;
  if (end > bytes.length) return undefined;
  return { tag, content: bytes.subarray(length.headBytes, end), whole: bytes.subarray(0, end) };
}

/** The values inside a constructed one. */
export function childrenOf(der: Der | undefined): Der[] | undefined {
  if (der === undefined || (der.tag & 0x20) === 0) return undefined;
  const children: Der[] = [];
  let rest = der.content;
  while (rest.length > 0) {
    const child = derAt(rest);
    if (child === undefined || children.length === childrenMax) return undefined;
    children.push(child);
    rest = rest.subarray(child.whole.length);
  }
  return children;
}

/** `2.23.133.2.1` (X.690 §8.19). */
export function oidOf(der: Der | undefined): string | undefined {
  if (der?.tag !== 0x06 || der.content.length === 0 || der.content.length > 64) return undefined;
  const arcs: number[] = [];
  let arc = 0;
  let begun = false;
  for (const byte of der.content) {
    if (!begun && byte === 0x80) return undefined;
    arc = arc * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(arc)) return undefined;
    begun = (byte & 0x80) !== 0;
    if (begun) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first, ...others] = arcs;
  if (begun || first === undefined) return undefined;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...others].join('.');
}

/** X.690 §10.1: the shortest form there is; at most four bytes here. */
function lengthOf(bytes: Uint8Array): { headBytes: number; contentBytes: number } | undefined {
  const first = bytes[1];
  if (first === undefined) return undefined;
  if (first < 0x80) return { headBytes: 2, contentBytes: first };
  const count = first & 0x7f;
  if (count === 0 || count > 4 || bytes.length < 2 + count || bytes[2] === 0) return undefined;
  let length = 0;
  for (const byte of bytes.subarray(2, 2 + count)) length = length * 256 + byte;
  return length < 0x80 ? undefined : { headBytes: 2 + count, contentBytes: length };
}
