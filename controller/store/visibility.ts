// What a caller may see, as conditions of SQL: every list and count has one of these, so that nothing that is not shown is
// counted, paged over or waited for. domain/rbac.ts decides the same of one object in memory.
import { sql, type RawBuilder, type SqlBool } from 'kysely';

import type { Scope } from '../../shared/api/scope.ts';
import { poolGrant, readPermissions, type Held, type Rights } from '../domain/rbac.ts';

export type Condition = RawBuilder<SqlBool>;

const always: Condition = sql<SqlBool>`1 = 1`;
export const never: Condition = sql<SqlBool>`1 = 0`;

/** Whether a permission holds at region, and nothing needs to be left out. */
export function seesAll(rights: Rights, permission: string): boolean {
  return rights.byPermission.get(permission)?.region !== undefined;
}

const anyOf = (conditions: readonly Condition[]): Condition =>
  conditions.length === 0 ? never : sql<SqlBool>`(${sql.join(conditions, sql` or `)})`;
const allOf = (conditions: readonly Condition[]): Condition => sql<SqlBool>`(${sql.join(conditions, sql` and `)})`;

type OfScope = (scope: Scope) => Condition;

/** The grants of a permission, each as what all its scopes cover. */
function granted(rights: Rights, permission: string, ofScope: OfScope): Condition[] {
  const index = rights.byPermission.get(permission);
  if (index === undefined) return [];
  const grants: Held[] = [...index.team.values(), ...index.project.values(), ...index.cluster.values(), ...index.other];
  return grants.map(({ scopes }) => allOf(scopes.map(ofScope)));
}

const assetScope: OfScope = (scope) => {
  switch (scope.kind) {
    case 'region':
      return always;
    case 'team':
      return sql<SqlBool>`assets.team = ${scope.name}`;
    case 'project':
      return sql<SqlBool>`assets.project = ${scope.name}`;
    case 'cluster':
      return sql<SqlBool>`assets.cluster = ${scope.name}`;
    case 'tags':
      return allOf(
        Object.entries(scope.tags).map(
          ([key, value]) =>
            sql<SqlBool>`exists (select 1 from asset_tags where asset_tags.asset_id = assets.id and asset_tags.key = ${key} and asset_tags.value = ${value})`,
        ),
      );
  }
};

/** Of a query on `assets`: those with a tag, `key=value`. */
export function isTagged(tag: string): Condition {
  const at = tag.indexOf('=');
  return assetScope({ kind: 'tags', tags: { [tag.slice(0, at)]: tag.slice(at + 1) } });
}

/** Unowned SPAREs: a pool for whoever may provision somewhere. */
const inPool = sql<SqlBool>`(assets.state = 'SPARE' and assets.project is null)`;

/** The assets on which a permission holds, of a query on `assets`. */
export function visibleAssets(rights: Rights, permission: string): Condition {
  if (seesAll(rights, permission)) return always;
  const own = granted(rights, permission, assetScope);
  const isPooled = own.length > 0 && readPermissions.has(permission) && poolGrant(rights) !== undefined;
  return anyOf(isPooled ? [...own, inPool] : own);
}

/** Rows of another table whose asset is one of those; `column` is its id. */
export function ofVisibleAssets(rights: Rights, permission: string, column: string): Condition {
  if (seesAll(rights, permission)) return always;
  return sql<SqlBool>`${sql.ref(column)} in (select assets.id from assets where ${visibleAssets(rights, permission)})`;
}

/** Teams, by a column with their name. Only what is granted to a team, or the region, shows it. */
export function visibleTeams(rights: Rights, permission: string, column: string): Condition {
  const ofScope: OfScope = (scope) =>
    scope.kind === 'team' ? sql<SqlBool>`${sql.ref(column)} = ${scope.name}` : scope.kind === 'region' ? always : never;
  return seesAll(rights, permission) ? always : anyOf(granted(rights, permission, ofScope));
}

/** Projects, by a column with their name. */
export function visibleProjects(rights: Rights, permission: string, column: string): Condition {
  const name = sql.ref(column);
  const ofScope: OfScope = (scope) => {
    if (scope.kind === 'region') return always;
    if (scope.kind === 'project') return sql<SqlBool>`${name} = ${scope.name}`;
    if (scope.kind !== 'team') return never;
    return sql<SqlBool>`${name} in (select projects.name from projects where projects.team = ${scope.name})`;
  };
  return seesAll(rights, permission) ? always : anyOf(granted(rights, permission, ofScope));
}

/** Clusters, by a column with their name. */
export function visibleClusters(rights: Rights, permission: string, column: string): Condition {
  const name = sql.ref(column);
  const ofScope: OfScope = (scope) => {
    if (scope.kind === 'region') return always;
    if (scope.kind === 'cluster') return sql<SqlBool>`${name} = ${scope.name}`;
    if (scope.kind === 'project')
      return sql<SqlBool>`${name} in (select clusters.name from clusters where clusters.project = ${scope.name})`;
    if (scope.kind !== 'team') return never;
    return sql<SqlBool>`${name} in (select clusters.name from clusters, projects where projects.name = clusters.project and projects.team = ${scope.name})`;
  };
  return seesAll(rights, permission) ? always : anyOf(granted(rights, permission, ofScope));
}

/** Of a query on `grants`: those whose scope lies within one where the permission holds. */
export function visibleGrants(rights: Rights, permission: string): Condition {
  if (seesAll(rights, permission)) return always;
  const named = (kind: string): Condition => sql<SqlBool>`grants.scope_kind = ${kind}`;
  return anyOf([
    allOf([named('team'), visibleTeams(rights, permission, 'grants.scope_name')]),
    allOf([named('project'), visibleProjects(rights, permission, 'grants.scope_name')]),
    allOf([named('cluster'), visibleClusters(rights, permission, 'grants.scope_name')]),
  ]);
}

/** Changes, by a column with their id: those all of whose subjects the permission covers. */
export function visibleChanges(rights: Rights, permission: string, column: string): Condition {
  if (seesAll(rights, permission)) return always;
  const kind = (name: string): Condition => sql<SqlBool>`subject.kind = ${name}`;
  const covered = anyOf([
    allOf([kind('asset'), ofVisibleAssets(rights, permission, 'subject.name')]),
    allOf([kind('team'), visibleTeams(rights, permission, 'subject.name')]),
    allOf([kind('project'), visibleProjects(rights, permission, 'subject.name')]),
    allOf([kind('cluster'), visibleClusters(rights, permission, 'subject.name')]),
  ]);
  const id = sql.ref(column);
  return sql<SqlBool>`(exists (select 1 from change_subjects as subject where subject.change_id = ${id}) and not exists (select 1 from change_subjects as subject where subject.change_id = ${id} and not ${covered}))`;
}

/** Of a query on `events`. What no object's owner can be told of is for the region. */
export function visibleEvents(rights: Rights, permission: string): Condition {
  if (seesAll(rights, permission)) return always;
  const kind = (...names: string[]): Condition => sql<SqlBool>`events.kind in (${sql.join(names)})`;
  return anyOf([
    allOf([kind('asset', 'alert'), ofVisibleAssets(rights, permission, 'events.object_id')]),
    allOf([
      kind('operation'),
      sql<SqlBool>`events.object_id in (select operations.id from operations where ${ofVisibleAssets(rights, permission, 'operations.asset_id')})`,
    ]),
    allOf([kind('change', 'alert'), visibleChanges(rights, permission, 'events.object_id')]),
    allOf([kind('team'), visibleTeams(rights, permission, 'events.object_id')]),
    allOf([kind('project'), visibleProjects(rights, permission, 'events.object_id')]),
    allOf([kind('cluster'), visibleClusters(rights, permission, 'events.object_id')]),
    ...(rights.byPermission.has(permission) ? [kind('image')] : []),
  ]);
}

/** Of a query on `parts`: those in an asset on which the permission holds, or that were in one last. */
export function visibleParts(rights: Rights, permission: string): Condition {
  if (seesAll(rights, permission)) return always;
  return sql<SqlBool>`coalesce(parts.asset_id, parts.last_asset_id) in (select assets.id from assets where ${visibleAssets(rights, permission)})`;
}
