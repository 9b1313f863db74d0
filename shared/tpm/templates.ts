// Public areas of the TPM keys that this system knows, as bytes (TPMT_PUBLIC, TPM 2.0 Library Part 2 §12.2.4): endorsement
// keys by the default templates L-1 and L-2 of the TCG EK Credential Profile 2.5 §B.3, and the attestation key. Whatever
// differs from its template in more than the key itself is none of these. Pure.

export const ekAlgorithms = ['ecc-p256', 'rsa-2048'] as const;
export type EkAlgorithm = (typeof ekAlgorithms)[number];

/** The key itself: what a public area has where its template has room for it. */
export type PublicKey =
  | { readonly kind: 'ecc-p256'; readonly x: Uint8Array; readonly y: Uint8Array }
  | { readonly kind: 'rsa-2048'; readonly modulus: Uint8Array };

const hex = (...words: readonly string[]): Uint8Array =>
  Uint8Array.from(words.join('').replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** PolicySecret of the endorsement hierarchy (§B.2.1 "PolicyA"). */
const ekPolicy = '0020 837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa';
const zeros = (bytes: number): string => '00'.repeat(bytes);

/** Everything before the key: type, name algorithm SHA-256, attributes, policy, parameters. */
const heads = {
  // fixedTPM, fixedParent, sensitiveDataOrigin, adminWithPolicy, restricted, decrypt; AES-128-CFB, no scheme.
  'ecc-p256': hex('0023 000b 000300b2', ekPolicy, '0006 0080 0043 0010 0003 0010'),
  'rsa-2048': hex('0001 000b 000300b2', ekPolicy, '0006 0080 0043 0010 0800 00000000'),
  // fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign; ECDSA with SHA-256, no policy.
  attestation: hex('0023 000b 00050072 0000 0010 0018 000b 0003 0010'),
} as const;

/** What TPM2_CreatePrimary is asked for. */
export const templates = {
  'ecc-p256': concat(heads['ecc-p256'], hex('0020', zeros(32), '0020', zeros(32))),
  'rsa-2048': concat(heads['rsa-2048'], hex('0100', zeros(256))),
  attestation: concat(heads.attestation, hex('0000 0000')),
} as const;

/** The endorsement key in a public area; undefined for any other object. */
export function ekOf(area: Uint8Array): PublicKey | undefined {
  return eccOf(area, heads['ecc-p256']) ?? rsaOf(area);
}

export function isAttestationKey(area: Uint8Array): boolean {
  return eccOf(area, heads.attestation) !== undefined;
}

function eccOf(area: Uint8Array, head: Uint8Array): PublicKey | undefined {
  const point = after(area, head);
  if (point?.length !== 68 || sizeAt(point, 0) !== 32 || sizeAt(point, 34) !== 32) return undefined;
  return { kind: 'ecc-p256', x: point.subarray(2, 34), y: point.subarray(36, 68) };
}

function rsaOf(area: Uint8Array): PublicKey | undefined {
  const key = after(area, heads['rsa-2048']);
  // A modulus of 2048 bits begins with a one.
  if (key?.length !== 258 || sizeAt(key, 0) !== 256 || (key[2] ?? 0) < 0x80) return undefined;
  return { kind: 'rsa-2048', modulus: key.subarray(2) };
}

function after(area: Uint8Array, head: Uint8Array): Uint8Array | undefined {
  return area.length > head.length && head.every((byte, index) => area[index] === byte)
    ? area.subarray(head.length)
    : undefined;
}

function sizeAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** SubjectPublicKeyInfo, DER (RFC 5480 §2, RFC 3279 §2.3.1; the exponent is the default one, 65537). */
export function spkiOf(key: PublicKey): Uint8Array {
  if (key.kind === 'ecc-p256')
    return concat(hex('3059 3013 06072a8648ce3d0201 06082a8648ce3d030107 0342 00 04'), key.x, key.y);
  return concat(
    hex('30820122 300d 06092a864886f70d010101 0500 0382010f 00 3082010a 02820101 00'),
    key.modulus,
    hex('0203 010001'),
  );
}
