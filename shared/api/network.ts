// IPA, the IP allocator: networks and the addresses allocated from them.
import { Type, type Static } from 'typebox';

import { literals } from '../literals.ts';
import { closed, Nullable, page, pageInput, Ref, Revision, Slug, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

export const networkKinds = ['discovery', 'production', 'bmc', 'vm'] as const;
export const addressStates = ['reserved', 'allocated', 'cooling'] as const;

const Ipv4 = Type.String({ pattern: '^(\\d{1,3}\\.){3}\\d{1,3}$' });

export const Network = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    kind: literals(networkKinds),
    cidr: Type.String(),
    gateway: Nullable(Ipv4),
    rangeStart: Ipv4,
    rangeEnd: Ipv4,
    dns: Type.Array(Ipv4),
    used: Nullable(Type.Integer({ description: 'Null for whoever may not see the whole region' })),
    free: Nullable(Type.Integer()),
    createdAt: UnixMsField,
    revision: Revision,
  },
  closed,
);
export type Network = Static<typeof Network>;

export const Address = Type.Object(
  {
    id: Type.String(),
    network: Type.String(),
    address: Ipv4,
    state: literals(addressStates),
    assetId: Nullable(Type.String()),
    asset: Nullable(Type.String()),
    since: UnixMsField,
  },
  closed,
);
export type Address = Static<typeof Address>;

export const networkOperations = [
  operation({
    id: 'network.list',
    method: 'GET',
    path: '/v1/networks',
    input: Type.Object({ ...pageInput }, closed),
    output: page(Network),
    scope: 'catalogue',
    effect: 'read',
    summary: 'List networks',
    example: {},
  }),
  operation({
    id: 'network.get',
    method: 'GET',
    path: '/v1/networks/:network',
    input: Type.Object({ network: Ref('network') }, closed),
    output: Network,
    scope: 'catalogue',
    effect: 'read',
    summary: 'Get one network',
    example: { network: 'production' },
  }),
  operation({
    id: 'network.create',
    method: 'POST',
    path: '/v1/networks',
    input: Type.Object(
      {
        name: Slug('Name of the network'),
        kind: literals(networkKinds),
        cidr: Type.String({ pattern: '^(\\d{1,3}\\.){3}\\d{1,3}/\\d{1,2}$' }),
        gateway: Type.Optional(Ipv4),
        rangeStart: Type.Optional(Ipv4),
        rangeEnd: Type.Optional(Ipv4),
        dns: Type.Optional(Type.Array(Ipv4, { maxItems: 8 })),
      },
      closed,
    ),
    output: Network,
    scope: 'region',
    effect: 'write',
    summary: 'Create a network; it must not overlap another one',
    example: { name: 'production', kind: 'production', cidr: '10.20.0.0/24', gateway: '10.20.0.1' },
  }),
  operation({
    id: 'address.list',
    method: 'GET',
    path: '/v1/networks/:network/addresses',
    input: Type.Object({ ...pageInput, network: Ref('network') }, closed),
    output: page(Address),
    scope: 'catalogue',
    effect: 'read',
    permission: 'network.get',
    summary: 'List the addresses allocated from a network',
    example: { network: 'production' },
  }),
] as const;
