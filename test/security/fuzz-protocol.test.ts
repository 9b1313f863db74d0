// The agent link under a short fuzz run of a new seed each time; the long one is `./build.sh fuzz protocol`.
import { expect, it } from 'vitest';

import { protocolFuzz } from '../fuzz/protocol-fuzz.ts';

it('takes whatever is sent to the agent link without a fault, and lets nobody in', async () => {
  const seed = Math.floor(performance.timeOrigin) % 2 ** 31;
  const { done, problems } = await protocolFuzz.run({ seed, cases: 40_000, seconds: 45, say: () => undefined });
  expect(problems, `seed ${seed}`).toEqual([]);
  expect(Object.values(done).some((count) => count > 1000)).toBe(true);
});
