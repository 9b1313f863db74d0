// Identifiers: a prefix that names the kind, and a UUIDv7 (RFC 9562 §5.7) in Crockford base32, so ids sort by
// creation time and can be told apart at a glance: `ast_01jdaqv1zfe4rs8pnxzqk3wh2d`.
import type { Clock } from './clock.ts';
import type { Rng } from './rng.ts';

const idPrefixes = {
  asset: 'ast',
  change: 'chg',
  command: 'cmd',
  credential: 'crd',
  grant: 'grt',
  device: 'dvc',
  image: 'img',
  inspection: 'ins',
  network: 'net',
  address: 'adr',
  operation: 'op',
  part: 'prt',
  person: 'per',
  policy: 'pol',
  orderDocument: 'odc',
  purchaseOrder: 'po',
  machineClass: 'cls',
  request: 'req',
  session: 'ses',
  token: 'tok',
  vendor: 'vnd',
  waiver: 'wvr',
  webhook: 'whk',
  webhookDelivery: 'msg',
  mail: 'mail',
  note: 'nte',
} as const;

export type IdKind = keyof typeof idPrefixes;
export type Id<K extends IdKind> = `${(typeof idPrefixes)[K]}_${string}`;

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const bodyPattern = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

export type IdSource = { readonly clock: Clock; readonly rng: Rng };

export function newId<K extends IdKind>(kind: K, source: IdSource): Id<K> {
  const bytes = source.rng.bytes(16);
  const ms = BigInt(source.clock.nowMs());
  for (let i = 0; i < 6; i += 1) bytes[i] = Number((ms >> BigInt(8 * (5 - i))) & 0xffn);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return `${idPrefixes[kind]}_${toBase32(bytes)}`;
}

export function isId<K extends IdKind>(kind: K, text: string): text is Id<K> {
  const prefix = `${idPrefixes[kind]}_`;
  return text.startsWith(prefix) && bodyPattern.test(text.slice(prefix.length));
}

function toBase32(bytes: Uint8Array): string {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = '';
  for (let shift = 125n; shift >= 0n; shift -= 5n) text += alphabet[Number((value >> shift) & 31n)] ?? '';
  return text;
}
