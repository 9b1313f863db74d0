// The audit: who did what, hash-chained.
import { Type, type Static } from 'typebox';

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

export const auditOperations = [
  operation({
    id: 'audit.list',
    method: 'GET',
    path: '/v1/audit',
    input: Type.Object(
      {
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
        after: Type.Optional(Type.Integer({ minimum: 0, description: 'Only entries with a greater sequence number' })),
        target: Type.Optional(Type.String({ maxLength: 120 })),
      },
      closed,
    ),
    output: page(AuditEntry),
    scope: 'region',
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
    scope: 'region',
    effect: 'read',
    permission: 'audit.list',
    summary: 'Recompute the whole hash chain',
    example: {},
  }),
] as const;
