// People, their roles and API credentials.
import { Type, type Static } from 'typebox';

import { literals } from '../literals.ts';
import { closed, Nullable, page, pageInput, Ref, Slug, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

export const roleNames = ['viewer', 'maker', 'checker', 'admin'] as const;
export type RoleName = (typeof roleNames)[number];

export const Person = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    roles: Type.Array(literals(roleNames)),
    active: Type.Boolean(),
    createdAt: UnixMsField,
  },
  closed,
);
export type Person = Static<typeof Person>;

export const Credential = Type.Object(
  {
    id: Type.String(),
    person: Type.String(),
    roles: Nullable(Type.Array(literals(roleNames), { description: 'A subset of the owner’s roles; null for all' })),
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
      { person: Person, credentialId: Type.String(), permissions: Type.Array(Type.String()) },
      closed,
    ),
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
    effect: 'read',
    summary: 'List people',
    example: {},
  }),
  operation({
    id: 'person.create',
    method: 'POST',
    path: '/v1/people',
    input: Type.Object(
      {
        name: Slug('Sign-in name'),
        roles: Type.Array(literals(roleNames), { minItems: 1, maxItems: 4 }),
      },
      closed,
    ),
    output: Person,
    effect: 'write',
    summary: 'Add a person with roles',
    example: { name: 'mia', roles: ['viewer', 'maker'] },
  }),
  operation({
    id: 'credential.list',
    method: 'GET',
    path: '/v1/credentials',
    input: Type.Object({ ...pageInput }, closed),
    output: page(Credential),
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
        roles: Type.Optional(Type.Array(literals(roleNames), { minItems: 1, maxItems: 4 })),
        expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650 })),
      },
      closed,
    ),
    output: Type.Object({ credential: Credential, secret: Type.String({ description: 'Shown this once' }) }, closed),
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
    effect: 'write',
    summary: 'Revoke an API credential; it stops working at once',
    example: { credential: 'crd_01jdaqv1zfe4rs8pnxzqk3wh2d' },
  }),
] as const;
