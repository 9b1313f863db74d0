// People and their API credentials. What they may do is in their grants.
import { Type, type Static } from 'typebox';

import { closed, Nullable, page, pageInput, Ref, Slug, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';
import { RoleText } from './role-names.ts';

export const Person = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    active: Type.Boolean(),
    createdAt: UnixMsField,
  },
  closed,
);
export type Person = Static<typeof Person>;

/** A grant as its holder has it: `scopes` must all cover an object, where a credential limits it to more than one. */
export const HeldGrant = Type.Object(
  {
    id: Type.String(),
    holder: Type.String({ description: 'The person, or the team or project they are a member of' }),
    role: Type.String(),
    scopes: Type.Array(Type.String()),
    expiresAt: Nullable(UnixMsField),
  },
  closed,
);
export type HeldGrant = Static<typeof HeldGrant>;

export const Credential = Type.Object(
  {
    id: Type.String(),
    person: Type.String(),
    roles: Nullable(Type.Array(Type.String(), { description: 'A subset of the owner’s roles; null for all' })),
    label: Type.String(),
    expiresAt: Nullable(UnixMsField),
    lastUsedAt: Nullable(UnixMsField),
    revokedAt: Nullable(UnixMsField),
    createdAt: UnixMsField,
  },
  closed,
);
export type Credential = Static<typeof Credential>;

export const personOperations = [
  operation({
    id: 'auth.whoami',
    method: 'GET',
    path: '/v1/whoami',
    input: Type.Object({}, closed),
    output: Type.Object(
      {
        person: Person,
        credentialId: Type.String(),
        grants: Type.Array(HeldGrant, { description: 'In force now, as this credential limits them' }),
        permissions: Type.Array(Type.String(), { description: 'Each at some scope' }),
      },
      closed,
    ),
    scope: 'own',
    effect: 'read',
    summary: 'Who am I, and what may I do?',
    example: {},
  }),
  operation({
    id: 'person.list',
    method: 'GET',
    path: '/v1/people',
    input: Type.Object({ ...pageInput }, closed),
    output: page(Person),
    scope: 'region',
    effect: 'read',
    summary: 'List people',
    example: {},
  }),
  operation({
    id: 'person.create',
    method: 'POST',
    path: '/v1/people',
    input: Type.Object({ name: Slug('Sign-in name') }, closed),
    output: Person,
    scope: 'region',
    effect: 'write',
    summary: 'Add a person, who may do nothing yet: rights come by grants',
    example: { name: 'mia' },
  }),
  operation({
    id: 'credential.list',
    method: 'GET',
    path: '/v1/credentials',
    input: Type.Object({ ...pageInput }, closed),
    output: page(Credential),
    scope: 'own',
    effect: 'read',
    summary: 'List API credentials: your own, or everybody’s for an admin',
    example: {},
  }),
  operation({
    id: 'credential.create',
    method: 'POST',
    path: '/v1/credentials',
    input: Type.Object(
      {
        label: Type.String({ minLength: 1, maxLength: 80 }),
        person: Type.Optional(Ref('person')),
        roles: Type.Optional(Type.Array(RoleText, { minItems: 1, maxItems: 16 })),
        expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650 })),
      },
      closed,
    ),
    output: Type.Object({ credential: Credential, secret: Type.String({ description: 'Shown this once' }) }, closed),
    scope: 'own',
    effect: 'write',
    summary: 'Make an API credential: an id and a secret that is shown once',
    example: { label: 'laptop' },
  }),
  operation({
    id: 'credential.revoke',
    method: 'POST',
    path: '/v1/credentials/:credential/revoke',
    input: Type.Object({ credential: Ref('credential') }, closed),
    output: Credential,
    scope: 'own',
    effect: 'write',
    summary: 'Revoke an API credential; it stops working at once',
    example: { credential: 'crd_01jdaqv1zfe4rs8pnxzqk3wh2d' },
  }),
] as const;
