// Sessions: a person who has signed in, in a browser or with the command-line client.
import { Type, type Static } from 'typebox';

import { literals } from '../literals.ts';
import { closed, Nullable, page, pageInput, Ref, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

export const sessionKinds = ['browser', 'cli'] as const;
export type SessionKind = (typeof sessionKinds)[number];
/** How the person proved who they are. */
export const signInMethods = ['password', 'oidc', 'set-up'] as const;
export type SignInMethod = (typeof signInMethods)[number];

export const Session = Type.Object(
  {
    id: Type.String(),
    person: Type.String(),
    kind: literals(sessionKinds),
    method: literals(signInMethods),
    client: Type.String({ description: 'What the client called itself' }),
    from: Nullable(Type.String({ description: 'Network address it was begun from' })),
    createdAt: UnixMsField,
    lastUsedAt: UnixMsField,
    lastUsedFrom: Nullable(Type.String()),
    idleUntil: Type.Integer({ description: 'Ends then, unless it is used before' }),
    expiresAt: Type.Integer({ description: 'Ends then in any case' }),
    endedAt: Nullable(UnixMsField),
    endedBecause: Nullable(Type.String()),
    isThisOne: Type.Boolean(),
  },
  closed,
);
export type Session = Static<typeof Session>;

export const sessionOperations = [
  operation({
    id: 'session.list',
    method: 'GET',
    path: '/v1/sessions',
    input: Type.Object(
      { ...pageInput, ended: Type.Optional(Type.Boolean({ description: 'Those that ended, too' })) },
      closed,
    ),
    output: page(Session),
    scope: 'own',
    effect: 'read',
    summary: 'List sessions, newest first: your own, or everybody’s for an admin',
    example: {},
  }),
  operation({
    id: 'session.end',
    method: 'POST',
    path: '/v1/sessions/:session/end',
    input: Type.Object({ session: Ref('session') }, closed),
    output: Session,
    scope: 'own',
    effect: 'write',
    summary: 'End a session; its tokens stop working at once, and what it has open ends',
    example: { session: 'ses_01jdaqv1zfe4rs8pnxzqk3wh2d' },
  }),
] as const;
