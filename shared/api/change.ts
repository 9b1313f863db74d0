// Changes: state-changing operations and their checkers (maker-checker).
import { Type, type Static } from 'typebox';

import { changeStates } from '../lifecycle/change.ts';
import { literals } from '../literals.ts';
import { closed, Nullable, page, pageInput, Ref, Revision, Sha256, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

export const EffectLine = Type.Object(
  { target: Type.String(), label: Type.String(), text: Type.String(), destructive: Type.Boolean() },
  closed,
);
export type EffectLine = Static<typeof EffectLine>;

export const Change = Type.Object(
  {
    id: Type.String(),
    operation: Type.String(),
    summary: Type.String(),
    reason: Type.String(),
    maker: Type.String({ description: "The maker's name" }),
    makerId: Type.String(),
    state: literals(changeStates),
    stateReason: Nullable(Type.String()),
    payloadSha256: Sha256,
    effect: Type.Array(EffectLine, { description: 'What will happen to what; frozen at filing' }),
    targets: Type.Array(Type.String()),
    checkersNeeded: Type.Integer({ minimum: 0 }),
    approvals: Type.Array(Type.Object({ person: Type.String(), personId: Type.String(), at: UnixMsField }, closed)),
    operationIds: Type.Array(Type.String(), { description: 'What runs since it was approved' }),
    createdAt: UnixMsField,
    expiresAt: UnixMsField,
    revision: Revision,
  },
  closed,
);
export type Change = Static<typeof Change>;

const changeInput = { change: Ref('change') };

export const changeOperations = [
  operation({
    id: 'change.list',
    method: 'GET',
    path: '/v1/changes',
    input: Type.Object({ ...pageInput, state: Type.Optional(literals(changeStates)) }, closed),
    output: page(Change),
    scope: 'visible',
    effect: 'read',
    summary: 'List changes, newest first',
    example: { state: 'open' },
  }),
  operation({
    id: 'change.get',
    method: 'GET',
    path: '/v1/changes/:change',
    input: Type.Object(changeInput, closed),
    output: Change,
    scope: ['change'],
    effect: 'read',
    summary: 'Get one change',
    example: { change: 'chg_01jdaqv1zfe4rs8pnxzqk3wh2d' },
  }),
  operation({
    id: 'change.approve',
    method: 'POST',
    path: '/v1/changes/:change/approve',
    input: Type.Object({ ...changeInput, payloadSha256: Sha256 }, closed),
    output: Change,
    scope: ['change'],
    effect: 'write',
    summary: 'Approve exactly the payload with this hash; you must not be its maker',
    example: {
      change: 'chg_01jdaqv1zfe4rs8pnxzqk3wh2d',
      payloadSha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    },
  }),
  operation({
    id: 'change.reject',
    method: 'POST',
    path: '/v1/changes/:change/reject',
    input: Type.Object({ ...changeInput, reason: Type.String({ minLength: 3, maxLength: 500 }) }, closed),
    output: Change,
    scope: ['change'],
    effect: 'write',
    permission: 'change.approve',
    summary: 'Reject a change, with a reason its maker will read',
    example: { change: 'chg_01jdaqv1zfe4rs8pnxzqk3wh2d', reason: 'wrong rack' },
  }),
  operation({
    id: 'change.withdraw',
    method: 'POST',
    path: '/v1/changes/:change/withdraw',
    input: Type.Object(changeInput, closed),
    output: Change,
    scope: ['change'],
    effect: 'write',
    summary: 'Withdraw a change you filed',
    example: { change: 'chg_01jdaqv1zfe4rs8pnxzqk3wh2d' },
  }),
] as const;
