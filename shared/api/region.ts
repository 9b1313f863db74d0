// The region: what this controller is, and its feed of events.
import { Type, type Static } from 'typebox';

import { closed, Nullable, Sha256, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

export const RegionEvent = Type.Object(
  {
    seq: Type.Integer({ minimum: 1 }),
    at: UnixMsField,
    kind: Type.String({ description: '`asset`, `change`, `operation`, `image` …' }),
    objectId: Type.String(),
    text: Type.String(),
  },
  closed,
);
export type RegionEvent = Static<typeof RegionEvent>;

export const RegionProblem = Type.Object(
  { code: Type.String({ description: '`audit-witness` …' }), message: Type.String(), since: UnixMsField },
  closed,
);
export type RegionProblem = Static<typeof RegionProblem>;

export const regionOperations = [
  operation({
    id: 'region.get',
    method: 'GET',
    path: '/v1/region',
    input: Type.Object({}, closed),
    output: Type.Object(
      {
        name: Type.String(),
        version: Type.String(),
        protocolVersion: Type.Integer(),
        caSha256: Sha256,
        bootUrl: Type.String(),
        assets: Type.Record(Type.String(), Type.Integer(), { description: 'Assets per state' }),
        agentsOnline: Type.Integer(),
        changesOpen: Type.Integer(),
        problems: Type.Array(RegionProblem, { description: 'What is wrong with the controller itself now' }),
      },
      closed,
    ),
    effect: 'read',
    summary: 'What this region is and how it is',
    example: {},
  }),
  operation({
    id: 'event.list',
    method: 'GET',
    path: '/v1/events',
    input: Type.Object(
      {
        after: Type.Optional(Type.Integer({ minimum: 0, description: 'Only events with a greater sequence number' })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
        waitMs: Type.Optional(
          Type.Integer({ minimum: 0, maximum: 30_000, default: 0, description: 'Wait this long for the first event' }),
        ),
      },
      closed,
    ),
    output: Type.Object(
      {
        items: Type.Array(RegionEvent),
        last: Type.Integer({ description: 'The newest sequence number of the feed; 0 when nothing has happened' }),
        oldest: Nullable(Type.Integer({ description: 'The oldest one still kept' })),
      },
      closed,
    ),
    effect: 'read',
    summary: 'What happened since a sequence number; waits for the next event when asked to',
    example: { after: 0, waitMs: 20000 },
  }),
] as const;
