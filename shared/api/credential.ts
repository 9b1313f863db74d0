// API credentials: an id and a secret that belong to a person or a service, with no more rights than the owner.
import { Type, type Static } from 'typebox';

import { literals } from '../literals.ts';
import { closed, Nullable, page, pageInput, Ref, Slug, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';
import { ScopeText } from './scope.ts';

export const accessModes = ['read', 'read-write'] as const;

/** A subset of the owner's rights. What is left out is not limited. */
export const CredentialLimits = Type.Object(
  {
    roles: Type.Optional(Type.Array(Slug('Role'), { minItems: 1, maxItems: 16, description: 'These roles only' })),
    scopes: Type.Optional(
      Type.Array(ScopeText, { minItems: 1, maxItems: 16, description: 'Within these scopes only' }),
    ),
    access: Type.Optional(literals(accessModes)),
  },
  closed,
);
export type CredentialLimits = Static<typeof CredentialLimits>;

const Sources = Type.Array(Type.String({ minLength: 2, maxLength: 50 }), {
  maxItems: 32,
  description: 'Networks (CIDR) it may be used from, IPv4 and IPv6; empty: from anywhere',
});

export const Credential = Type.Object(
  {
    id: Type.String(),
    person: Type.String({ description: 'The person or service it belongs to' }),
    label: Type.String(),
    limits: CredentialLimits,
    sources: Sources,
    expiresAt: Nullable(UnixMsField),
    lastUsedAt: Nullable(UnixMsField),
    lastUsedFrom: Nullable(Type.String({ description: 'Network address' })),
    rotatedAt: Nullable(UnixMsField),
    oldSecretUntil: Nullable(Type.Integer({ description: 'Until when the secret before the rotation is good' })),
    revokedAt: Nullable(UnixMsField),
    createdAt: UnixMsField,
  },
  closed,
);
export type Credential = Static<typeof Credential>;

const Shown = Type.Object({ credential: Credential, secret: Type.String({ description: 'Shown this once' }) }, closed);

/** Longest time for which two secrets of one credential are good. */
export const overlapHoursMax = 7 * 24;

export const credentialOperations = [
  operation({
    id: 'credential.list',
    method: 'GET',
    path: '/v1/credentials',
    input: Type.Object({ ...pageInput }, closed),
    output: page(Credential),
    scope: 'own',
    effect: 'read',
    summary: 'List API credentials: your own and those of your services, or everybody’s for an admin',
    example: {},
  }),
  operation({
    id: 'credential.create',
    method: 'POST',
    path: '/v1/credentials',
    input: Type.Object(
      {
        label: Type.String({ minLength: 1, maxLength: 80 }),
        person: Type.Optional(Ref('person or service')),
        limits: Type.Optional(CredentialLimits),
        sources: Type.Optional(Sources),
        expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650 })),
      },
      closed,
    ),
    output: Shown,
    scope: 'own',
    effect: 'write',
    summary: 'Make an API credential: an id and a secret that is shown once',
    example: { label: 'laptop' },
  }),
  operation({
    id: 'credential.rotate',
    method: 'POST',
    path: '/v1/credentials/:credential/rotate',
    input: Type.Object(
      {
        credential: Ref('credential'),
        overlapHours: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: overlapHoursMax,
            default: 24,
            description: 'How long the old secret stays good',
          }),
        ),
      },
      closed,
    ),
    output: Shown,
    scope: 'own',
    effect: 'write',
    summary: 'Give an API credential a new secret; the old one stays good for a stated time',
    example: { credential: 'crd_01jdaqv1zfe4rs8pnxzqk3wh2d', overlapHours: 24 },
  }),
  operation({
    id: 'credential.revoke',
    method: 'POST',
    path: '/v1/credentials/:credential/revoke',
    input: Type.Object({ credential: Ref('credential') }, closed),
    output: Credential,
    scope: 'own',
    effect: 'write',
    summary: 'Revoke an API credential; it stops working at once, and what it has open ends',
    example: { credential: 'crd_01jdaqv1zfe4rs8pnxzqk3wh2d' },
  }),
] as const;
