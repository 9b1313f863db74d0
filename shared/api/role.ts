// Roles: named sets of permissions. The built-in ones come with the program; others are data.
import { Type, type Static } from 'typebox';

import { Change } from './change.ts';
import { closed, page, pageInput, Reason, Revision, Text } from './fields.ts';
import { operation } from './operation.ts';
import { RoleText } from './role-names.ts';

export const Role = Type.Object(
  {
    name: Type.String(),
    description: Type.String(),
    builtIn: Type.Boolean(),
    permissions: Type.Array(Type.String(), {
      description: 'Operation ids; `noun.*` for all of a noun, later ones too',
    }),
    grants: Type.Integer({ description: 'How many grants give it' }),
    revision: Type.Integer({ minimum: 0 }),
  },
  closed,
);
export type Role = Static<typeof Role>;

const Permissions = Type.Array(Type.String({ pattern: '^[a-z0-9-]+\\.([a-z0-9-]+|\\*)$', maxLength: 80 }), {
  minItems: 1,
  maxItems: 200,
  description: 'Permissions, or `noun.*`',
});
const role = { role: RoleText };

export const roleOperations = [
  operation({
    id: 'role.list',
    method: 'GET',
    path: '/v1/roles',
    input: Type.Object({ ...pageInput }, closed),
    output: page(Role),
    scope: 'catalogue',
    effect: 'read',
    summary: 'List roles, the built-in ones first',
    example: {},
  }),
  operation({
    id: 'role.get',
    method: 'GET',
    path: '/v1/roles/:role',
    input: Type.Object(role, closed),
    output: Role,
    scope: 'catalogue',
    effect: 'read',
    summary: 'Get one role with its permissions',
    example: { role: 'provisioner' },
  }),
  operation({
    id: 'role.create',
    method: 'POST',
    path: '/v1/roles',
    input: Type.Object(
      { name: RoleText, description: Type.Optional(Text(200)), permissions: Permissions, reason: Reason },
      closed,
    ),
    output: Change,
    scope: 'region',
    effect: 'state-change',
    summary: 'Ask for a role of your own making; a checker must approve',
    example: { name: 'burner', permissions: ['asset.get', 'asset.list', 'burn-in.*'], reason: 'for the test bench' },
  }),
  operation({
    id: 'role.update',
    method: 'PUT',
    path: '/v1/roles/:role',
    input: Type.Object(
      {
        ...role,
        revision: Type.Optional(Revision),
        description: Type.Optional(Text(200)),
        permissions: Permissions,
        reason: Reason,
      },
      closed,
    ),
    output: Change,
    scope: 'region',
    effect: 'state-change',
    summary: 'Ask to change the permissions of a custom role, for all who hold it; a checker must approve',
    example: { role: 'burner', permissions: ['asset.get', 'burn-in.get'], reason: 'less is enough' },
  }),
  operation({
    id: 'role.delete',
    method: 'POST',
    path: '/v1/roles/:role/delete',
    input: Type.Object({ ...role, reason: Reason }, closed),
    output: Change,
    scope: 'region',
    effect: 'state-change',
    summary: 'Ask to delete a custom role that no grant gives; a checker must approve',
    example: { role: 'burner', reason: 'nobody has it' },
  }),
] as const;
