// The region, and its feed of events.
import { protocolVersion } from '../../shared/protocol/version.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit } from './page.ts';

export const regionHandlers: Handlers<'region.get' | 'event.list'> = {
  'region.get': {
    kind: 'read',
    run: async (_input, { deps }) => {
      const states = await deps.db
        .selectFrom('assets')
        .select(['state', (eb) => eb.fn.countAll<number>().as('count')])
        .groupBy('state')
        .execute();
      const { open } = await deps.db
        .selectFrom('changes')
        .select((eb) => eb.fn.countAll<number>().as('open'))
        .where('state', '=', 'open')
        .executeTakeFirstOrThrow();
      return {
        ...deps.region,
        protocolVersion,
        assets: Object.fromEntries(states.map(({ state, count }) => [state, count])),
        agentsOnline: deps.agentsOnline(),
        changesOpen: open,
        problems: deps.problems(),
      };
    },
  },
  'event.list': {
    kind: 'read',
    run: async ({ after = 0, limit = defaultLimit, waitMs = 0 }, { deps }) => {
      if (waitMs > 0) await deps.waitForEvent(after, waitMs);
      const rows = await deps.db
        .selectFrom('events')
        .selectAll()
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(limit)
        .execute();
      const bounds = await deps.db
        .selectFrom('events')
        .select((eb) => [eb.fn.min<number | null>('seq').as('oldest'), eb.fn.max<number | null>('seq').as('newest')])
        .executeTakeFirst();
      return {
        items: rows.map(({ object_id, ...row }) => ({ ...row, objectId: object_id })),
        last: bounds?.newest ?? 0,
        oldest: bounds?.oldest ?? null,
      };
    },
  },
};
