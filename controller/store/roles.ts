// Roles: those of the program and those that are data.
import type { Kysely } from 'kysely';

import type { Role } from '../../shared/api/role.ts';
import { roleNames } from '../../shared/api/role-names.ts';
import { PpecError } from '../../shared/errors.ts';
import { builtInRoles } from '../domain/built-in-roles.ts';
import { expandPermissions } from '../domain/rbac.ts';
import { fromJson } from './json.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;
export type RoleRow = Database['roles'];

const builtIn = new Map<string, ReadonlySet<string>>(
  roleNames.map((name) => [name, new Set(builtInRoles[name].permissions)]),
);

export function isBuiltIn(name: string): boolean {
  return builtIn.has(name);
}

/** Custom roles are read with each authentication: there are few, and a changed one counts at once. */
export async function permissionsOfRoles(
  db: Db,
  names: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const custom = [...new Set(names)].filter((name) => !builtIn.has(name));
  if (custom.length === 0) return builtIn;
  const rows = await db.selectFrom('roles').select(['name', 'permissions']).where('name', 'in', custom).execute();
  return new Map([...builtIn, ...rows.map((row) => [row.name, expandPermissions(fromJson(row.permissions))] as const)]);
}

/** Throws `not_found`. */
export async function requireRole(db: Db, name: string): Promise<Omit<Role, 'grants'>> {
  const known = roleNames.find((each) => each === name);
  if (known !== undefined) return builtInView(known);
  const row = await db.selectFrom('roles').selectAll().where('name', '=', name).executeTakeFirst();
  if (row === undefined) throw new PpecError('not_found', `There is no role '${name}'. List them: ppec role list`);
  return roleView(row);
}

export function builtInView(name: (typeof roleNames)[number]): Omit<Role, 'grants'> {
  const { description, permissions } = builtInRoles[name];
  return { name, description, builtIn: true, permissions: permissions.toSorted(), revision: 0 };
}

export function roleView(row: RoleRow): Omit<Role, 'grants'> {
  const { name, description, revision } = row;
  return { name, description, builtIn: false, permissions: fromJson(row.permissions), revision };
}
