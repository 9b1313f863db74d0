// The driver: an asset is woken, its reconcilers run one bounded step at a time until they settle or name a time. One
// asset is never reconciled twice at once; nothing sweeps the fleet. What fails is tried again later: recovery after a
// crash is the same code as the happy path.
import { fullJitterMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf, PpecError } from '../../shared/errors.ts';
import type { Rng } from '../../shared/rng.ts';
import type { Log } from '../log.ts';

/** What a step came to: nothing more to do, more to do now, or look again at a time. */
export type Step =
  { readonly next: 'settled' } | { readonly next: 'again' } | { readonly next: 'at'; readonly atMs: number };

export const settled: Step = { next: 'settled' };
export const again: Step = { next: 'again' };
export const lookAgainAt = (atMs: number): Step => ({ next: 'at', atMs });

export type Reconciler = { readonly name: string; readonly step: (assetId: string) => Promise<Step> };

export type DriverDeps = {
  readonly reconcilers: readonly Reconciler[];
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  /** Called after each run of an asset. */
  readonly ran: (assetId: string) => Promise<void>;
};

export type Driver = {
  readonly wake: (assetId: string) => void;
  /** Stops taking work and waits for what runs. */
  readonly stop: () => Promise<void>;
};

/** A run that has not settled by then is a defect; the asset is put back in the queue, and the log says so. */
const stepsPerRunMax = 32;
const runsAtOnceMax = 8;
const retry = { baseMs: 500, capMs: 30_000 };
const timerMsMax = 2_000_000_000;

export function createDriver(deps: DriverDeps): Driver {
  const queue = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const timers = new Map<string, NodeJS.Timeout>();
  const failures = new Map<string, number>();
  let isStopping = false;

  const wakeAt = (assetId: string, atMs: number): void => {
    clearTimeout(timers.get(assetId));
    const delayMs = Math.min(timerMsMax, Math.max(0, atMs - deps.clock.nowMs()));
    timers.set(
      assetId,
      setTimeout(() => wake(assetId), delayMs),
    );
  };
  const run = async (assetId: string): Promise<void> => {
    clearTimeout(timers.get(assetId));
    timers.delete(assetId);
    try {
      const atMs = await reconcile(assetId, deps);
      failures.delete(assetId);
      if (atMs !== undefined) wakeAt(assetId, atMs);
    } catch (error) {
      // Somebody else wrote first: what it decided on is no longer so, and it decides anew.
      if (error instanceof PpecError && error.code === 'conflict') return wakeAt(assetId, deps.clock.nowMs());
      const failed = (failures.get(assetId) ?? 0) + 1;
      failures.set(assetId, failed);
      deps.log.error({ assetId, failed, error: messageOf(error) }, 'reconciling failed; it is tried again');
      wakeAt(assetId, deps.clock.nowMs() + fullJitterMs(failed, retry, deps.rng));
    }
  };
  const pump = (): void => {
    for (const assetId of queue) {
      if (isStopping || running.size >= runsAtOnceMax) return;
      if (running.has(assetId)) continue;
      queue.delete(assetId);
      const done = run(assetId).finally(() => {
        running.delete(assetId);
        pump();
      });
      running.set(assetId, done);
    }
  };
  const wake = (assetId: string): void => {
    if (isStopping) return;
    queue.add(assetId);
    pump();
  };
  return {
    wake,
    stop: async () => {
      isStopping = true;
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.allSettled(running.values());
    },
  };
}

/** Runs every reconciler until all have settled; answers the earliest time one of them asked for. */
async function reconcile(assetId: string, deps: DriverDeps): Promise<number | undefined> {
  for (let round = 0; round < stepsPerRunMax; round += 1) {
    let atMs: number | undefined;
    let isAgain = false;
    for (const { step } of deps.reconcilers) {
      const outcome = await step(assetId);
      if (outcome.next === 'again') isAgain = true;
      if (outcome.next === 'at') atMs = Math.min(atMs ?? outcome.atMs, outcome.atMs);
    }
    if (!isAgain) {
      await deps.ran(assetId);
      return atMs;
    }
  }
  throw new Error(`not settled after ${stepsPerRunMax} rounds`);
}
