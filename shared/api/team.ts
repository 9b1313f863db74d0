// Teams: people and services that own projects together.
import { Type, type Static } from 'typebox';

import { Change } from './change.ts';
import { closed, page, pageInput, Reason, Ref, Slug, Text, UnixMsField } from './fields.ts';
import { MemberText } from './holder.ts';
import { operation } from './operation.ts';

export const Team = Type.Object(
  {
    name: Type.String(),
    description: Type.String(),
    members: Type.Array(Type.String(), { description: 'person:NAME or service:NAME' }),
    projects: Type.Array(Type.String()),
    createdAt: UnixMsField,
  },
  closed,
);
export type Team = Static<typeof Team>;

const team = Ref('team');

export const teamOperations = [
  operation({
    id: 'team.list',
    method: 'GET',
    path: '/v1/teams',
    input: Type.Object({ ...pageInput }, closed),
    output: page(Team),
    scope: 'visible',
    effect: 'read',
    summary: 'List teams',
    example: {},
  }),
  operation({
    id: 'team.get',
    method: 'GET',
    path: '/v1/teams/:team',
    input: Type.Object({ team }, closed),
    output: Team,
    scope: ['team'],
    effect: 'read',
    summary: 'Get one team with its members and projects',
    example: { team: 'storage' },
  }),
  operation({
    id: 'team.create',
    method: 'POST',
    path: '/v1/teams',
    input: Type.Object({ name: Slug('Its name; never changes'), description: Type.Optional(Text(200)) }, closed),
    output: Team,
    scope: 'region',
    effect: 'write',
    summary: 'Create a team',
    example: { name: 'storage', description: 'Block and object storage' },
  }),
  operation({
    id: 'team.add-member',
    method: 'POST',
    path: '/v1/teams/:team/members',
    input: Type.Object({ team, member: MemberText, reason: Reason }, closed),
    output: Change,
    scope: ['team'],
    effect: 'state-change',
    summary: 'Ask to add a person or service to a team, with all that is granted to it; a checker must approve',
    example: { team: 'storage', member: 'person:mia', reason: 'joined on Monday' },
  }),
  operation({
    id: 'team.remove-member',
    method: 'POST',
    path: '/v1/teams/:team/members/remove',
    input: Type.Object({ team, member: MemberText }, closed),
    output: Team,
    scope: ['team'],
    effect: 'write',
    summary: 'Remove a person or service from a team; what was granted to it ends for them at once',
    example: { team: 'storage', member: 'person:mia' },
  }),
] as const;
