// Slowing down whoever guesses: after some failures each further attempt has to wait, longer each time up to a cap. Time
// heals it, so nobody is locked out for good. Bounded in memory; the entry that was quiet longest gives way.

export type ThrottleRule = {
  /** Failures that cost nothing: people mistype. */
  readonly freeFailures: number;
  readonly baseMs: number;
  readonly capMs: number;
  /** Quiet for so long, and it is forgotten. */
  readonly forgetMs: number;
};

export type Throttle = {
  /** How long this key must wait still; 0 where it may try. */
  readonly waitMs: (key: string, nowMs: number) => number;
  readonly failed: (key: string, nowMs: number) => void;
  /** Forgets this key: whoever it is has shown to be the right one. */
  readonly succeeded: (key: string) => void;
  /** Takes one failure back that was counted before it was known whether it is one. */
  readonly forgiven: (key: string) => void;
  readonly size: () => number;
};

/** The wait that follows the nth failure in a row. */
export function waitAfter(failures: number, rule: ThrottleRule): number {
  if (failures <= rule.freeFailures) return 0;
  // 2^20 seconds is past any cap; beyond that the power would lose its meaning.
  return Math.min(rule.capMs, rule.baseMs * 2 ** Math.min(20, failures - rule.freeFailures - 1));
}

export function createThrottle(rule: ThrottleRule, keysMax: number): Throttle {
  const seen = new Map<string, { failures: number; atMs: number }>();
  const known = (key: string, nowMs: number): { failures: number; atMs: number } => {
    const entry = seen.get(key);
    return entry === undefined || nowMs - entry.atMs >= rule.forgetMs ? { failures: 0, atMs: nowMs } : entry;
  };
  return {
    waitMs: (key, nowMs) => {
      const { failures, atMs } = known(key, nowMs);
      return Math.max(0, atMs + waitAfter(failures, rule) - nowMs);
    },
    failed: (key, nowMs) => {
      const failures = known(key, nowMs).failures + 1;
      // A Map keeps the order of insertion, so the first is the one that was quiet longest.
      seen.delete(key);
      const oldest = seen.keys().next();
      if (seen.size >= keysMax && oldest.done !== true) seen.delete(oldest.value);
      seen.set(key, { failures, atMs: nowMs });
    },
    succeeded: (key) => void seen.delete(key),
    forgiven: (key) => {
      const entry = seen.get(key);
      if (entry === undefined) return;
      if (entry.failures <= 1) seen.delete(key);
      else seen.set(key, { ...entry, failures: entry.failures - 1 });
    },
    size: () => seen.size,
  };
}
