// Waiting for the next event: long polls of `event.list` sleep here until something is committed.
export type EventFeed = {
  readonly committed: (seq: number) => void;
  /** Resolves when an event newer than `after` is there, after `waitMs`, or when the controller stops. */
  readonly wait: (after: number, waitMs: number) => Promise<void>;
  readonly stop: () => void;
};

const waitersMax = 2000;

export function createEventFeed(lastSeq: number): EventFeed {
  let newest = lastSeq;
  let isStopped = false;
  const waiters = new Set<() => void>();
  const release = (): void => {
    for (const resolve of waiters) resolve();
  };
  return {
    committed: (seq) => {
      if (seq <= newest) return;
      newest = seq;
      release();
    },
    wait: (after, waitMs) => {
      if (newest > after || isStopped || waiters.size >= waitersMax) return Promise.resolve();
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          waiters.delete(done);
          resolve();
        };
        const timer = setTimeout(done, waitMs);
        waiters.add(done);
      });
    },
    stop: () => {
      isStopped = true;
      release();
    },
  };
}
