// What an object belongs to, which decides whose right reaches it.
import type { Kysely } from 'kysely';

import type { ObjectKind } from '../../shared/api/operation.ts';
import { parseScope, scopeText, type Scope } from '../../shared/api/scope.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import { regionSubject, type Rights, type Subject, type Where } from '../domain/rbac.ts';
import { assetById, findAsset } from './assets.ts';
import { findBurnIn } from './burn-ins.ts';
import { scopeOf } from './grants.ts';
import { findCluster, findProject, findTeam } from './groups.ts';
import { fromJson } from './json.ts';
import { missing } from './missing.ts';
import { findPart } from './part-events.ts';
import { findPolicy } from './policies.ts';
import { findChange } from './changes.ts';
import type { ChangeSubjectKind } from './rights-tables.ts';
import type { AssetRow, Database } from './schema.ts';

type Db = Kysely<Database>;

/** An object that was named: its id, or its name where that is its id, and where a right to it must hold. */
export type Resolved = {
  readonly id: string;
  readonly subjects: readonly Where[];
  /** Where the right to read it must hold; `subjects`, unless told. */
  readonly shownTo?: readonly Where[];
  /** What a change that acts on it is about. */
  readonly about: readonly ChangeSubject[];
};
export type ChangeSubject = { readonly kind: ChangeSubjectKind; readonly name: string };

export function assetSubject(row: AssetRow): Subject {
  return {
    team: row.team,
    project: row.project,
    cluster: row.cluster,
    tags: fromJson(row.tags),
    isPool: row.state === 'SPARE' && row.project === null,
  };
}

export const teamSubject = (team: string): Subject => ({ ...regionSubject, team });

export async function projectSubject(db: Db, name: string): Promise<Subject> {
  const { team } = await findProject(db, name);
  return { ...regionSubject, team, project: name };
}

export async function clusterSubject(db: Db, name: string): Promise<Subject> {
  const { team, project } = await findCluster(db, name);
  return { ...regionSubject, team, project, cluster: name };
}

/** A scope as an object: what may be done at it may be done to whatever is in it. */
export async function scopeSubject(db: Db, scope: Scope): Promise<Where> {
  switch (scope.kind) {
    case 'region':
      return 'region';
    case 'team':
      return teamSubject((await findTeam(db, scope.name)).name);
    case 'project':
      return projectSubject(db, scope.name);
    case 'cluster':
      return clusterSubject(db, scope.name);
    case 'tags':
      return { ...regionSubject, tags: scope.tags };
  }
}

/** What a change is about, as it stands now. An asset or group that is gone leaves it to the region. */
export async function changeSubjects(db: Db, changeId: string): Promise<Where[]> {
  const rows = await db.selectFrom('change_subjects').selectAll().where('change_id', '=', changeId).execute();
  return subjectsAbout(db, rows);
}

/** The same of a change that is not kept yet. */
export async function subjectsAbout(db: Db, about: readonly ChangeSubject[]): Promise<Where[]> {
  const subjects: Where[] = [];
  for (const { kind, name } of about) {
    if (kind === 'asset') subjects.push(await subjectOfAsset(db, name));
    else {
      const scope = parseScope(kind === 'region' || kind === 'tags' ? name || 'region' : `${kind}:${name}`);
      subjects.push(scope === undefined ? 'region' : await scopeSubject(db, scope));
    }
  }
  return subjects.length === 0 ? ['region'] : subjects;
}

/** In place of those it had. Each once; many targets of one change may be about the same thing. */
export async function keepSubjects(db: Db, changeId: string, about: readonly ChangeSubject[]): Promise<void> {
  await db.deleteFrom('change_subjects').where('change_id', '=', changeId).execute();
  const rows = about.map(({ kind, name }) => ({ change_id: changeId, kind, name }));
  for (const row of rows)
    await db
      .insertInto('change_subjects')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
}

async function subjectOfAsset(db: Db, id: string): Promise<Where> {
  const row = await assetById(db, id);
  return row === undefined ? 'region' : assetSubject(row);
}

const regionAbout: ChangeSubject = { kind: 'region', name: '' };

async function ofAsset(db: Db, id: string, assetId: string): Promise<Resolved> {
  const row = await assetById(db, assetId);
  if (row === undefined) return { id, subjects: ['region'], about: [regionAbout] };
  return { id, subjects: [assetSubject(row)], about: [{ kind: 'asset', name: assetId }] };
}

async function ofScope(db: Db, id: string, scope: Scope): Promise<Resolved> {
  return { id, subjects: [await scopeSubject(db, scope)], about: [subjectOfScope(scope)] };
}

/** What a change about a scope is about. */
export function subjectOfScope(scope: Scope): ChangeSubject {
  return { kind: scope.kind, name: 'name' in scope ? scope.name : scope.kind === 'tags' ? scopeText(scope) : '' };
}

type Finder = (db: Db, reference: string, rights: Rights) => Promise<Resolved>;

const finders: Readonly<Record<ObjectKind, Finder>> = {
  asset: async (db, reference) => {
    const row = await findAsset(db, reference);
    return { id: row.id, subjects: [assetSubject(row)], about: [{ kind: 'asset', name: row.id }] };
  },
  'burn-in': async (db, reference) => {
    const row = await findBurnIn(db, reference);
    return ofAsset(db, row.id, row.asset_id);
  },
  // Several parts may have one serial: only those that may be seen are chosen from.
  part: async (db, reference, rights) => {
    const row = await findPart(db, reference, rights);
    return ofAsset(db, row.id, row.asset_id ?? row.last_asset_id ?? '');
  },
  operation: async (db, reference) => {
    const row = await db.selectFrom('operations').select('asset_id').where('id', '=', reference).executeTakeFirst();
    if (row === undefined) throw missing('operation', reference);
    return ofAsset(db, reference, row.asset_id);
  },
  change: async (db, reference) => {
    const { id } = await findChange(db, reference);
    return { id, subjects: await changeSubjects(db, id), about: [regionAbout] };
  },
  team: (db, reference) => ofScope(db, reference, { kind: 'team', name: reference }),
  project: (db, reference) => ofScope(db, reference, { kind: 'project', name: reference }),
  cluster: (db, reference) => ofScope(db, reference, { kind: 'cluster', name: reference }),
  grant: async (db, reference) => {
    const row = await db.selectFrom('grants').selectAll().where('id', '=', reference).executeTakeFirst();
    if (row === undefined) throw missing('grant', reference);
    return ofScope(db, row.id, scopeOf(row));
  },
  policy: async (db, reference) => {
    const row = await findPolicy(db, reference);
    const scope = parseScope(row.scope);
    assert(scope !== undefined, `the scope of ${row.id} was checked when it was made`);
    const resolved = await ofScope(db, row.id, scope);
    // Whoever works here works under the region's policies, and may know them.
    return scope.kind === 'region' ? { ...resolved, shownTo: ['anywhere'] } : resolved;
  },
  scope: async (db, reference) => {
    const scope = parseScope(reference);
    if (scope === undefined)
      throw new PpecError('invalid_argument', `'${reference}' is no scope: a tag is there twice.`);
    return ofScope(db, scopeText(scope), scope);
  },
};

/** Finds what a member of an input names. Throws `not_found`. */
export function findObject(db: Db, kind: ObjectKind, wanted: { reference: string; rights: Rights }): Promise<Resolved> {
  return finders[kind](db, wanted.reference, wanted.rights);
}

/** The permission that shows an object of a kind; a scope shows nothing by itself, its team or project does. */
export const readPermissionOf: Readonly<Record<Exclude<ObjectKind, 'scope'>, string>> = {
  asset: 'asset.get',
  'burn-in': 'burn-in.get',
  part: 'part.get',
  operation: 'operation.get',
  change: 'change.get',
  team: 'team.get',
  project: 'project.get',
  cluster: 'cluster.get',
  grant: 'grant.list',
  policy: 'policy.get',
};
