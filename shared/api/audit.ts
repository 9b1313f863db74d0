// The audit: who did what, hash-chained.
import { Type, type Static } from 'typebox';

import { AuditSegment, SignedHead } from '../audit/head.ts';
import { literals } from '../literals.ts';
import { closed, Nullable, page, Sha256, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

export const auditOutcomes = ['done', 'filed', 'refused', 'failed'] as const;

/** One entry; `hash` is SHA-256 over `previousHash` and the canonical JSON of the other members. */
export const AuditEntry = Type.Object(
  {
    seq: Type.Integer({ minimum: 1 }),
    at: UnixMsField,
    actor: Type.String({ description: 'Who: a person, an agent or a reconciler' }),
    actorId: Type.String(),
    credentialId: Nullable(Type.String()),
    from: Nullable(Type.String({ description: 'Network address of the caller' })),
    operation: Type.String(),
    targets: Type.Array(Type.String()),
    outcome: literals(auditOutcomes),
    message: Type.String(),
    changeId: Nullable(Type.String()),
    requestId: Nullable(Type.String()),
    previousHash: Sha256,
    hash: Sha256,
  },
  closed,
);
export type AuditEntry = Static<typeof AuditEntry>;

/** A public key that signed heads of this region: raw Ed25519, in hex; the id is of its digest. */
export const AuditKey = Type.Object(
  { keyId: Type.String(), publicKey: Type.String({ pattern: '^[0-9a-f]{64}$' }), since: UnixMsField },
  closed,
);
export type AuditKey = Static<typeof AuditKey>;

const ChainPoint = (description: string) =>
  Type.Object({ seq: Type.Integer({ minimum: 0 }), hash: Sha256 }, { ...closed, description });
const After = Type.Integer({ minimum: 0, description: 'Only entries with a greater sequence number' });

export const auditOperations = [
  operation({
    id: 'audit.list',
    method: 'GET',
    path: '/v1/audit',
    input: Type.Object(
      {
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
        after: Type.Optional(After),
        target: Type.Optional(Type.String({ maxLength: 120 })),
      },
      closed,
    ),
    output: page(AuditEntry),
    effect: 'read',
    summary: 'List audit entries, oldest first',
    example: { after: 0 },
  }),
  operation({
    id: 'audit.verify',
    method: 'GET',
    path: '/v1/audit/verify',
    input: Type.Object({}, closed),
    output: Type.Object(
      {
        ok: Type.Boolean(),
        entries: Type.Integer(),
        headSeq: Type.Integer(),
        headHash: Sha256,
        problem: Nullable(Type.String()),
      },
      closed,
    ),
    effect: 'read',
    permission: 'audit.list',
    summary: 'Recompute the whole hash chain',
    example: {},
  }),
  operation({
    id: 'audit.head',
    method: 'GET',
    path: '/v1/audit/head',
    input: Type.Object({}, closed),
    output: Type.Object(
      {
        region: Type.String(),
        end: ChainPoint('Where the chain ends now'),
        head: Nullable(SignedHead),
        keys: Type.Array(AuditKey),
      },
      closed,
    ),
    effect: 'read',
    permission: 'audit.list',
    summary: 'Get the newest signed head of the audit, and the keys that verify it',
    example: {},
  }),
  operation({
    id: 'audit.export',
    method: 'GET',
    path: '/v1/audit/export',
    input: Type.Object(
      {
        after: Type.Optional(After),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 1000 })),
        from: Type.Optional(UnixMsField),
        to: Type.Optional(UnixMsField),
      },
      closed,
    ),
    output: Type.Object(
      {
        region: Type.String(),
        keys: Type.Array(AuditKey),
        after: ChainPoint('The entry that these follow'),
        items: Type.Array(AuditEntry),
        heads: Type.Array(SignedHead, { description: 'Those of these entries' }),
        next: Nullable(Type.String({ description: '`after` of the next page' })),
      },
      closed,
    ),
    effect: 'read',
    permission: 'audit.list',
    summary: 'Read the audit with all that proves it, sealed segments included',
    example: { after: 0 },
  }),
  operation({
    id: 'audit.segments',
    method: 'GET',
    path: '/v1/audit/segments',
    input: Type.Object({ after: Type.Optional(After) }, closed),
    output: page(
      Type.Object({ ...AuditSegment.properties, sealedAt: UnixMsField, prunedAt: Nullable(UnixMsField) }, closed),
    ),
    effect: 'read',
    permission: 'audit.list',
    summary: 'List the sealed segments of the audit, oldest first',
    example: {},
  }),
] as const;
