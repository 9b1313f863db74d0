// Changes: state-changing operations and their checkers (maker-checker).
import { Type, type Static } from 'typebox';

import { changeStates } from '../lifecycle/change.ts';
import { literals } from '../literals.ts';
import { ExecutionWindow } from './execution-window.ts';
import { closed, Nullable, page, pageInput, Reason, Ref, Revision, Sha256, Text, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

export const EffectLine = Type.Object(
  { target: Type.String(), label: Type.String(), text: Type.String(), destructive: Type.Boolean() },
  closed,
);
export type EffectLine = Static<typeof EffectLine>;

const Approval = Type.Object(
  {
    person: Type.String(),
    personId: Type.String(),
    credentialId: Nullable(Type.String()),
    from: Nullable(Type.String({ description: 'Network address it was given from' })),
    at: UnixMsField,
  },
  closed,
);

export const FrozenPolicy = Type.Object(
  {
    policies: Type.Array(
      Type.Object(
        {
          id: Nullable(Type.String({ description: 'null: the built-in one' })),
          operation: Type.String(),
          scope: Type.String(),
          version: Revision,
        },
        closed,
      ),
    ),
    demands: Type.Array(
      Type.Object(
        {
          quorum: Type.Integer({ minimum: 0 }),
          checkers: Type.Array(Type.String({ description: 'A role or a permission' })),
        },
        { ...closed, description: 'So many other people, of these groups, each group at least once' },
      ),
    ),
    openForMs: Type.Integer({ minimum: 0 }),
    windows: Type.Array(ExecutionWindow),
  },
  { ...closed, description: 'What it needs, as it was when it was filed; all demands must be met, all windows open' },
);
export type FrozenPolicy = Static<typeof FrozenPolicy>;

const BreakGlass = Type.Object(
  { person: Type.String(), personId: Type.String(), at: UnixMsField, reason: Type.String() },
  closed,
);
const Review = Type.Object(
  { person: Type.String(), personId: Type.String(), at: UnixMsField, note: Type.String() },
  closed,
);

const members = {
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
  policy: FrozenPolicy,
  checkersNeeded: Type.Integer({ minimum: 0 }),
  approvals: Type.Array(Approval),
  missing: Type.Array(Type.String(), { description: 'Whose approval is still missing, in words' }),
  operationIds: Type.Array(Type.String(), { description: 'What runs since it was approved' }),
  edits: Type.Integer({ minimum: 0, description: 'How often its maker has altered it; each time voids the approvals' }),
  breakGlass: Nullable(BreakGlass),
  review: Nullable(Review),
  createdAt: UnixMsField,
  expiresAt: UnixMsField,
  runsAt: Nullable(Type.Integer({ minimum: 0, description: 'When an approved change runs' })),
  revision: Revision,
};

export const Change = Type.Object(members, closed);
export type Change = Static<typeof Change>;

export const noteKinds = ['comment', 'edit', 'approval', 'break-glass', 'review'] as const;
const ChangeNote = Type.Object(
  {
    at: UnixMsField,
    kind: literals(noteKinds),
    person: Type.String(),
    from: Nullable(Type.String()),
    text: Type.String(),
  },
  closed,
);

export const ChangeDetail = Type.Object(
  {
    ...members,
    input: Type.Unknown({ description: 'What the maker asked for; edit it and give it to change.edit' }),
    payload: Type.Unknown({ description: 'What is carried out' }),
    notes: Type.Array(ChangeNote, { description: 'What was said and done, oldest first; the newest 500' }),
  },
  closed,
);
export type ChangeDetail = Static<typeof ChangeDetail>;

const changeInput = { change: Ref('change') };
const example = 'chg_01jdaqv1zfe4rs8pnxzqk3wh2d';

export const changeOperations = [
  operation({
    id: 'change.list',
    method: 'GET',
    path: '/v1/changes',
    input: Type.Object(
      {
        ...pageInput,
        state: Type.Optional(literals(changeStates)),
        toReview: Type.Optional(
          Type.Boolean({ description: 'Those where the glass was broken and nobody has reviewed it yet' }),
        ),
      },
      closed,
    ),
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
    output: ChangeDetail,
    scope: ['change'],
    effect: 'read',
    summary: 'Get one change with everything that its hash covers, and what was said about it',
    example: { change: example },
  }),
  operation({
    id: 'change.approve',
    method: 'POST',
    path: '/v1/changes/:change/approve',
    input: Type.Object({ ...changeInput, payloadSha256: Sha256 }, closed),
    output: Change,
    scope: ['change'],
    effect: 'write',
    summary: 'Approve exactly what has this hash; you must not be its maker',
    example: {
      change: example,
      payloadSha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    },
  }),
  operation({
    id: 'change.reject',
    method: 'POST',
    path: '/v1/changes/:change/reject',
    input: Type.Object({ ...changeInput, reason: Reason }, closed),
    output: Change,
    scope: ['change'],
    effect: 'write',
    permission: 'change.approve',
    summary: 'Reject a change, with a reason its maker will read; it ends at once',
    example: { change: example, reason: 'wrong rack' },
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
    example: { change: example },
  }),
  operation({
    id: 'change.edit',
    method: 'POST',
    path: '/v1/changes/:change/edit',
    input: Type.Object(
      {
        ...changeInput,
        input: Type.Optional(
          Type.Record(Type.String({ maxLength: 80 }), Type.Unknown(), {
            description: 'The input of its operation anew, whole; what was filed unless given',
          }),
        ),
        reason: Type.Optional(Reason),
      },
      closed,
    ),
    output: Change,
    scope: ['change'],
    effect: 'write',
    permission: 'change.withdraw',
    summary: 'Alter an open change you filed: it is planned anew, has a new hash, and its approvals are void',
    example: { change: example, reason: 'two nodes, as agreed with storage' },
  }),
  operation({
    id: 'change.comment',
    method: 'POST',
    path: '/v1/changes/:change/comments',
    input: Type.Object({ ...changeInput, text: Text(2000, 'What to say to whoever reads the change') }, closed),
    output: ChangeDetail,
    scope: ['change'],
    effect: 'write',
    summary: 'Comment on a change',
    example: { change: example, text: 'is the switch port of R12/U20 done?' },
  }),
  operation({
    id: 'change.break-glass',
    method: 'POST',
    path: '/v1/changes/:change/break-glass',
    input: Type.Object(
      {
        ...changeInput,
        payloadSha256: Sha256,
        reason: Type.String({ minLength: 20, maxLength: 500, description: 'Why this cannot wait for its checkers' }),
      },
      closed,
    ),
    output: Change,
    scope: ['change'],
    effect: 'write',
    summary: 'In an emergency: run an open change without its checkers; everybody is told, and somebody must review it',
    example: {
      change: example,
      payloadSha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      reason: 'payments is down, on-call approver cannot be reached',
    },
  }),
  operation({
    id: 'change.review',
    method: 'POST',
    path: '/v1/changes/:change/review',
    input: Type.Object({ ...changeInput, note: Text(2000, 'What came of looking into it') }, closed),
    output: Change,
    scope: ['change'],
    effect: 'write',
    permission: 'change.approve',
    summary: 'Review a change for which the glass was broken; you must be neither its maker nor who broke it',
    example: { change: example, note: 'justified: incident 4711' },
  }),
] as const;
