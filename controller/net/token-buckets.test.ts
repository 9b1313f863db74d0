import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createLane } from './lane.ts';
import { createBuckets } from './token-buckets.ts';

describe('a budget', () => {
  it('gives its burst at once and then so much per second', () => {
    const buckets = createBuckets({ burst: 3, perSecond: 2, keysMax: 10 });
    expect([0, 0, 0, 0].map(() => buckets.take('a', 1000))).toEqual([0, 0, 0, 500]);
    expect(buckets.take('b', 1000)).toBe(0);
    expect(buckets.take('a', 1499)).toBe(1);
    expect(buckets.take('a', 1500)).toBe(0);
    buckets.giveBack('a');
    expect(buckets.take('a', 1500)).toBe(0);
  });

  it('never gives more than burst and rate together, whatever the clock does', () => {
    const options = { burst: 5, perSecond: 10, keysMax: 4 };
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -500, max: 2000 }), { maxLength: 200 }), (steps) => {
        const buckets = createBuckets(options);
        let nowMs = 1_000_000;
        let forwardMs = 0;
        let taken = 0;
        for (const step of steps) {
          nowMs += step;
          forwardMs += Math.max(0, step);
          if (buckets.take('k', nowMs) === 0) taken += 1;
        }
        expect(taken).toBeLessThanOrEqual(options.burst + (forwardMs * options.perSecond) / 1000 + 1);
      }),
    );
  });

  it('remembers so many keys and forgets the one not seen for longest', () => {
    const buckets = createBuckets({ burst: 1, perSecond: 0.001, keysMax: 100 });
    buckets.take('first', 0);
    for (let index = 0; index < 99; index += 1) buckets.take(`k${index}`, 0);
    expect(buckets.take('first', 1)).toBeGreaterThan(0);
    for (let index = 100; index < 100_000; index += 1) buckets.take(`k${index}`, 1);
    expect(buckets.size()).toBe(100);
    expect(buckets.take('first', 2)).toBe(0);
  });
});

describe('a lane', () => {
  it('runs as many as it is wide, the others in order, and goes on after a failure', async () => {
    const lane = createLane(2);
    const names = 'abcdefgh'.split('');
    const order: string[] = [];
    let running = 0;
    let most = 0;
    const work = (name: string) => async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      order.push(name);
      await Promise.resolve();
      running -= 1;
      if (name === 'b') throw new Error('b failed');
    };
    const results = await Promise.allSettled(names.map((name) => lane(work(name))));
    expect(results.map(({ status }) => status)).toEqual(names.map((name) => (name === 'b' ? 'rejected' : 'fulfilled')));
    expect([most, running, order.join('')]).toEqual([2, 0, 'abcdefgh']);
  });
});
