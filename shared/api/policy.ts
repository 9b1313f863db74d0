// Policies: what a state change needs before it runs, per operation and scope. Setting one is itself a state change.
import { Type, type Static } from 'typebox';

import { Change, FrozenPolicy } from './change.ts';
import { ExecutionWindow } from './execution-window.ts';
import { closed, Nullable, page, pageInput, Reason, Ref, Revision, Text, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';
import { ScopeText } from './scope.ts';

export const quorumMax = 5;
const OperationPattern = Type.String({
  pattern: '^[a-z][a-z-]{0,40}\\.([a-z][a-z-]{0,60}|\\*)$',
  description: "An operation's id, or `noun.*`",
});
const Group = Type.String({
  pattern: '^([a-z][a-z0-9-]{0,62}(\\.[a-z][a-z0-9-]{0,62})?|team:[a-z0-9][a-z0-9-]{0,62})$',
  description: 'A role, `site-ops`, a permission, `change.approve`, or the members of a team, `team:storage`',
});
const Quorum = Type.Integer({
  minimum: 0,
  maximum: quorumMax,
  description: 'How many other people must approve; 0 applies at once, where the operation allows that',
});
const Checkers = Type.Array(Group, {
  minItems: 1,
  maxItems: 2,
  uniqueItems: true,
  description: 'Who may check; of two groups, at least one person of each',
});
const OpenForMs = Type.Integer({
  minimum: 300_000,
  maximum: 2_592_000_000,
  description: 'How long a change waits for its checkers, 5 minutes to 30 days',
});

export const Policy = Type.Object(
  {
    id: Type.String(),
    operation: OperationPattern,
    scope: ScopeText,
    quorum: Quorum,
    checkers: Checkers,
    openForMs: OpenForMs,
    window: Nullable(ExecutionWindow),
    reason: Type.String({ description: 'Why it is as it is' }),
    version: Revision,
    createdAt: UnixMsField,
    updatedAt: UnixMsField,
  },
  closed,
);
export type Policy = Static<typeof Policy>;

export const PolicyExplanation = Type.Object(
  {
    operation: Type.String(),
    asset: Nullable(Type.String()),
    floor: Type.Integer({ description: 'Fewer checkers than this cannot be configured' }),
    requirement: FrozenPolicy,
    considered: Type.Array(
      Type.Object(
        {
          id: Nullable(Type.String()),
          operation: Type.String(),
          scope: Type.String(),
          holds: Type.Boolean(),
          why: Type.String(),
        },
        closed,
      ),
    ),
    mayCheckNow: Type.Array(Type.String(), { description: 'People of its groups; the maker of a change is not among its checkers' }),
  },
  closed,
); // prettier-ignore
export type PolicyExplanation = Static<typeof PolicyExplanation>;

export const policyOperations = [
  operation({
    id: 'policy.list',
    method: 'GET',
    path: '/v1/policies',
    input: Type.Object({ ...pageInput }, closed),
    output: page(Policy),
    scope: 'visible',
    effect: 'read',
    summary: 'List policies; where none fits, one checker within 24 hours is needed',
    example: {},
  }),
  operation({
    id: 'policy.get',
    method: 'GET',
    path: '/v1/policies/:policy',
    input: Type.Object({ policy: Ref('policy') }, closed),
    output: Policy,
    scope: ['policy'],
    effect: 'read',
    summary: 'Get one policy',
    example: { policy: 'pol_01jdaqv1zfe4rs8pnxzqk3wh2d' },
  }),
  operation({
    id: 'policy.explain',
    method: 'GET',
    path: '/v1/policy-explanations',
    input: Type.Object(
      {
        verb: Text(120, 'A state-changing operation, `asset.provision`'),
        asset: Type.Optional(Ref('asset')),
        project: Type.Optional(Ref('project')),
      },
      closed,
    ),
    output: PolicyExplanation,
    scope: 'catalogue',
    effect: 'read',
    permission: 'policy.get',
    summary: 'Which policies hold for an operation, and why',
    example: { verb: 'asset.provision', asset: 'srv-a' },
  }),
  operation({
    id: 'policy.set',
    method: 'POST',
    path: '/v1/policies',
    input: Type.Object(
      {
        verb: OperationPattern,
        scope: Type.Optional(ScopeText),
        quorum: Quorum,
        checkers: Type.Optional(Checkers),
        openForMs: Type.Optional(OpenForMs),
        window: Type.Optional(Nullable(ExecutionWindow)),
        reason: Reason,
      },
      closed,
    ),
    output: Change,
    scope: ['scope'],
    effect: 'state-change',
    summary: 'Ask to make or replace the policy of an operation in a scope; a checker must approve',
    example: {
      verb: 'asset.provision',
      scope: 'project:payments',
      quorum: 2,
      checkers: ['change.approve'],
      reason: 'two pairs of eyes on payments',
    },
  }),
  operation({
    id: 'policy.delete',
    method: 'POST',
    path: '/v1/policies/:policy/delete',
    input: Type.Object({ policy: Ref('policy'), reason: Reason }, closed),
    output: Change,
    scope: ['policy'],
    effect: 'state-change',
    summary: 'Ask to delete a policy; a checker must approve',
    example: { policy: 'pol_01jdaqv1zfe4rs8pnxzqk3wh2d', reason: 'the project has ended' },
  }),
] as const;
