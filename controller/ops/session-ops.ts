// Sessions: who is signed in where, and an end to it.
import { PpecError } from '../../shared/errors.ts';
import { findPerson } from '../store/people.ts';
import { endSession, sessionById, sessionView } from '../store/sessions.ts';
import { isForAll } from './for-all.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';

export const sessionHandlers: Handlers<'session.list' | 'session.end'> = {
  'session.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor, ended = false }, { deps, caller }) => {
      const nowMs = deps.clock.nowMs();
      let query = deps.db
        .selectFrom('sessions')
        .innerJoin('people', 'people.id', 'sessions.person_id')
        .selectAll('sessions')
        .select('people.name as person_name');
      if (!isForAll(caller, 'session.list')) query = query.where('sessions.person_id', '=', caller.personId);
      if (!ended) {
        query = query
          .where('sessions.ended_at', 'is', null)
          .where('sessions.idle_until', '>', nowMs)
          .where('sessions.expires_at', '>', nowMs);
      }
      if (cursor !== undefined) query = query.where('sessions.id', '<', cursor);
      const rows = await query
        .orderBy('sessions.id', 'desc')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) =>
        sessionView(row, { person: row.person_name, current: caller.actor.credentialId }),
      );
    },
  },
  'session.end': {
    kind: 'write',
    run: async ({ session }, { uow, caller }) => {
      const row = await sessionById(uow.db, session);
      if (row === undefined || (row.person_id !== caller.personId && !isForAll(caller, 'session.end'))) {
        throw new PpecError('not_found', `There is no session '${session}'. List them: ppec session list`);
      }
      const person = await findPerson(uow.db, row.person_id);
      const ended = await endSession(uow, row, `ended by ${uow.actor.name}`);
      return {
        output: sessionView(ended, { person: person.name, current: caller.actor.credentialId }),
        targets: [row.id, person.id],
        message: `a session of ${person.name} on ${row.client} ended`,
      };
    },
  },
};
