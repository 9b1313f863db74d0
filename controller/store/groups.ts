// Teams, their projects, and the clusters of those; and who is a member. Their names never change.
import type { Kysely } from 'kysely';

import type { Cluster } from '../../shared/api/cluster.ts';
import type { Project } from '../../shared/api/project.ts';
import type { Team } from '../../shared/api/team.ts';
import { PpecError } from '../../shared/errors.ts';
import { membersMax } from './grants.ts';
import { missing } from './missing.ts';
import type { Database } from './schema.ts';
import type { UnitOfWork } from './unit-of-work.ts';

type Db = Kysely<Database>;
export type TeamRow = Database['teams'];
export type ProjectRow = Database['projects'];
export type ClusterRow = Database['clusters'];

/** Throws `not_found`. */
export async function findTeam(db: Db, name: string): Promise<TeamRow> {
  const row = await db.selectFrom('teams').selectAll().where('name', '=', name).executeTakeFirst();
  if (row === undefined) throw missing('team', name);
  return row;
}

/** Throws `not_found`. */
export async function findProject(db: Db, name: string): Promise<ProjectRow> {
  const row = await db.selectFrom('projects').selectAll().where('name', '=', name).executeTakeFirst();
  if (row === undefined) throw missing('project', name);
  return row;
}

export type ClusterOfTeam = ClusterRow & { readonly team: string };

/** With the team of its project. Throws `not_found`. */
export async function findCluster(db: Db, name: string): Promise<ClusterOfTeam> {
  const row = await db
    .selectFrom('clusters')
    .innerJoin('projects', 'projects.name', 'clusters.project')
    .selectAll('clusters')
    .select('projects.team')
    .where('clusters.name', '=', name)
    .executeTakeFirst();
  if (row === undefined) throw missing('cluster', name);
  return row;
}

export async function membersOf(db: Db, group: string): Promise<string[]> {
  const rows = await db.selectFrom('members').select('member').where('of', '=', group).orderBy('member').execute();
  return rows.map(({ member }) => member);
}

export async function isMember(db: Db, group: string, member: string): Promise<boolean> {
  const row = await db
    .selectFrom('members')
    .select('member')
    .where('of', '=', group)
    .where('member', '=', member)
    .executeTakeFirst();
  return row !== undefined;
}

export async function addMember(uow: UnitOfWork, group: string, member: string): Promise<void> {
  const members = await membersOf(uow.db, group);
  if (members.includes(member)) throw new PpecError('already_exists', `${member} is a member of ${group} already.`);
  if (members.length >= membersMax)
    throw new PpecError('resource_exhausted', `${group} has ${membersMax} members, and takes no more.`);
  await uow.db.insertInto('members').values({ of: group, member, created_at: uow.nowMs }).execute();
}

/** Throws `not_found` where it is no member. */
export async function removeMember(uow: UnitOfWork, group: string, member: string): Promise<void> {
  const { numDeletedRows } = await uow.db
    .deleteFrom('members')
    .where('of', '=', group)
    .where('member', '=', member)
    .executeTakeFirst();
  if (numDeletedRows === 0n) throw new PpecError('not_found', `${member} is no member of ${group}.`);
}

export async function teamView(db: Db, row: TeamRow): Promise<Team> {
  const projects = await db
    .selectFrom('projects')
    .select('name')
    .where('team', '=', row.name)
    .orderBy('name')
    .execute();
  return {
    name: row.name,
    description: row.description,
    members: await membersOf(db, `team:${row.name}`),
    projects: projects.map(({ name }) => name),
    createdAt: row.created_at,
  };
}

export async function projectView(db: Db, row: ProjectRow): Promise<Project> {
  const clusters = await db
    .selectFrom('clusters')
    .select('name')
    .where('project', '=', row.name)
    .orderBy('name')
    .execute();
  return {
    name: row.name,
    description: row.description,
    team: row.team,
    members: await membersOf(db, `project:${row.name}`),
    clusters: clusters.map(({ name }) => name),
    createdAt: row.created_at,
  };
}

export async function clusterView(db: Db, row: ClusterOfTeam): Promise<Cluster> {
  const { count } = await db
    .selectFrom('assets')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('cluster', '=', row.name)
    .executeTakeFirstOrThrow();
  return {
    name: row.name,
    description: row.description,
    project: row.project,
    team: row.team,
    assets: count,
    createdAt: row.created_at,
  };
}
