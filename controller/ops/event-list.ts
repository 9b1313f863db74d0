// event.list: a long poll that answers with what the caller may see. It asks for their rights anew before each look, so that
// a lost grant ends what an open poll shows; and what they may not see does not wake it, at least not so that they notice.
import type { OperationInput, OperationOutput } from '../../shared/api/operations.ts';
import { seesAll, visibleEvents, type Condition } from '../store/visibility.ts';
import type { OpsDeps, ReadContext } from './handler.ts';
import { defaultLimit } from './page.ts';

const permission = 'event.list';

export async function listEvents(
  { after = 0, limit = defaultLimit, waitMs = 0 }: OperationInput<'event.list'>,
  { deps, caller }: ReadContext,
): Promise<OperationOutput<'event.list'>> {
  const endMs = deps.clock.nowMs() + waitMs;
  let seen: number | undefined;
  for (;;) {
    const rights = await caller.rightsNow(deps.db);
    const condition = visibleEvents(rights, permission);
    const { newest, oldest } = await bounds(deps);
    const rows = await deps.db
      .selectFrom('events')
      .selectAll()
      .where('seq', '>', after)
      .where(condition)
      .orderBy('seq')
      .limit(limit)
      .execute();
    const leftMs = endMs - deps.clock.nowMs();
    // Woken by nothing new, the time is up, or the controller stops.
    const isIdle = seen !== undefined && newest <= seen;
    if (rows.length > 0 || leftMs <= 0 || isIdle) {
      const last = seesAll(rights, permission) ? newest : await newestVisible(deps, condition);
      return {
        items: rows.map(({ object_id, ...row }) => ({ ...row, objectId: object_id })),
        last,
        oldest,
      };
    }
    seen = Math.max(after, newest);
    await deps.waitForEvent(seen, leftMs);
  }
}

async function bounds({ db }: OpsDeps): Promise<{ newest: number; oldest: number | null }> {
  const row = await db
    .selectFrom('events')
    .select((eb) => [eb.fn.min<number | null>('seq').as('oldest'), eb.fn.max<number | null>('seq').as('newest')])
    .executeTakeFirst();
  return { newest: row?.newest ?? 0, oldest: row?.oldest ?? null };
}

async function newestVisible({ db }: OpsDeps, condition: Condition): Promise<number> {
  const row = await db
    .selectFrom('events')
    .select('seq')
    .where(condition)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.seq ?? 0;
}
