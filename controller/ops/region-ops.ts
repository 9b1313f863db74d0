// The region, and its feed of events.
import { protocolVersion } from '../../shared/protocol/version.ts';
import { seesAll, visibleAssets, visibleChanges } from '../store/visibility.ts';
import { listEvents } from './event-list.ts';
import type { Handlers } from './handler.ts';

export const regionHandlers: Handlers<'region.get' | 'event.list'> = {
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
        problems: deps.problems(),
      };
    },
  },
  'event.list': {
    kind: 'read',
    run: listEvents,
  },
};
