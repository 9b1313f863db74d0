// Parts: what can be pulled out of a server and carries a serial of its own, followed from machine to machine.
import { Type, type Static } from 'typebox';

import { literals } from '../literals.ts';
import { closed, Nullable, page, pageInput, Reason, Ref, Revision, Text, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

/** `module` is what is plugged into a network port; `nic` is the port, by its MAC. */
export const partKinds = ['board', 'dimm', 'disk', 'psu', 'gpu', 'nic', 'module'] as const;
export type PartKind = (typeof partKinds)[number];

export const partStates = ['in-use', 'gone', 'rma'] as const;
export type PartState = (typeof partStates)[number];

/** `claimed`: a second machine reports it while the first one is alive and does so too. */
export const partEvents = ['appeared', 'came', 'returned', 'moved', 'gone', 'replaced', 'claimed', 'rma'] as const;
export type PartEventName = (typeof partEvents)[number];

const partFields = {
  id: Type.String(),
  kind: literals(partKinds),
  maker: Nullable(Type.String()),
  model: Nullable(Type.String({ description: 'Part number, or model where the part tells none' })),
  serial: Type.String({ description: 'The MAC of a network port' }),
  sizeBytes: Nullable(Type.Integer()),
  state: literals(partStates),
  assetId: Nullable(Type.String()),
  asset: Nullable(Type.String({ description: 'Name or serial of the asset it is in' })),
  slot: Type.String({ description: 'Where it is in the asset; where it was last, when it is in none' }),
  lastAssetId: Nullable(Type.String({ description: 'The asset it was in last, when it is in none' })),
  lastAsset: Nullable(Type.String()),
  alsoIn: Type.Array(Type.String(), { description: 'Other assets that report the same part while this one does' }),
  rma: Nullable(Type.String({ description: 'The vendor’s reference it was sent back under' })),
  since: UnixMsField,
  firstSeenAt: UnixMsField,
  revision: Revision,
} as const;

export const Part = Type.Object(partFields, closed);
export type Part = Static<typeof Part>;

export const PartEvent = Type.Object(
  {
    at: UnixMsField,
    event: literals(partEvents),
    text: Type.String(),
    asset: Nullable(Type.String()),
    slot: Nullable(Type.String()),
    fromAsset: Nullable(Type.String()),
    fromSlot: Nullable(Type.String()),
    rma: Nullable(Type.String()),
    actor: Type.String(),
  },
  closed,
);
export type PartEvent = Static<typeof PartEvent>;

export const PartHistory = Type.Object(
  { ...partFields, timeline: Type.Array(PartEvent, { description: 'Oldest first; the newest 1000 events' }) },
  closed,
);
export type PartHistory = Static<typeof PartHistory>;

export const AssetParts = Type.Object(
  {
    here: Type.Array(Part),
    before: Type.Array(Part, { description: 'Parts that were in it and are not any more; the newest 1000' }),
    untracked: Type.Array(Type.String(), { description: 'What cannot be followed, and why' }),
  },
  closed,
);
export type AssetParts = Static<typeof AssetParts>;

export const partOperations = [
  operation({
    id: 'part.list',
    method: 'GET',
    path: '/v1/parts',
    input: Type.Object(
      {
        ...pageInput,
        kind: Type.Optional(literals(partKinds)),
        asset: Type.Optional(Ref('asset')),
        state: Type.Optional(literals(partStates)),
        serial: Type.Optional(Text(200, 'How the serial or MAC begins')),
      },
      closed,
    ),
    output: page(Part),
    scope: 'visible',
    effect: 'read',
    summary: 'List parts: memory modules, disks, power supplies, cards, boards and ports, by their own serials',
    example: { kind: 'dimm', state: 'gone' },
  }),
  operation({
    id: 'part.get',
    method: 'GET',
    path: '/v1/parts/:part',
    input: Type.Object({ part: Type.String({ minLength: 1, maxLength: 200, description: 'Id or serial' }) }, closed),
    output: PartHistory,
    scope: ['part'],
    effect: 'read',
    summary: 'Get one part by id or serial, with every machine it was in',
    example: { part: 'S4EVNX0M123456' },
  }),
  operation({
    id: 'part.rma',
    method: 'POST',
    path: '/v1/parts/:part/rma',
    input: Type.Object(
      {
        part: Type.String({ minLength: 1, maxLength: 200, description: 'Id or serial' }),
        reference: Text(80, 'The vendor’s reference, `RMA-77`'),
        reason: Reason,
      },
      closed,
    ),
    output: Part,
    scope: ['part'],
    effect: 'write',
    summary: 'Mark a part as sent back to its vendor under a reference',
    example: { part: 'S4EVNX0M123456', reference: 'RMA-77', reason: 'media errors in the burn-in' },
  }),
  operation({
    id: 'asset.parts',
    method: 'GET',
    path: '/v1/assets/:asset/parts',
    input: Type.Object({ asset: Ref('asset') }, closed),
    output: AssetParts,
    scope: ['asset'],
    effect: 'read',
    permission: 'asset.get',
    summary: 'The parts of one asset now, and those that were in it before',
    example: { asset: 'srv-a' },
  }),
] as const;
