// What happens often is gathered: one entry a minute says how often, so that who looked at what is known without the audit
// drowning in it. What was gathered and not yet written is lost when the controller is killed; at most a minute of it.
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Log } from '../log.ts';
import type { Actor, AuditNote, Store } from '../store/unit-of-work.ts';

export type Noted = AuditNote & { readonly actor: Actor };

export type Gathered = {
  /** Counted, and written within a minute. */
  readonly count: (noted: Noted) => void;
  /** Written now, and counted for as long as it repeats. */
  readonly write: (noted: Noted) => Promise<void>;
  /** An attempt by somebody who is not known: written now; beyond a number of them in a minute, only counted. */
  readonly attempt: (noted: Noted) => Promise<void>;
  readonly flush: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export type GatheredDeps = { readonly store: Store; readonly clock: Clock; readonly log: Log };
export type GatheredLimits = { readonly everyMs: number; readonly keysMax: number; readonly attemptsMax: number };

const defaultLimits: GatheredLimits = { everyMs: 60_000, keysMax: 4096, attemptsMax: 300 };

type Entry = { noted: Noted; count: number; readonly isWritten: boolean; readonly sinceMs: number };

export function createGathered(deps: GatheredDeps, limits = defaultLimits): Gathered {
  const { store, clock, log } = deps;
  let entries = new Map<string, Entry>();
  let attempts = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  const append = ({ actor, ...note }: Noted): Promise<void> => store.write(actor, (uow) => uow.audit(note));
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    attempts = 0;
    const due = [...entries.values()].filter(({ count }) => count > 0);
    entries = new Map();
    writing = writing.then(() => writeAll(due, { append, clock, log }));
    return writing;
  };
  /** Answers whether it is the first of its kind in this minute. */
  const gather = (noted: Noted, counted: number): boolean => {
    const key = JSON.stringify([
      noted.actor.id,
      noted.actor.credentialId,
      noted.actor.from,
      noted.operation,
      noted.outcome,
      noted.targets,
      noted.outcome === 'done' ? '' : noted.message,
    ]);
    const known = entries.get(key);
    if (known !== undefined) {
      known.noted = noted;
      known.count += 1;
      return false;
    }
    entries.set(key, { noted, count: counted, isWritten: counted === 0, sinceMs: clock.nowMs() });
    timer ??= setTimeout(() => void flush(), limits.everyMs);
    if (entries.size >= limits.keysMax) void flush();
    return true;
  };
  return {
    count: (noted) => void gather(noted, 1),
    write: async (noted) => {
      if (gather(noted, 0)) await append(noted);
    },
    attempt: async (noted) => {
      if (attempts >= limits.attemptsMax) {
        // From everywhere at once: how many, not each of them.
        const many = { ...noted.actor, credentialId: null, from: null, requestId: null };
        gather({ ...noted, actor: many, targets: [], message: 'more attempts than are listed one by one' }, 1);
        return;
      }
      if (!gather(noted, 0)) return;
      attempts += 1;
      await append(noted);
    },
    flush,
    stop: flush,
  };
}

async function writeAll(
  due: readonly Entry[],
  { append, clock, log }: { append: (noted: Noted) => Promise<void>; clock: Clock; log: Log },
): Promise<void> {
  const ends = await Promise.allSettled(
    due.map(({ noted, count, isWritten, sinceMs }) => {
      const seconds = Math.max(1, Math.ceil((clock.nowMs() - sinceMs) / 1000));
      const times = `${count}${isWritten ? ' more' : ''} ${count === 1 ? 'time' : 'times'}`;
      return append({ ...noted, message: `${noted.message}, ${times} in ${seconds} s` });
    }),
  );
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed === undefined) return;
  log.error({ entries: due.length, error: messageOf(failed.reason) }, 'gathered audit entries not stored');
}
