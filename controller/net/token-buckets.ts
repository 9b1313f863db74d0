// Budgets by key: so much at once, so much per second from then on. Time is an argument. What is remembered is bounded:
// the key that was not seen for longest is forgotten, which at worst gives it a full budget again.

export type BucketOptions = { readonly burst: number; readonly perSecond: number; readonly keysMax: number };

export type Buckets = {
  /** Takes one, or answers after how many milliseconds there is one; 0 stands for "taken". */
  readonly take: (key: string, nowMs: number) => number;
  /** What was taken was not needed after all. */
  readonly giveBack: (key: string) => void;
  readonly size: () => number;
};

/** Fractions add up to a little less than they should. */
const rounding = 1e-6;

type Bucket = { tokens: number; atMs: number };

export function createBuckets({ burst, perSecond, keysMax }: BucketOptions): Buckets {
  // A Map keeps the order of insertion, so the first key is the one not seen for longest.
  const buckets = new Map<string, Bucket>();
  const current = (key: string, nowMs: number): Bucket => {
    const known = buckets.get(key);
    if (known === undefined) return { tokens: burst, atMs: nowMs };
    // A clock that goes back gives nothing and takes nothing.
    const passedMs = Math.max(0, nowMs - known.atMs);
    return { tokens: Math.min(burst, known.tokens + (passedMs * perSecond) / 1000), atMs: nowMs };
  };
  return {
    take: (key, nowMs) => {
      const bucket = current(key, nowMs);
      const waitMs = bucket.tokens > 1 - rounding ? 0 : Math.ceil(((1 - rounding - bucket.tokens) * 1000) / perSecond);
      if (waitMs === 0) bucket.tokens -= 1;
      buckets.delete(key);
      buckets.set(key, bucket);
      if (buckets.size > keysMax) {
        const [oldest] = buckets.keys();
        if (oldest !== undefined) buckets.delete(oldest);
      }
      return waitMs;
    },
    giveBack: (key) => {
      const bucket = buckets.get(key);
      if (bucket !== undefined) bucket.tokens = Math.min(burst, bucket.tokens + 1);
    },
    size: () => buckets.size,
  };
}
