// What an audit key signs: the end of the chain at a moment, and a sealed segment of it. Both ends and whoever verifies
// without either make the same text of it.
import { Type, type Static } from 'typebox';

import { canonicalJson } from '../canonical-json.ts';

const closed = { additionalProperties: false } as const;
const Hex = (characters: number) => Type.String({ pattern: `^[0-9a-f]{${characters}}$` });
const Count = Type.Integer({ minimum: 0 });

/** The chain ended with entry `seq`, of this hash, at this time. */
export const SignedHead = Type.Object(
  {
    region: Type.String({ maxLength: 64 }),
    seq: Type.Integer({ minimum: 1 }),
    hash: Hex(64),
    at: Type.Integer({ minimum: 0, description: 'Milliseconds since 1970-01-01T00:00:00Z' }),
    keyId: Type.String({ maxLength: 64 }),
    signature: Type.String({ pattern: '^[0-9a-f]{128}$', description: 'Ed25519 (RFC 8032), in hex' }),
  },
  closed,
);
export type SignedHead = Static<typeof SignedHead>;

/** Entries `firstSeq` to `lastSeq` are in a file of their own, whose SHA-256 this is. */
export const AuditSegment = Type.Object(
  {
    region: Type.String({ maxLength: 64 }),
    firstSeq: Type.Integer({ minimum: 1 }),
    lastSeq: Type.Integer({ minimum: 1 }),
    previousHash: Hex(64),
    lastHash: Hex(64),
    firstAt: Count,
    lastAt: Count,
    bytes: Count,
    sha256: Hex(64),
    keyId: Type.String({ maxLength: 64 }),
    signature: Type.String({ pattern: '^[0-9a-f]{128}$' }),
  },
  closed,
);
export type AuditSegment = Static<typeof AuditSegment>;

/** The bytes that are signed, as text. */
export function headText(head: Omit<SignedHead, 'signature'>): string {
  const { region, seq, hash, at, keyId } = head;
  return `ppec-audit-head-v1\0${canonicalJson({ region, seq, hash, at, keyId })}`;
}

export function segmentText(segment: Omit<AuditSegment, 'signature'>): string {
  const { region, firstSeq, lastSeq, previousHash, lastHash, firstAt, lastAt, bytes, sha256, keyId } = segment;
  const signed = { region, firstSeq, lastSeq, previousHash, lastHash, firstAt, lastAt, bytes, sha256, keyId };
  return `ppec-audit-segment-v1\0${canonicalJson(signed)}`;
}

/** `12:9f86d0…`: a head as people note it. */
export function headNote({ seq, hash }: { readonly seq: number; readonly hash: string }): string {
  return `${seq}:${hash}`;
}
