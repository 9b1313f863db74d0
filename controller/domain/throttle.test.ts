import fc from 'fast-check';
import { expect, it } from 'vitest';

import { createThrottle, waitAfter } from './throttle.ts';

const rule = { freeFailures: 3, baseMs: 1000, capMs: 60_000, forgetMs: 3_600_000 };

it.each([
  [0, 0],
  [3, 0],
  [4, 1000],
  [5, 2000],
  [9, 32_000],
  [10, 60_000],
  [1_000_000, 60_000],
])('makes one wait after %i failures for %i ms', (failures, waitMs) => {
  expect(waitAfter(failures, rule)).toBe(waitMs);
});

it('never makes anybody wait longer than the cap, and forgets', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(10_000_000), { maxLength: 60 }), (pauses) => {
      const throttle = createThrottle(rule, 10);
      let nowMs = 0;
      for (const pauseMs of pauses) {
        nowMs += pauseMs;
        expect(throttle.waitMs('a', nowMs)).toBeLessThanOrEqual(rule.capMs);
        throttle.failed('a', nowMs);
      }
      expect(throttle.waitMs('a', nowMs + rule.forgetMs)).toBe(0);
    }),
  );
});

it('takes one failure back, and all of them', () => {
  const throttle = createThrottle(rule, 10);
  for (let n = 0; n < 5; n += 1) throttle.failed('a', 0);
  expect(throttle.waitMs('a', 0)).toBe(2000);
  throttle.forgiven('a');
  expect(throttle.waitMs('a', 0)).toBe(1000);
  throttle.succeeded('a');
  expect(throttle.waitMs('a', 0)).toBe(0);
});

it('keeps a bounded number of keys, those that failed last', () => {
  const throttle = createThrottle(rule, 3);
  for (const key of ['a', 'b', 'c', 'a', 'd']) for (let n = 0; n < 4; n += 1) throttle.failed(key, 0);
  expect(throttle.size()).toBe(3);
  expect(['a', 'b', 'c', 'd'].map((key) => throttle.waitMs(key, 0) > 0)).toEqual([true, false, true, true]);
});
