// Roles. A custom role changes what all who hold it may do: a checker approves that who does not hold it.
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import type { EffectLine } from '../../shared/api/change.ts';
import type { Role } from '../../shared/api/role.ts';
import { roleNames } from '../../shared/api/role-names.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import { allPermissions, expandPermissions } from '../domain/rbac.ts';
import { namesWithRole } from '../store/grants.ts';
import { toJson } from '../store/json.ts';
import { builtInView, isBuiltIn, requireRole, roleView } from '../store/roles.ts';
import type { Approved, ExecuteContext, Handlers, Plan, Reader } from './handler.ts';
import { defaultLimit, namedPage } from './page.ts';

/** Custom roles at most. */
const rolesMax = 500;

const Content = Type.Object({
  name: Type.String(),
  description: Type.String(),
  permissions: Type.Array(Type.String()),
  /** Of the role it changes; 0 of a new one. */
  revision: Type.Integer(),
});
const contentValidator = Compile(Content);

export const roleHandlers: Handlers<'role.list' | 'role.get' | 'role.create' | 'role.update' | 'role.delete'> = {
  'role.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor }, { deps }) => {
      const custom = await deps.db.selectFrom('roles').selectAll().orderBy('name').limit(rolesMax).execute();
      const all = [...roleNames.map(builtInView), ...custom.map(roleView)];
      const from = cursor === undefined ? 0 : all.findIndex(({ name }) => name === cursor) + 1;
      return namedPage(all.slice(from, from + limit + 1), limit, (role) => withCount(deps.db, role));
    },
  },
  'role.get': {
    kind: 'read',
    run: async ({ role }, { deps }) => withCount(deps.db, await requireRole(deps.db, role)),
  },
  'role.create': {
    kind: 'state-change',
    plan: async ({ name, description = '', permissions, reason }, { uow }) => {
      checkPermissions(permissions);
      await refuseTaken(uow.db, name);
      return planned({ name, description, permissions, revision: 0 }, { verb: 'create', reason, before: [] });
    },
    execute: async ({ change, payload }, { uow }) => {
      assert(contentValidator.Check(payload), `the payload of ${change.id} is what was frozen`);
      const { name, description, permissions } = payload;
      await refuseTaken(uow.db, name);
      const row = { name, description, permissions: toJson(permissions), created_at: uow.nowMs, revision: 1 };
      await uow.db.insertInto('roles').values(row).execute();
      await uow.changelog('role', { id: name, before: {}, after: row, changeId: change.id });
      return [];
    },
  },
  'role.update': {
    kind: 'state-change',
    plan: async ({ role, revision, description, permissions, reason }, { uow }) => {
      checkPermissions(permissions);
      const before = await customRole(uow.db, role);
      if (revision !== undefined && revision !== before.revision)
        throw new PpecError('conflict', `${role} is at revision ${before.revision}, not ${revision}. Look again.`);
      const content = { name: role, description: description ?? before.description, permissions };
      return planned({ ...content, revision: before.revision }, { verb: 'change', reason, before: before.permissions });
    },
    execute: updateRole,
    gainers: (payload, db) => {
      assert(contentValidator.Check(payload), 'the payload of a role is what was frozen');
      return namesWithRole(db, payload.name);
    },
  },
  'role.delete': {
    kind: 'state-change',
    plan: async ({ role, reason }, { uow }) => {
      const before = await customRole(uow.db, role);
      await refuseGranted(uow.db, role);
      return planned(
        { name: role, description: before.description, permissions: [], revision: before.revision },
        { verb: 'delete', reason, before: before.permissions },
      );
    },
    execute: async ({ change, payload }, { uow }) => {
      assert(contentValidator.Check(payload), `the payload of ${change.id} is what was frozen`);
      const before = await customRole(uow.db, payload.name);
      await refuseGranted(uow.db, payload.name);
      await uow.db.deleteFrom('roles').where('name', '=', payload.name).execute();
      await uow.changelog('role', {
        id: payload.name,
        before: { permissions: before.permissions.join(' ') },
        after: { permissions: null },
        changeId: change.id,
      });
      return [];
    },
  },
};

async function updateRole({ change, payload }: Approved, { uow }: ExecuteContext): Promise<string[]> {
  assert(contentValidator.Check(payload), `the payload of ${change.id} is what was frozen`);
  const { name, description, permissions, revision } = payload;
  const before = await customRole(uow.db, name);
  if (before.revision !== revision)
    throw new PpecError('failed_precondition', `The role ${name} was changed since this was filed. File it anew.`);
  const after = { description, permissions: toJson(permissions), revision: revision + 1 };
  await uow.db.updateTable('roles').set(after).where('name', '=', name).execute();
  await uow.changelog('role', {
    id: name,
    before: { description: before.description, permissions: toJson(before.permissions) },
    after,
    changeId: change.id,
  });
  return [];
}

async function withCount(db: Reader, role: Omit<Role, 'grants'>): Promise<Role> {
  const { count } = await db
    .selectFrom('grants')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('role', '=', role.name)
    .executeTakeFirstOrThrow();
  const { revision, ...rest } = role;
  return { ...rest, grants: count, revision };
}

/** Throws where one is no permission of any operation, and where a noun has none. */
function checkPermissions(permissions: readonly string[]): void {
  const unknown = permissions.filter((each) =>
    each.endsWith('.*') ? expandPermissions([each]).size === 0 : !allPermissions.includes(each),
  );
  if (unknown.length === 0) return;
  throw new PpecError(
    'invalid_argument',
    `No operation needs ${unknown.slice(0, 5).join(', ')}. The permissions are listed in docs/api.md; \`noun.*\` stands for all of a noun.`,
  );
}

async function refuseTaken(db: Reader, name: string): Promise<void> {
  const known = await db.selectFrom('roles').select('name').where('name', '=', name).executeTakeFirst();
  if (known !== undefined || isBuiltIn(name))
    throw new PpecError('already_exists', `There is a role '${name}' already.`);
  const { count } = await db
    .selectFrom('roles')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  if (count >= rolesMax)
    throw new PpecError('resource_exhausted', `There are ${rolesMax} custom roles. Delete some: ppec role delete`);
}

async function customRole(db: Reader, name: string): Promise<Omit<Role, 'grants'>> {
  const role = await requireRole(db, name);
  if (role.builtIn)
    throw new PpecError('failed_precondition', `The role ${name} is built in. Make one of your own: ppec role create`);
  return role;
}

async function refuseGranted(db: Reader, name: string): Promise<void> {
  const grant = await db.selectFrom('grants').select('id').where('role', '=', name).limit(1).executeTakeFirst();
  if (grant !== undefined)
    throw new PpecError(
      'failed_precondition',
      `Grants give the role ${name}: delete them first. ppec grant list --role ${name}`,
    );
}

type Planned = { readonly verb: string; readonly reason: string; readonly before: readonly string[] };

type Content = {
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly string[];
  readonly revision: number;
};

function planned(content: Content, { verb, reason, before }: Planned): Plan {
  const line = (label: string, text: string): EffectLine => ({ target: content.name, label, text, destructive: false });
  const added = content.permissions.filter((each) => !before.includes(each));
  const removed = before.filter((each) => !content.permissions.includes(each));
  return {
    summary: `${verb} the role ${content.name}`,
    reason,
    payload: content,
    targets: [`role:${content.name}`],
    effect: [
      ...added.map((each) => line('may', each)),
      ...removed.map((each) => line('may no more', each)),
      ...(content.description === '' ? [] : [line('description', content.description)]),
    ],
  };
}
