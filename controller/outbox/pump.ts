// What every outbox driver is: it looks when something may be there, starts what is due, sleeps until the next is, and looks
// again when one is done. What was sent and could not be noted waits a little: a store that does not write must not become a
// receiver that is sent the same without end.
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Log } from '../log.ts';

export type OutboxDriver = {
  /** Something may be in the outbox. */
  readonly wake: () => void;
  readonly stop: () => Promise<void>;
};

export type Pump = OutboxDriver & {
  /** Runs a delivery with its note; `done` is called when its place is free again. */
  readonly start: (delivery: () => Promise<void>, done: () => void) => void;
  /** Aborts when the driver stops. */
  readonly signal: AbortSignal;
};

type PumpDeps = { readonly what: string; readonly clock: Clock; readonly log: Log };

const sleepMsMax = 60_000;
const notNotedPauseMs = 5000;

/** `look` starts what is due, and answers when the next is; infinite where none waits. */
export function createPump({ what, clock, log }: PumpDeps, look: (pump: Pump) => Promise<number>): Pump {
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let isAskedAgain = false;

  const sleep = (ms: number): void => {
    clearTimeout(timer);
    if (ms !== Number.POSITIVE_INFINITY && !stopping.signal.aborted) timer = setTimeout(wake, ms);
  };
  const wake = (): void => {
    if (stopping.signal.aborted) return;
    isAskedAgain = true;
    looking ??= (async () => {
      while (isAskedAgain) {
        isAskedAgain = false;
        const nextMs = await look(pump);
        const waitMs = Math.max(0, nextMs - clock.nowMs());
        sleep(waitMs === Number.POSITIVE_INFINITY ? waitMs : Math.min(sleepMsMax, waitMs));
      }
    })()
      .catch((error: unknown) => {
        log.error({ outbox: what, error: messageOf(error) }, 'reading an outbox failed; it is tried again');
        sleep(sleepMsMax);
      })
      .finally(() => (looking = undefined));
  };
  const pump: Pump = {
    wake,
    signal: stopping.signal,
    start: (delivery, done) => {
      const free = async (): Promise<void> => {
        try {
          await delivery();
        } catch (error) {
          log.error({ outbox: what, error: messageOf(error) }, 'a delivery was not noted');
          await pause(notNotedPauseMs, stopping.signal);
        }
      };
      const run: Promise<void> = free().finally(() => {
        running.delete(run);
        done();
        wake();
      });
      running.add(run);
    },
    stop: async () => {
      stopping.abort();
      clearTimeout(timer);
      await looking;
      await Promise.allSettled(running);
    },
  };
  return pump;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
