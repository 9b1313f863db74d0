import fc from 'fast-check';
import { expect, it } from 'vitest';

import { fullJitterMs } from './backoff.ts';
import { seededRng } from './rng.ts';

const limits = { baseMs: 500, capMs: 30_000 };

it('never waits longer than the cap', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer(), (attempt, seed) => {
      const delayMs = fullJitterMs(attempt, limits, seededRng(seed));
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(delayMs).toBeLessThanOrEqual(limits.capMs);
    }),
  );
});

it('stays spread out at the cap, so a fleet does not come back in step', () => {
  const rng = seededRng(7);
  const delays = Array.from({ length: 2000 }, () => fullJitterMs(50, limits, rng));
  const tenths = new Set(delays.map((ms) => Math.floor(ms / 3000)));
  expect(tenths.size).toBeGreaterThanOrEqual(10);
});
