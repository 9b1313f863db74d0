// The region, its feed of events, and the audit.
import { protocolVersion } from '../../shared/protocol/version.ts';
import { genesisHash, verifyChain, type ChainState } from '../store/audit-chain.ts';
import { auditView } from '../store/records.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit } from './page.ts';

/** Entries verified per read, so that a long chain never fills the memory. */
const auditBatch = 2000;

export const regionHandlers: Handlers<'region.get' | 'event.list' | 'audit.list' | 'audit.verify'> = {
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
  'audit.list': {
    kind: 'read',
    run: async ({ after = 0, limit = defaultLimit, target }, { deps }) => {
      let query = deps.db.selectFrom('audit').selectAll().where('seq', '>', after);
      // Targets are ids and names in a JSON list: the quotes keep `srv-1` from finding `srv-12`.
      if (target !== undefined)
        query = query.where('targets', 'like', `%${JSON.stringify(target).replaceAll('%', '')}%`);
      const rows = await query
        .orderBy('seq')
        .limit(limit + 1)
        .execute();
      const shown = rows.slice(0, limit);
      return { items: shown.map(auditView), next: rows.length > limit ? String(shown.at(-1)?.seq ?? '') : null };
    },
  },
  'audit.verify': {
    kind: 'read',
    run: async (_input, { deps }) => {
      let state: ChainState = { seq: 0, hash: genesisHash };
      for (;;) {
        const rows = await deps.db
          .selectFrom('audit')
          .selectAll()
          .where('seq', '>', state.seq)
          .orderBy('seq')
          .limit(auditBatch)
          .execute();
        const checked = verifyChain(state, rows.map(auditView));
        if (!checked.ok) {
          return { ok: false, entries: state.seq, headSeq: state.seq, headHash: state.hash, problem: checked.problem };
        }
        state = checked.state;
        if (rows.length < auditBatch) break;
      }
      return { ok: true, entries: state.seq, headSeq: state.seq, headHash: state.hash, problem: null };
    },
  },
};
