// Changes nobody decided in time: closed when their time is up, by one timer that knows the next one due.
import { close } from '../ops/change-ops.ts';
import { systemActor, type Store } from '../store/unit-of-work.ts';

const batch = 100;

/** Closes what has expired; answers when the next open change expires, if there is one. */
export async function expireChanges(store: Store): Promise<number | undefined> {
  await store.write(systemActor('expiry'), async (uow) => {
    const due = await uow.db
      .selectFrom('changes')
      .selectAll()
      .where('state', '=', 'open')
      .where('expires_at', '<=', uow.nowMs)
      .orderBy('expires_at')
      .limit(batch)
      .execute();
    for (const row of due) {
      const written = await close(uow, row, { state: 'expired', reason: 'nobody decided in time' });
      await uow.audit({
        operation: 'change.expire',
        targets: written.targets,
        outcome: 'done',
        message: written.message,
        changeId: row.id,
      });
    }
  });
  const next = await store.db
    .selectFrom('changes')
    .select('expires_at')
    .where('state', '=', 'open')
    .orderBy('expires_at')
    .limit(1)
    .executeTakeFirst();
  return next?.expires_at;
}
