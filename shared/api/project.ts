// Projects: what a team runs; every BAREMETAL belongs to one.
import { Type, type Static } from 'typebox';

import { Change } from './change.ts';
import { closed, page, pageInput, Reason, Ref, Slug, Text, UnixMsField } from './fields.ts';
import { MemberText } from './holder.ts';
import { operation } from './operation.ts';

export const Project = Type.Object(
  {
    name: Type.String(),
    description: Type.String(),
    team: Type.String({ description: 'The team it belongs to; never changes' }),
    members: Type.Array(Type.String(), { description: 'person:NAME or service:NAME' }),
    clusters: Type.Array(Type.String()),
    createdAt: UnixMsField,
  },
  closed,
);
export type Project = Static<typeof Project>;

const project = Ref('project');

export const projectOperations = [
  operation({
    id: 'project.list',
    method: 'GET',
    path: '/v1/projects',
    input: Type.Object({ ...pageInput, team: Type.Optional(Ref('team')) }, closed),
    output: page(Project),
    scope: 'visible',
    effect: 'read',
    summary: 'List projects',
    example: {},
  }),
  operation({
    id: 'project.get',
    method: 'GET',
    path: '/v1/projects/:project',
    input: Type.Object({ project }, closed),
    output: Project,
    scope: ['project'],
    effect: 'read',
    summary: 'Get one project with its members and clusters',
    example: { project: 'payments' },
  }),
  operation({
    id: 'project.create',
    method: 'POST',
    path: '/v1/projects',
    input: Type.Object(
      { name: Slug('Its name; never changes'), team: Ref('team'), description: Type.Optional(Text(200)) },
      closed,
    ),
    output: Project,
    scope: ['team'],
    effect: 'write',
    summary: 'Create a project of a team',
    example: { name: 'payments', team: 'finance' },
  }),
  operation({
    id: 'project.add-member',
    method: 'POST',
    path: '/v1/projects/:project/members',
    input: Type.Object({ project, member: MemberText, reason: Reason }, closed),
    output: Change,
    scope: ['project'],
    effect: 'state-change',
    summary: 'Ask to add a person or service to a project, with all that is granted to it; a checker must approve',
    example: { project: 'payments', member: 'person:mia', reason: 'joined on Monday' },
  }),
  operation({
    id: 'project.remove-member',
    method: 'POST',
    path: '/v1/projects/:project/members/remove',
    input: Type.Object({ project, member: MemberText }, closed),
    output: Project,
    scope: ['project'],
    effect: 'write',
    summary: 'Remove a person or service from a project; what was granted to it ends for them at once',
    example: { project: 'payments', member: 'person:mia' },
  }),
] as const;
