// Grants: who holds which role, and where. Each is a change that somebody checks who does not gain by it.
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import type { EffectLine } from '../../shared/api/change.ts';
import { parseScope, scopeText } from '../../shared/api/scope.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import { addGrant, findSame, grantView, namesBehind, requireHolder, sameGrant } from '../store/grants.ts';
import { missing } from '../store/missing.ts';
import { requireRole } from '../store/roles.ts';
import { scopeSubject } from '../store/subjects.ts';
import { visibleGrants } from '../store/visibility.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';

const dayMs = 86_400_000;

const created = Compile(
  Type.Object({
    holder: Type.String(),
    role: Type.String(),
    scope: Type.String(),
    expiresInDays: Type.Union([Type.Integer(), Type.Null()]),
  }),
);
const deleted = Compile(Type.Object({ grantId: Type.String() }));

export const grantHandlers: Handlers<'grant.list' | 'grant.create' | 'grant.delete'> = {
  'grant.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor, holder, role }, { deps, caller }) => {
      let query = deps.db.selectFrom('grants').selectAll().where(visibleGrants(caller.rights, 'grant.list'));
      if (holder !== undefined) query = query.where('holder', '=', holder);
      if (role !== undefined) query = query.where('role', '=', role);
      if (cursor !== undefined) query = query.where('id', '>', cursor);
      const rows = await query
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, grantView);
    },
  },
  'grant.create': {
    kind: 'state-change',
    plan: async ({ holder, role, scope: text, expiresInDays, reason }, { uow }) => {
      const parsed = parseScope(text);
      assert(parsed !== undefined, `${text} was resolved`);
      const scope = scopeText(parsed);
      await requireHolder(uow.db, holder);
      const { permissions } = await requireRole(uow.db, role);
      const same = await findSame(uow.db, { holder, role, scope });
      if (same !== undefined && (same.expires_at === null || same.expires_at > uow.nowMs)) throw sameGrant(same);
      const names = await namesBehind(uow.db, holder);
      const line = (label: string, text: string): EffectLine => ({ target: holder, label, text, destructive: false });
      return {
        summary: `grant ${holder} the role ${role} at ${scope}`,
        reason,
        payload: { holder, role, scope, expiresInDays: expiresInDays ?? null },
        targets: [holder, scope],
        effect: [
          line('holder', holder.startsWith('person:') ? holder : `${holder}: ${shortened(names)}`),
          line('role', `${role}: ${shortened(permissions)}`),
          line('scope', scope),
          line('until', expiresInDays === undefined ? 'taken away' : `${expiresInDays} days after approval`),
        ],
      };
    },
    execute: async ({ change, payload, approval }, { uow }) => {
      assert(created.Check(payload), `the payload of ${change.id} is what was frozen`);
      const scope = parseScope(payload.scope);
      assert(scope !== undefined, `the scope of ${change.id} is what was frozen`);
      await requireHolder(uow.db, payload.holder);
      await requireRole(uow.db, payload.role);
      await scopeSubject(uow.db, scope);
      const maker = await uow.db
        .selectFrom('people')
        .select('name')
        .where('id', '=', change.maker_id)
        .executeTakeFirst();
      const { holder, role, expiresInDays } = payload;
      const expiresAtMs = expiresInDays === null ? null : uow.nowMs + expiresInDays * dayMs;
      const createdBy = maker?.name ?? change.maker_id;
      const row = await addGrant(
        uow.db,
        { holder, role, scope, expiresAtMs, createdBy, changeId: approval.changeId },
        uow.ids,
      );
      await uow.changelog('grant', { id: row.id, before: {}, after: row, changeId: change.id });
      await uow.event('grant', row.id, `${holder} has the role ${role} at ${row.scope}`);
      return [];
    },
    gainers: (payload, db) => {
      assert(created.Check(payload), 'the payload of a grant is what was frozen');
      return namesBehind(db, payload.holder);
    },
  },
  'grant.delete': {
    kind: 'state-change',
    plan: async ({ grant, reason }, { uow }) => {
      const row = await uow.db.selectFrom('grants').selectAll().where('id', '=', grant).executeTakeFirst();
      if (row === undefined) throw missing('grant', grant);
      const { id, holder, role, scope } = row;
      const line = (label: string, text: string): EffectLine => ({ target: holder, label, text, destructive: false });
      return {
        summary: `take from ${holder} the role ${role} at ${scope}`,
        reason,
        payload: { grantId: id },
        targets: [id, holder, scope],
        effect: [line('holder', holder), line('loses', role), line('scope', scope)],
      };
    },
    execute: async ({ change, payload }, { uow }) => {
      assert(deleted.Check(payload), `the payload of ${change.id} is what was frozen`);
      const row = await uow.db.selectFrom('grants').selectAll().where('id', '=', payload.grantId).executeTakeFirst();
      if (row === undefined) throw new PpecError('failed_precondition', `${payload.grantId} is gone already.`);
      await uow.db.deleteFrom('grants').where('id', '=', row.id).execute();
      const gone = Object.fromEntries(Object.keys(row).map((field) => [field, null]));
      await uow.changelog('grant', { id: row.id, before: row, after: gone, changeId: change.id });
      await uow.event('grant', row.id, `${row.holder} lost the role ${row.role} at ${row.scope}`);
      return [];
    },
  },
};

const shownMax = 12;

function shortened(words: readonly string[]): string {
  if (words.length === 0) return 'nobody now';
  return words.slice(0, shownMax).join(', ') + (words.length > shownMax ? ` and ${words.length - shownMax} more` : '');
}
