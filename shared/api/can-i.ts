// May I? Whether something is allowed, why, and who could allow it.
import { Type, type Static } from 'typebox';

import { closed, Nullable, Ref, Text } from './fields.ts';
import { operation } from './operation.ts';
import { ScopeText } from './scope.ts';

export const CanI = Type.Object(
  {
    allowed: Type.Boolean(),
    operation: Type.String(),
    permission: Type.String(),
    person: Type.String({ description: 'Who was asked about' }),
    about: Type.String({ description: 'What was asked about: a scope, or an object and what it belongs to' }),
    why: Type.String(),
    grant: Nullable(
      Type.Object(
        { id: Type.String(), holder: Type.String(), role: Type.String(), scope: Type.String() },
        { ...closed, description: 'The grant that allows it' },
      ),
    ),
    roles: Type.Array(Type.String(), { description: 'Where it is refused: the roles that would allow it' }),
    scopes: Type.Array(Type.String(), { description: 'Where it is refused: the scopes at which one of them would do' }),
    grantors: Type.Array(Type.String(), { description: 'Where it is refused: holders who may file such a grant' }),
  },
  closed,
);
export type CanI = Static<typeof CanI>;

export const canIOperations = [
  operation({
    id: 'auth.can-i',
    method: 'GET',
    path: '/v1/can-i',
    input: Type.Object(
      {
        verb: Text(80, 'An operation, `asset.provision`'),
        asset: Type.Optional(Ref('asset')),
        project: Type.Optional(Ref('project')),
        team: Type.Optional(Ref('team')),
        cluster: Type.Optional(Ref('cluster')),
        change: Type.Optional(Ref('change')),
        at: Type.Optional(ScopeText),
        as: Type.Optional(Text(80, 'Somebody else, for whoever may read all grants')),
      },
      closed,
    ),
    output: CanI,
    scope: 'own',
    effect: 'read',
    summary: 'May I do this, why, and who could let me?',
    example: { verb: 'asset.provision', project: 'payments' },
  }),
] as const;
