// The text of every secret that PPEC gives out: a prefix that says what it is, 256 random bits in base62, and a CRC-32 of
// what stands before it, so that a scanner finds one in a repository or a log and knows that it is no accident.

/** What a secret is for. All of them match `ppec_(sk|at|rt|dc|su|ss)_[0-9A-Za-z]{49}`. */
export const secretKinds = {
  /** Secret of an API credential. */
  credential: 'sk',
  /** Access token, short-lived. */
  access: 'at',
  /** Refresh token, used once. */
  refresh: 'rt',
  /** Device code, until the person has confirmed. */
  device: 'dc',
  /** One-time token to set a first password. */
  setUp: 'su',
  /** Browser session, only ever in its cookie. */
  session: 'ss',
} as const;
export type SecretKind = keyof typeof secretKinds;

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 62^43 > 2^256 and 62^6 > 2^32. */
const bodyLength = 43;
const checksumLength = 6;
export const secretBytes = 32;
/** For secret scanners; documented in docs/operations.md. */
export const secretPattern = /ppec_(sk|at|rt|dc|su|ss)_([0-9A-Za-z]{43})([0-9A-Za-z]{6})/;

export function secretText(kind: SecretKind, random: Uint8Array): string {
  let value = 0n;
  for (const byte of random) value = (value << 8n) | BigInt(byte);
  const text = `ppec_${secretKinds[kind]}_${base62(value, bodyLength)}`;
  return text + base62(BigInt(crc32(text)), checksumLength);
}

/** Whether the text is a secret of this kind, whole and mistyped nowhere. Says nothing about whether it is in force. */
export function isSecretText(kind: SecretKind, text: string): boolean {
  const match = new RegExp(`^${secretPattern.source}$`).exec(text);
  if (match?.[1] !== secretKinds[kind]) return false;
  return base62(BigInt(crc32(text.slice(0, -checksumLength))), checksumLength) === match[3];
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = (alphabet[Number(rest % 62n)] ?? '') + text;
  return text;
}

/** CRC-32 as in ISO 3309 and zlib. */
export function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
