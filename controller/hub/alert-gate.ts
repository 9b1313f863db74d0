// Alerts and audit entries about who is refused, at a bounded rate: whoever repeats itself is told of once in a while, with
// how often it came meanwhile.
import type { Clock } from '../../shared/clock.ts';

export type AlertGate = {
  /** Whether to tell of it now: undefined where it was told a short while ago, else how often it was left out since. */
  readonly pass: (key: string) => number | undefined;
};

const keysMax = 10_000;

export function createAlertGate(clock: Clock, everyMs: number): AlertGate {
  const told = new Map<string, { readonly atMs: number; leftOut: number }>();
  return {
    pass: (key) => {
      const nowMs = clock.nowMs();
      const last = told.get(key);
      if (last !== undefined && nowMs - last.atMs < everyMs) {
        last.leftOut += 1;
        return undefined;
      }
      told.delete(key);
      told.set(key, { atMs: nowMs, leftOut: 0 });
      const [oldest] = told.keys();
      if (told.size > keysMax && oldest !== undefined) told.delete(oldest);
      return last?.leftOut ?? 0;
    },
  };
}

/** The sentence that says what was left out; empty where nothing was. */
export function leftOutText(count: number): string {
  return count === 0 ? '' : ` (and ${count} more times since it was last told)`;
}
