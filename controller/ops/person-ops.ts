// People and their API credentials.
import { PpecError } from '../../shared/errors.ts';
import { effectiveRoles } from '../domain/rbac.ts';
import { fromJson } from '../store/json.ts';
import { addCredential, addPerson, credentialView, findPerson, personView } from '../store/people.ts';
import type { Caller, Handlers } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';

const dayMs = 86_400_000;

export const personHandlers: Handlers<
  'auth.whoami' | 'person.list' | 'person.create' | 'credential.list' | 'credential.create' | 'credential.revoke'
> = {
  'auth.whoami': {
    kind: 'read',
    run: async (_input, { deps, caller }) => ({
      person: personView(await findPerson(deps.db, caller.personId)),
      credentialId: caller.actor.credentialId ?? '',
      permissions: [...caller.permissions].toSorted(),
    }),
  },
  'person.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor }, { deps }) => {
      let query = deps.db.selectFrom('people').selectAll();
      if (cursor !== undefined) query = query.where('id', '>', cursor);
      const rows = await query
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, personView);
    },
  },
  'person.create': {
    kind: 'write',
    run: async (input, { uow }) => {
      const row = await addPerson(uow.db, input, uow.ids);
      await uow.changelog('person', { id: row.id, after: row });
      return { output: personView(row), targets: [row.id], message: `${row.name} added as ${input.roles.join(', ')}` };
    },
  },
  'credential.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor }, { deps, caller }) => {
      let query = deps.db
        .selectFrom('credentials')
        .innerJoin('people', 'people.id', 'credentials.person_id')
        .selectAll('credentials')
        .select('people.name as person_name');
      if (!isAdmin(caller)) query = query.where('credentials.person_id', '=', caller.personId);
      if (cursor !== undefined) query = query.where('credentials.id', '>', cursor);
      const rows = await query
        .orderBy('credentials.id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => credentialView(row, row.person_name));
    },
  },
  'credential.create': {
    kind: 'write',
    run: async ({ label, person, roles, expiresInDays }, { uow, caller }) => {
      const owner = await findPerson(uow.db, person ?? caller.personId);
      if (owner.id !== caller.personId && !isAdmin(caller)) {
        throw new PpecError('permission_denied', 'Only an admin makes credentials for somebody else.');
      }
      const held = effectiveRoles(fromJson(owner.roles), owner.id === caller.personId ? caller.roles : null);
      const beyond = (roles ?? []).filter((role) => !held.includes(role));
      if (beyond.length > 0) {
        throw new PpecError(
          'permission_denied',
          `A credential has no more rights than its owner: ${owner.name} has no role ${beyond.join(', ')} to give.`,
        );
      }
      const { row, secret } = await addCredential(
        uow.db,
        {
          personId: owner.id,
          label,
          // Made with a restricted credential, it is at most as wide as that one.
          roles: roles ?? (held.length === fromJson(owner.roles).length ? null : held),
          expiresAtMs: expiresInDays === undefined ? null : uow.nowMs + expiresInDays * dayMs,
        },
        uow.ids,
      );
      await uow.changelog('credential', { id: row.id, after: row });
      return {
        output: { credential: credentialView(row, owner.name), secret },
        targets: [row.id, owner.id],
        message: `credential '${label}' made for ${owner.name}`,
      };
    },
  },
  'credential.revoke': {
    kind: 'write',
    run: async ({ credential }, { uow, caller }) => {
      const row = await uow.db.selectFrom('credentials').selectAll().where('id', '=', credential).executeTakeFirst();
      if (row === undefined || (row.person_id !== caller.personId && !isAdmin(caller))) {
        throw new PpecError('not_found', `There is no credential '${credential}'. List them: ppec credential list`);
      }
      const owner = await findPerson(uow.db, row.person_id);
      const revoked = { ...row, revoked_at: row.revoked_at ?? uow.nowMs };
      await uow.db
        .updateTable('credentials')
        .set({ revoked_at: revoked.revoked_at })
        .where('id', '=', row.id)
        .execute();
      await uow.changelog('credential', { id: row.id, before: row, after: revoked });
      return {
        output: credentialView(revoked, owner.name),
        targets: [row.id],
        message: `credential '${row.label}' of ${owner.name} revoked`,
      };
    },
  },
};

function isAdmin(caller: Caller): boolean {
  return caller.permissions.has('person.create');
}
