// Waivers: the approved, expiring acceptance of one finding on one asset. There is no wider exception.
import { Type, type Static } from 'typebox';

import { Change } from './change.ts';
import { closed, page, pageInput, Reason, Ref, Text, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

export const Waiver = Type.Object(
  {
    id: Type.String(),
    assetId: Type.String(),
    asset: Type.String({ description: "The asset's name or serial" }),
    path: Type.String({ description: 'Where the finding is, as in its `path`' }),
    rule: Type.String(),
    reason: Type.String(),
    changeId: Type.String(),
    createdAt: UnixMsField,
    expiresAt: UnixMsField,
    active: Type.Boolean(),
  },
  closed,
);
export type Waiver = Static<typeof Waiver>;

export const waiverOperations = [
  operation({
    id: 'waiver.list',
    method: 'GET',
    path: '/v1/waivers',
    input: Type.Object({ ...pageInput, asset: Type.Optional(Ref('asset')) }, closed),
    output: page(Waiver),
    scope: 'visible',
    effect: 'read',
    permission: 'asset.get',
    summary: 'List waivers, those that have ended too',
    example: { asset: 'srv-b' },
  }),
  operation({
    id: 'asset.waive',
    method: 'POST',
    path: '/v1/assets/:asset/waivers',
    input: Type.Object(
      {
        asset: Ref('asset'),
        path: Text(200, 'Path of the finding, `memory/A3`'),
        rule: Type.Optional(Text(80, 'Its rule, where several findings share the path')),
        days: Type.Integer({ minimum: 1, maximum: 365, description: 'How long it is accepted' }),
        reason: Reason,
      },
      closed,
    ),
    output: Change,
    scope: ['asset'],
    effect: 'state-change',
    summary: 'Ask to accept one finding on one asset for a time; a checker must approve',
    example: { asset: 'srv-b', path: 'memory/A3', days: 30, reason: 'replacement DIMM arrives on Monday' },
  }),
] as const;
