// People and their API credentials.
import { PpecError } from '../../shared/errors.ts';
import { decide } from '../domain/rbac.ts';
import { scopeText } from '../../shared/api/scope.ts';
import { rightsOf } from '../store/grants.ts';
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
      grants: caller.rights.held.map(({ id, holder, role, scopes, expiresAt }) => ({
        id,
        holder,
        role,
        scopes: scopes.map(scopeText),
        expiresAt,
      })),
      permissions: [...caller.rights.byPermission.keys()].toSorted(),
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
      return { output: personView(row), targets: [row.id], message: `${row.name} added` };
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
      if (!isFor(caller, 'credential.list')) query = query.where('credentials.person_id', '=', caller.personId);
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
      if (owner.id !== caller.personId && !isFor(caller, 'credential.create')) {
        throw new PpecError('permission_denied', 'Only an admin makes credentials for somebody else.');
      }
      const isOwn = owner.id === caller.personId;
      const { held } = isOwn ? caller.rights : await rightsOf(uow.db, owner.name, uow.nowMs);
      const beyond = (roles ?? []).filter((given) => !held.some(({ role }) => role === given));
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
          roles: roles ?? (isOwn ? (caller.limits.roles ?? null) : null),
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
      if (row === undefined || (row.person_id !== caller.personId && !isFor(caller, 'credential.revoke'))) {
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

/** Everybody may do it for themselves; at region, for everybody. */
function isFor(caller: Caller, permission: string): boolean {
  return decide(caller.rights, permission, 'region').allowed;
}
