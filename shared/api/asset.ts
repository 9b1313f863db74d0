// Assets: physical servers, from order to retirement.
import { Type, type Static } from 'typebox';

import { InventorySchema } from '../hardware/inventory.ts';
import { Finding, verdicts } from '../inspection/finding.ts';
import { assetStates, healthStates, holdStates, presenceStates } from '../lifecycle/asset.ts';
import { trustLevels } from '../lifecycle/trust.ts';
import { HealthReport } from '../protocol/messages.ts';
import { literals } from '../literals.ts';
import { closed, Nullable, page, pageInput, Ref, Revision, Sha256, Text, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';
import { tagPattern } from './scope.ts';

export const Asset = Type.Object(
  {
    id: Type.String(),
    name: Nullable(Type.String({ description: 'The name on the packing list, or one given later' })),
    serial: Type.String(),
    uuid: Nullable(Type.String()),
    macs: Type.Array(Type.String()),
    datacenter: Nullable(Type.String()),
    rack: Nullable(Type.String()),
    slot: Nullable(Type.String()),
    class: Nullable(Type.String({ description: 'Machine class and version, `compute-large@1`' })),
    purchaseOrder: Nullable(Type.String()),
    orderLine: Nullable(Type.Integer()),
    state: literals(assetStates),
    stateSince: UnixMsField,
    stateReason: Type.String(),
    health: literals(healthStates),
    presence: literals(presenceStates),
    presenceSince: UnixMsField,
    hold: literals(holdStates),
    home: Nullable(literals(['pious', 'production'])),
    trust: literals(trustLevels),
    bootId: Nullable(Type.String()),
    agentVersion: Nullable(Type.String()),
    address: Nullable(Type.String({ description: 'Production address' })),
    hostname: Nullable(Type.String()),
    project: Nullable(Type.String()),
    team: Nullable(Type.String({ description: 'The team of its project' })),
    cluster: Nullable(Type.String()),
    tags: Type.Record(Type.String(), Type.String()),
    image: Nullable(Type.String()),
    operationId: Nullable(Type.String({ description: 'The operation that works on this asset now' })),
    findings: Type.Array(Finding, { description: 'Of the latest inspection' }),
    verificationEnforced: Nullable(Type.Boolean({ description: 'The agent refuses unsigned commands' })),
    createdAt: UnixMsField,
    revision: Revision,
  },
  closed,
);
export type Asset = Static<typeof Asset>;

export const Inspection = Type.Object(
  {
    id: Type.String(),
    assetId: Type.String(),
    bootId: Type.String(),
    inventoryHash: Sha256,
    class: Nullable(Type.String()),
    verdict: literals(verdicts),
    findings: Type.Array(Finding),
    at: UnixMsField,
  },
  closed,
);
export type Inspection = Static<typeof Inspection>;

export const TimelineEntry = Type.Object(
  { at: UnixMsField, event: Type.String(), text: Type.String(), actor: Type.String(), change: Nullable(Type.String()) },
  closed,
);
export type TimelineEntry = Static<typeof TimelineEntry>;

const assetInput = Type.Object({ asset: Ref('asset') }, closed);

export const assetOperations = [
  operation({
    id: 'asset.list',
    method: 'GET',
    path: '/v1/assets',
    input: Type.Object(
      {
        ...pageInput,
        state: Type.Optional(literals(assetStates)),
        class: Type.Optional(Text(120, 'Class name, with or without @version')),
        presence: Type.Optional(literals(presenceStates)),
        rack: Type.Optional(Text(80)),
        team: Type.Optional(Ref('team')),
        project: Type.Optional(Ref('project')),
        cluster: Type.Optional(Ref('cluster')),
        tag: Type.Optional(Type.String({ pattern: tagPattern, description: '`key=value`' })),
      },
      closed,
    ),
    output: page(Asset),
    scope: 'visible',
    effect: 'read',
    summary: 'List assets',
    example: { state: 'SPARE' },
  }),
  operation({
    id: 'asset.get',
    method: 'GET',
    path: '/v1/assets/:asset',
    input: Type.Object(
      {
        asset: Ref('asset'),
        at: Type.Optional(
          Type.Integer({ minimum: 0, description: 'As it was at this time, milliseconds since 1970-01-01T00:00:00Z' }),
        ),
      },
      closed,
    ),
    output: Asset,
    scope: ['asset'],
    effect: 'read',
    summary: 'Get one asset by id, name or serial, as it is or as it was',
    example: { asset: 'srv-a' },
  }),
  operation({
    id: 'asset.timeline',
    method: 'GET',
    path: '/v1/assets/:asset/timeline',
    input: assetInput,
    output: page(TimelineEntry),
    scope: ['asset'],
    effect: 'read',
    permission: 'asset.get',
    summary: 'What happened to one asset, oldest first',
    example: { asset: 'srv-a' },
  }),
  operation({
    id: 'asset.inventory',
    method: 'GET',
    path: '/v1/assets/:asset/inventory',
    input: assetInput,
    output: Type.Object(
      {
        assetId: Type.String(),
        bootId: Type.String(),
        hash: Sha256,
        at: UnixMsField,
        inventory: InventorySchema,
      },
      closed,
    ),
    scope: ['asset'],
    effect: 'read',
    permission: 'asset.get',
    summary: 'The latest inventory that the agent reported',
    example: { asset: 'srv-a' },
  }),
  operation({
    id: 'asset.health',
    method: 'GET',
    path: '/v1/assets/:asset/health',
    input: assetInput,
    output: Type.Object({ assetId: Type.String(), at: UnixMsField, report: HealthReport }, closed),
    scope: ['asset'],
    effect: 'read',
    permission: 'asset.get',
    summary: 'The latest health report',
    example: { asset: 'srv-a' },
  }),
  operation({
    id: 'asset.console',
    method: 'GET',
    path: '/v1/assets/:asset/console',
    input: assetInput,
    output: Type.Object({ assetId: Type.String(), text: Type.String(), keptAt: Nullable(UnixMsField) }, closed),
    scope: ['asset'],
    effect: 'read',
    permission: 'asset.get',
    summary: 'The console log kept when the asset was quarantined, else the end of the live one',
    example: { asset: 'srv-a' },
  }),
  operation({
    id: 'asset.inspect',
    method: 'POST',
    path: '/v1/assets/:asset/inspect',
    input: assetInput,
    output: Asset,
    scope: ['asset'],
    effect: 'write',
    summary: 'Compare an asset that waits in PIOUS with its order again',
    example: { asset: 'srv-b' },
  }),
] as const;
