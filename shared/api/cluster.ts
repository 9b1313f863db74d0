// Clusters: sets of BAREMETALs of one project.
import { Type, type Static } from 'typebox';

import { closed, page, pageInput, Ref, Slug, Text, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

export const Cluster = Type.Object(
  {
    name: Type.String(),
    description: Type.String(),
    project: Type.String({ description: 'The project it belongs to; never changes' }),
    team: Type.String(),
    assets: Type.Integer({ description: 'How many machines it has' }),
    createdAt: UnixMsField,
  },
  closed,
);
export type Cluster = Static<typeof Cluster>;

const cluster = Ref('cluster');

export const clusterOperations = [
  operation({
    id: 'cluster.list',
    method: 'GET',
    path: '/v1/clusters',
    input: Type.Object({ ...pageInput, project: Type.Optional(Ref('project')) }, closed),
    output: page(Cluster),
    scope: 'visible',
    effect: 'read',
    summary: 'List clusters',
    example: { project: 'payments' },
  }),
  operation({
    id: 'cluster.get',
    method: 'GET',
    path: '/v1/clusters/:cluster',
    input: Type.Object({ cluster }, closed),
    output: Cluster,
    scope: ['cluster'],
    effect: 'read',
    summary: 'Get one cluster',
    example: { cluster: 'ledger' },
  }),
  operation({
    id: 'cluster.create',
    method: 'POST',
    path: '/v1/clusters',
    input: Type.Object(
      { name: Slug('Its name; never changes'), project: Ref('project'), description: Type.Optional(Text(200)) },
      closed,
    ),
    output: Cluster,
    scope: ['project'],
    effect: 'write',
    summary: 'Create a cluster of a project',
    example: { name: 'ledger', project: 'payments' },
  }),
  operation({
    id: 'cluster.add-asset',
    method: 'POST',
    path: '/v1/clusters/:cluster/assets',
    input: Type.Object({ cluster, asset: Ref('asset') }, closed),
    output: Cluster,
    scope: ['cluster', 'asset'],
    effect: 'write',
    summary: 'Add a BAREMETAL of its project to a cluster',
    example: { cluster: 'ledger', asset: 'srv-a' },
  }),
  operation({
    id: 'cluster.remove-asset',
    method: 'POST',
    path: '/v1/clusters/:cluster/assets/remove',
    input: Type.Object({ cluster, asset: Ref('asset') }, closed),
    output: Cluster,
    scope: ['cluster', 'asset'],
    effect: 'write',
    summary: 'Take a machine out of a cluster; it stays in the project',
    example: { cluster: 'ledger', asset: 'srv-a' },
  }),
] as const;
