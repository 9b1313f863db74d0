// What is wrong with the controller itself now: told when it begins and when it ends, and shown until then.
import type { RegionProblem } from '../../shared/api/region.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Log } from '../log.ts';
import { systemActor, type Store } from '../store/unit-of-work.ts';

export type Problems = {
  /** Begins, or goes on with another message. Told as an event and in the log, once. */
  readonly raise: (code: string, message: string) => Promise<void>;
  readonly clear: (code: string, message: string) => Promise<void>;
  readonly list: () => RegionProblem[];
};

export function createProblems(store: Store, log: Log): Problems {
  const known = new Map<string, RegionProblem>();
  const tell = async (code: string, text: string): Promise<void> => {
    // The store may be what is wrong.
    await store
      .write(systemActor('controller'), (uow) => uow.event('alert', code, text))
      .catch((error: unknown) => log.error({ code, error: messageOf(error) }, 'alert not stored'));
  };
  return {
    raise: async (code, message) => {
      const before = known.get(code);
      known.set(code, { code, message, since: before?.since ?? store.nowMs() });
      if (before !== undefined) return;
      log.error({ code, detail: message }, 'alert');
      await tell(code, `ALERT: ${message}`);
    },
    clear: async (code, message) => {
      if (!known.delete(code)) return;
      log.info({ code, detail: message }, 'alert ended');
      await tell(code, message);
    },
    list: () => [...known.values()],
  };
}
