// Where a person is written to.
import type { Notification } from '../../shared/api/notification.ts';
import type { Db } from '../store/database.ts';
import type { Handlers, OpsDeps } from './handler.ts';

export const notificationHandlers: Handlers<'notification.get' | 'notification.set'> = {
  'notification.get': {
    kind: 'read',
    run: async (_input, { deps, caller }) => view(deps.db, caller.personId, deps),
  },
  'notification.set': {
    kind: 'write',
    run: async ({ email }, { uow, caller, deps }) => {
      const before = await view(uow.db, caller.personId, deps);
      await uow.db.deleteFrom('notification_addresses').where('person_id', '=', caller.personId).execute();
      if (email !== null) {
        await uow.db.insertInto('notification_addresses').values({ person_id: caller.personId, email }).execute();
      }
      await uow.changelog('person', { id: caller.personId, before: { email: before.email }, after: { email } });
      return {
        output: await view(uow.db, caller.personId, deps),
        targets: [caller.personId],
        message: email === null ? 'is written to no more' : `is written to at ${email}`,
      };
    },
  },
};

async function view(db: Pick<Db, 'selectFrom'>, personId: string, deps: OpsDeps): Promise<Notification> {
  const row = await db
    .selectFrom('notification_addresses')
    .select('email')
    .where('person_id', '=', personId)
    .executeTakeFirst();
  return { email: row?.email ?? null, mailIsConfigured: deps.mailIsConfigured };
}
