// Teams, projects, clusters, tags; roles and grants in place of the roles of a person. A project that an asset named before
// there were projects gets a row, of a team of the same age.
import type { Migration } from './migration.ts';

const roles = [
  ['viewer', 'viewer'],
  ['maker', 'provisioner'],
  ['checker', 'approver'],
  ['admin', 'admin'],
] as const;

// The id of a grant that a person had as a role: the person's own, but for the last character. Both sort by their time.
const grantsOfPeople = roles.map(
  ([before, after], index) =>
    `insert into grants select 'grt_' || substr(id, 5, 25) || '${index}', 'person:' || name, '${after}', 'region', 'region',
      null, null, 'upgrade', null, created_at from people where roles like '%"${before}"%'`,
);

export const rights: Migration = {
  name: '0008-rights',
  statements: [
    `create table teams ("name" text primary key, "description" text not null, "created_at" bigint not null)`,
    `create table projects ("name" text primary key, "description" text not null, "team" text not null,
      "created_at" bigint not null)`,
    'create index projects_team on projects (team)',
    `create table clusters ("name" text primary key, "description" text not null, "project" text not null,
      "created_at" bigint not null)`,
    'create index clusters_project on clusters (project)',
    `create table members ("of" text not null, "member" text not null, "created_at" bigint not null,
      primary key ("of", "member"))`,
    'create index members_member on members (member)',
    `create table roles ("name" text primary key, "description" text not null, "permissions" text not null,
      "created_at" bigint not null, "revision" bigint not null)`,
    `create table grants ("id" text primary key, "holder" text not null, "role" text not null, "scope" text not null,
      "scope_kind" text not null, "scope_name" text, "expires_at" bigint, "created_by" text not null, "change_id" text,
      "created_at" bigint not null)`,
    'create unique index grants_once on grants (holder, role, scope)',
    'create index grants_role on grants (role)',
    ...grantsOfPeople,
    'alter table people drop column roles',
    `update credentials set roles = replace(replace(roles, '"maker"', '"provisioner"'), '"checker"', '"approver"')
      where roles is not null`,
    'alter table assets add column "team" text',
    'alter table assets add column "cluster" text',
    `alter table assets add column "tags" text not null default '{}'`,
    `create table asset_tags ("asset_id" text not null, "key" text not null, "value" text not null,
      primary key ("asset_id", "key"))`,
    'create index asset_tags_value on asset_tags ("key", "value")',
    `insert into teams select 'unassigned', 'Projects from before there were teams', 0
      where exists (select 1 from assets where project is not null)`,
    `insert into projects select project, 'Named by a machine before there were projects', 'unassigned', min(created_at)
      from assets where project is not null group by project`,
    `update assets set team = 'unassigned' where project is not null`,
    'create index assets_project on assets (project)',
    'create index assets_team on assets (team)',
    'create index assets_cluster on assets (cluster)',
    // What a change is about, one row each: the scopes that a checker must cover.
    `create table change_subjects ("change_id" text not null, "kind" text not null, "name" text not null,
      primary key ("change_id", "kind", "name"))`,
    `insert into change_subjects select id, 'region', '' from changes`,
  ],
};
