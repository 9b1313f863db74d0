// Burn-ins: load on a machine's parts until the weak ones show, and how machines of one class compare. A burn-in has the
// id of its operation.
import { Type, type Static } from 'typebox';

import { burnInLogLineMax, burnInLogLinesMax } from '../burn-in/outcome.ts';
import { burnInProfileNames, burnInTestNames } from '../burn-in/profiles.ts';
import { BurnInProgress, BurnInReport } from '../burn-in/report.ts';
import { burnInStates } from '../lifecycle/burn-in.ts';
import { literals } from '../literals.ts';
import { Change } from './change.ts';
import { closed, Nullable, page, pageInput, Reason, Ref, Text, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

const Progress = Type.Object(
  {
    percent: Type.Number(),
    test: literals(burnInTestNames),
    round: Type.Integer(),
    rounds: Type.Integer(),
    counts: BurnInProgress.properties.counts,
  },
  closed,
);

const members = {
  id: Type.String({ description: "The operation's id" }),
  assetId: Type.String(),
  asset: Type.String({ description: "The asset's name or serial" }),
  class: Nullable(Type.String()),
  profile: literals(burnInProfileNames),
  timeScale: Type.Number({ description: 'What the time of each test was multiplied with' }),
  bootId: Type.String(),
  askedBy: Type.String({ description: 'Who asked for it; `inspection` where the class or the region does' }),
  peer: Nullable(Type.String({ description: 'The machine it measures the network with' })),
  state: literals(burnInStates),
  message: Type.String(),
  startedAt: UnixMsField,
  endedAt: Nullable(UnixMsField),
  progress: Nullable(Progress),
};
export const BurnIn = Type.Object(members, closed);
export type BurnIn = Static<typeof BurnIn>;

export const BurnInDetail = Type.Object(
  {
    ...members,
    report: Nullable(BurnInReport),
    log: Type.Array(Type.String({ maxLength: burnInLogLineMax }), {
      maxItems: burnInLogLinesMax,
      description: 'The latest lines, while it runs',
    }),
  },
  closed,
);
export type BurnInDetail = Static<typeof BurnInDetail>;

/** One figure of one machine beside the same figure of its peers. */
export const PeerFigure = Type.Object(
  {
    assetId: Type.String(),
    asset: Type.String(),
    burnIn: Type.String(),
    figure: Type.String({ description: 'A name that ends in its unit' }),
    part: Nullable(Type.String({ description: "The disk's serial or the port's name" })),
    value: Type.Number(),
    median: Nullable(Type.Number({ description: 'Of the others; null where there are too few' })),
    peers: Type.Integer({ description: 'How many others' }),
    percent: Nullable(Type.Number({ description: 'How far above the median; negative below it' })),
    isLow: Type.Boolean({ description: 'Further below than machines of one model differ' }),
  },
  closed,
);
export type PeerFigure = Static<typeof PeerFigure>;

const burnInInput = Type.Object({ burnIn: Ref('burn-in') }, closed);

export const burnInOperations = [
  operation({
    id: 'asset.burn-in',
    method: 'POST',
    path: '/v1/assets/:asset/burn-ins',
    input: Type.Object(
      {
        asset: Ref('asset'),
        profile: literals(burnInProfileNames),
        peer: Type.Optional(Ref('asset')),
        timeScale: Type.Optional(
          Type.Number({
            exclusiveMinimum: 0,
            maximum: 1,
            description: 'Shortens every test. A shortened run does not count as the one that the class asks for',
          }),
        ),
      },
      closed,
    ),
    output: BurnIn,
    scope: ['asset', 'peer'],
    effect: 'write',
    summary: 'Begin a burn-in of a machine that waits in PIOUS; it writes to no disk',
    example: { asset: 'srv-a', profile: 'standard' },
  }),
  operation({
    id: 'asset.burn-in-write',
    method: 'POST',
    path: '/v1/assets/:asset/burn-ins/write-disks',
    input: Type.Object({ asset: Ref('asset'), profile: literals(['standard', 'soak']), reason: Reason }, closed),
    output: Change,
    scope: ['asset'],
    effect: 'state-change',
    summary: 'Ask for a burn-in that also writes to the blank disks of a machine; a checker must approve their serials',
    example: { asset: 'srv-a', profile: 'standard', reason: 'first delivery of a new disk model' },
  }),
  operation({
    id: 'burn-in.list',
    method: 'GET',
    path: '/v1/burn-ins',
    input: Type.Object(
      { ...pageInput, asset: Type.Optional(Ref('asset')), state: Type.Optional(literals(burnInStates)) },
      closed,
    ),
    output: page(BurnIn),
    scope: 'visible',
    effect: 'read',
    summary: 'List burn-ins, newest first',
    example: { asset: 'srv-a' },
  }),
  operation({
    id: 'burn-in.get',
    method: 'GET',
    path: '/v1/burn-ins/:burnIn',
    input: burnInInput,
    output: BurnInDetail,
    scope: ['burnIn'],
    effect: 'read',
    summary: 'Get one burn-in with its report, by its id or as the newest of an asset',
    example: { burnIn: 'op_01jdaqv1zfe4rs8pnxzqk3wh2d' },
  }),
  operation({
    id: 'burn-in.peers',
    method: 'GET',
    path: '/v1/classes/:class/burn-ins',
    input: Type.Object({ class: Text(120, 'Class name; all its versions') }, closed),
    output: Type.Object({ items: Type.Array(PeerFigure) }, closed),
    scope: 'visible',
    effect: 'read',
    permission: 'burn-in.get',
    summary: 'The figures of the newest burn-in of every machine of a class, beside the median of the others',
    example: { class: 'compute-large' },
  }),
  operation({
    id: 'burn-in.cancel',
    method: 'POST',
    path: '/v1/burn-ins/:burnIn/cancel',
    input: burnInInput,
    output: BurnIn,
    scope: ['burnIn'],
    effect: 'write',
    summary: 'End a burn-in that runs; what it found so far is kept',
    example: { burnIn: 'op_01jdaqv1zfe4rs8pnxzqk3wh2d' },
  }),
] as const;
