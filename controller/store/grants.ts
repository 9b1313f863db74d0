// Grants: who holds which role, and where. What a person may do is read from here with every request.
import type { Kysely } from 'kysely';

import type { Grant } from '../../shared/api/grant.ts';
import { parseHolder } from '../../shared/api/holder.ts';
import { parseScope, scopeText, type Scope } from '../../shared/api/scope.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import { newId, type IdSource } from '../../shared/ids.ts';
import { compileRights, type Held, type Rights } from '../domain/rbac.ts';
import { permissionsOfRoles } from './roles.ts';
import type { GrantRow } from './rights-tables.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;

/** Grants that count for one person at most; the oldest are taken. */
const heldMax = 1000;
/** Members of one team or project at most, and of one grant's effect looked at. */
export const membersMax = 1000;

/** The second pair of eyes is a person's: a service neither checks what others ask for nor does without a checker. */
const peoples: ReadonlySet<string> = new Set(['change.approve', 'change.break-glass']);

/**
 * The rights of a person or service, by name: their own grants, and those of their teams and projects. Somebody who is not
 * active has none.
 */
export async function rightsOf(db: Db, name: string, nowMs: number): Promise<Rights> {
  const who = await db.selectFrom('people').select(['kind', 'active']).where('name', '=', name).executeTakeFirst();
  if (who?.active !== 1) return compileRights([]);
  const own = ownHolders(name);
  const rows = await db
    .selectFrom('grants')
    .selectAll()
    .where((eb) =>
      eb.or([
        eb('holder', 'in', own),
        eb('holder', 'in', eb.selectFrom('members').select('members.of').where('member', 'in', own)),
      ]),
    )
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', nowMs)]))
    .orderBy('id')
    .limit(heldMax)
    .execute();
  const held = await heldOf(db, rows);
  if (who.kind === 'person') return compileRights(held);
  return compileRights(
    held.map((grant) => ({
      ...grant,
      permissions: new Set([...grant.permissions].filter((each) => !peoples.has(each))),
    })),
  );
}

export async function heldOf(db: Db, rows: readonly GrantRow[]): Promise<Held[]> {
  const roles = await permissionsOfRoles(
    db,
    rows.map(({ role }) => role),
  );
  return rows.map((row) => ({
    id: row.id,
    holder: row.holder,
    role: row.role,
    scopes: [scopeOf(row)],
    expiresAt: row.expires_at,
    // A role that is no more gives nothing.
    permissions: roles.get(row.role) ?? new Set<string>(),
  }));
}

/** People and services have one space of names. */
export function ownHolders(name: string): string[] {
  return [`person:${name}`, `service:${name}`];
}

export function scopeOf({ scope }: Pick<GrantRow, 'scope'>): Scope {
  const parsed = parseScope(scope);
  assert(parsed !== undefined, `the scope ${scope} of a grant was checked when it was made`);
  return parsed;
}

export type NewGrant = {
  readonly holder: string;
  readonly role: string;
  readonly scope: Scope;
  readonly expiresAtMs: number | null;
  readonly createdBy: string;
  readonly changeId: string | null;
};

/** Throws `already_exists`; one that has expired is in nobody's way. */
export async function addGrant(db: Db, grant: NewGrant, ids: IdSource): Promise<GrantRow> {
  const nowMs = ids.clock.nowMs();
  const scope = scopeText(grant.scope);
  const known = await findSame(db, { ...grant, scope });
  if (known !== undefined && (known.expires_at === null || known.expires_at > nowMs)) throw sameGrant(known);
  if (known !== undefined) await db.deleteFrom('grants').where('id', '=', known.id).execute();
  const row: GrantRow = {
    id: newId('grant', ids),
    holder: grant.holder,
    role: grant.role,
    scope,
    scope_kind: grant.scope.kind,
    scope_name: 'name' in grant.scope ? grant.scope.name : null,
    expires_at: grant.expiresAtMs,
    created_by: grant.createdBy,
    change_id: grant.changeId,
    created_at: nowMs,
  };
  await db.insertInto('grants').values(row).execute();
  return row;
}

export function findSame(
  db: Db,
  { holder, role, scope }: Pick<GrantRow, 'holder' | 'role' | 'scope'>,
): Promise<GrantRow | undefined> {
  return db
    .selectFrom('grants')
    .selectAll()
    .where('holder', '=', holder)
    .where('role', '=', role)
    .where('scope', '=', scope)
    .executeTakeFirst();
}

export function sameGrant({ id, holder, role, scope }: GrantRow): PpecError {
  return new PpecError('already_exists', `${holder} has the role ${role} at ${scope} already, by ${id}.`);
}

/** Throws `not_found` where nobody, or no team or project, has the name. */
export async function requireHolder(db: Db, text: string): Promise<void> {
  const holder = parseHolder(text);
  if (holder !== undefined && (await holderExists(db, holder.kind, holder.name))) return;
  throw new PpecError('not_found', `There is no ${text.replace(':', " '")}'.`);
}

async function holderExists(db: Db, kind: string, name: string): Promise<boolean> {
  if (kind === 'team' || kind === 'project') {
    const table = kind === 'team' ? 'teams' : 'projects';
    return (await db.selectFrom(table).select('name').where('name', '=', name).executeTakeFirst()) !== undefined;
  }
  const found = await db.selectFrom('people').select(['kind', 'active']).where('name', '=', name).executeTakeFirst();
  return found?.active === 1 && found.kind === kind;
}

/** The names of the people and services that a holder stands for. */
export async function namesBehind(db: Db, holder: string): Promise<string[]> {
  const parsed = parseHolder(holder);
  if (parsed === undefined) return [];
  if (parsed.kind === 'person' || parsed.kind === 'service') return [parsed.name];
  const rows = await db.selectFrom('members').select('member').where('of', '=', holder).execute();
  return rows.flatMap(({ member }) => parseHolder(member)?.name ?? []);
}

/** The names of all who hold a permission anywhere now, in their order. */
export async function namesWithPermission(db: Db, permission: string, nowMs: number): Promise<string[]> {
  const rows = await db
    .selectFrom('grants')
    .select(['holder', 'role'])
    .distinct()
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', nowMs)]))
    .execute();
  const roles = await permissionsOfRoles(
    db,
    rows.map(({ role }) => role),
  );
  const holders = new Set(rows.filter(({ role }) => roles.get(role)?.has(permission)).map(({ holder }) => holder));
  const names: string[] = [];
  for (const holder of holders) names.push(...(await namesBehind(db, holder)));
  return [...new Set(names)].toSorted();
}

/** The names of all who hold a role, whatever the scope. */
export async function namesWithRole(db: Db, role: string): Promise<string[]> {
  const rows = await db.selectFrom('grants').select('holder').distinct().where('role', '=', role).execute();
  const names: string[] = [];
  for (const { holder } of rows) names.push(...(await namesBehind(db, holder)));
  return [...new Set(names)];
}

export function grantView(row: GrantRow): Grant {
  return {
    id: row.id,
    holder: row.holder,
    role: row.role,
    scope: row.scope,
    expiresAt: row.expires_at,
    createdBy: row.created_by,
    changeId: row.change_id,
    createdAt: row.created_at,
  };
}
