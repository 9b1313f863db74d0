// People and services, and how they sign in. What they may do is in their grants.
import { Type, type Static } from 'typebox';

import { literals } from '../literals.ts';
import { Change } from './change.ts';
import { CredentialLimits } from './credential.ts';
import { closed, Nullable, page, pageInput, Reason, Ref, Slug, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

/** A service is automation: it has credentials and no sign-in, and a person answers for it. */
export const personKinds = ['person', 'service'] as const;
export type PersonKind = (typeof personKinds)[number];

/** One `@`, something on both sides, no spaces: whether it is right shows when mail arrives. */
const Email = Type.String({ pattern: '^[^@\\s<>"]{1,64}@[^@\\s<>"]{1,190}$', maxLength: 254 });

export const Person = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    kind: literals(personKinds),
    owner: Nullable(Type.String({ description: 'Who answers for a service' })),
    email: Nullable(Type.String()),
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

/** How a caller is signed in. */
export const SignedIn = Type.Object(
  {
    how: literals(['credential', 'token', 'browser', 'cli']),
    id: Type.String({ description: 'The credential, or the session' }),
    until: Nullable(Type.Integer({ description: 'Until when at most; null where it does not end by itself' })),
    limits: CredentialLimits,
    csrfToken: Nullable(
      Type.String({ description: 'For a browser session: send it as x-ppec-csrf with whatever writes' }),
    ),
  },
  closed,
);
export type SignedIn = Static<typeof SignedIn>;

/** NIST SP 800-63B §5.1.1.2: long enough, any characters; what is allowed is counted in characters. */
export const passwordLengthMin = 12;
export const passwordLengthMax = 256;
const Password = Type.String({ minLength: 1, maxLength: 1024 });

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
        signedIn: SignedIn,
        grants: Type.Array(HeldGrant, { description: 'In force now, as this sign-in limits them' }),
        permissions: Type.Array(Type.String(), { description: 'Each at some scope' }),
      },
      closed,
    ),
    scope: 'own',
    effect: 'read',
    summary: 'Who am I, how am I signed in, and what may I do?',
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
    summary: 'List people and services',
    example: {},
  }),
  operation({
    id: 'person.create',
    method: 'POST',
    path: '/v1/people',
    input: Type.Object(
      {
        name: Slug('Sign-in name'),
        kind: Type.Optional(literals(personKinds)),
        owner: Type.Optional(Ref('person who answers for a service')),
        email: Type.Optional(Email),
      },
      closed,
    ),
    output: Person,
    scope: 'region',
    effect: 'write',
    summary: 'Add a person or a service, who may do nothing yet: rights come by grants',
    example: { name: 'mia' },
  }),
  operation({
    id: 'person.update',
    method: 'POST',
    path: '/v1/people/:person',
    input: Type.Object(
      {
        person: Ref('person'),
        email: Type.Optional(Nullable(Email)),
        oidcSubject: Type.Optional(
          Nullable(
            Type.String({
              minLength: 1,
              maxLength: 255,
              description: 'Their subject at the identity provider; null: none',
            }),
          ),
        ),
      },
      closed,
    ),
    output: Person,
    scope: 'region',
    effect: 'write',
    summary: 'Set the e-mail address of a person, or who they are at the identity provider',
    example: { person: 'mia', email: 'mia@example.net' },
  }),
  operation({
    id: 'person.deactivate',
    method: 'POST',
    path: '/v1/people/:person/deactivate',
    input: Type.Object({ person: Ref('person'), reason: Reason }, closed),
    output: Person,
    scope: 'region',
    effect: 'write',
    summary: 'Deactivate a person or service: sessions end, credentials stop working, at once',
    example: { person: 'mia', reason: 'left the company' },
  }),
  operation({
    id: 'person.reactivate',
    method: 'POST',
    path: '/v1/people/:person/reactivate',
    input: Type.Object({ person: Ref('person'), reason: Reason }, closed),
    output: Person,
    scope: 'region',
    effect: 'write',
    summary: 'Let a deactivated person or service in again; sessions that ended stay ended',
    example: { person: 'mia', reason: 'back from leave' },
  }),
  operation({
    id: 'person.open-sign-in',
    method: 'POST',
    path: '/v1/people/:person/open-sign-in',
    input: Type.Object({ person: Ref('person'), reason: Reason }, closed),
    output: Change,
    scope: 'region',
    effect: 'state-change',
    summary: 'Ask that somebody who holds rights may be given another way to sign in; a checker must approve',
    example: { person: 'mia', reason: 'forgot the password, asked at the desk' },
  }),
  operation({
    id: 'person.set-up',
    method: 'POST',
    path: '/v1/people/:person/set-up',
    input: Type.Object({ person: Ref('person') }, closed),
    output: Type.Object(
      {
        person: Type.String(),
        url: Type.String({ description: 'Where they choose a password; works once' }),
        token: Type.String({ description: 'The token in it; shown this once' }),
        expiresAt: UnixMsField,
      },
      closed,
    ),
    scope: 'region',
    effect: 'write',
    summary: 'Make a one-time link with which a person chooses a password',
    example: { person: 'mia' },
  }),
  operation({
    id: 'person.set-password',
    method: 'POST',
    path: '/v1/password',
    input: Type.Object({ old: Password, new: Password }, closed),
    output: Type.Object({ person: Type.String(), sessionsEnded: Type.Integer() }, closed),
    scope: 'own',
    effect: 'write',
    summary: 'Change your own password; your other sessions end',
    example: { old: 'the old one, in full', new: 'a longer one that is new' },
  }),
] as const;
