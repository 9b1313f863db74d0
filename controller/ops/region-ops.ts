// The region, its feed of events, and the audit.
import { protocolVersion } from '../../shared/protocol/version.ts';
import { genesisHash, verifyChain, type ChainState } from '../store/audit-chain.ts';
import { auditView } from '../store/records.ts';
import { seesAll, visibleAssets, visibleChanges } from '../store/visibility.ts';
import { listEvents } from './event-list.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit } from './page.ts';

/** Entries verified per read, so that a long chain never fills the memory. */
const auditBatch = 2000;

export const regionHandlers: Handlers<'region.get' | 'event.list' | 'audit.list' | 'audit.verify'> = {
  'region.get': {
    kind: 'read',
    run: async (_input, { deps, caller }) => {
      const visible = visibleAssets(caller.rights, 'region.get');
      const states = await deps.db
        .selectFrom('assets')
        .where(visible)
        .select(['state', (eb) => eb.fn.countAll<number>().as('count')])
        .groupBy('state')
        .execute();
      const { open } = await deps.db
        .selectFrom('changes')
        .select((eb) => eb.fn.countAll<number>().as('open'))
        .where('state', '=', 'open')
        .where(visibleChanges(caller.rights, 'region.get', 'changes.id'))
        .executeTakeFirstOrThrow();
      const { online } = await deps.db
        .selectFrom('assets')
        .select((eb) => eb.fn.countAll<number>().as('online'))
        .where('presence', '=', 'online')
        .where(visible)
        .executeTakeFirstOrThrow();
      return {
        ...deps.region,
        protocolVersion,
        assets: Object.fromEntries(states.map(({ state, count }) => [state, count])),
        agentsOnline: seesAll(caller.rights, 'region.get') ? deps.agentsOnline() : online,
        changesOpen: open,
      };
    },
  },
  'event.list': {
    kind: 'read',
    run: listEvents,
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
