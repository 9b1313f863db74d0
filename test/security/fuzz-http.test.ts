// The API under a short fuzz run of a new seed each time; the long one is `./build.sh fuzz http`.
import { expect, it } from 'vitest';

import { httpFuzz } from '../fuzz/http-fuzz.ts';

it('takes whatever is sent to the API without a fault, and lets nobody in', async () => {
  const seed = Math.floor(performance.timeOrigin) % 2 ** 31;
  const { done, problems } = await httpFuzz.run({ seed, cases: 6_000, seconds: 45, say: () => undefined });
  expect(problems, `seed ${seed}`).toEqual([]);
  expect(Object.values(done).some((count) => count > 1000)).toBe(true);
});
