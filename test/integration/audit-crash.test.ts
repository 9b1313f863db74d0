// kill -9 while the audit is written. The long run is `./build.sh fuzz audit-crash`.
import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';

import { auditCrash } from '../fuzz/audit-crash.ts';

const cases = 12;

it('keeps all that was acknowledged, once, in a whole chain, whenever it is killed', async () => {
  const seed = randomInt(2 ** 32);
  const { done, problems } = await auditCrash.run({ seed, cases, seconds: 600, say: () => undefined });
  expect(problems, `seed ${seed}: ${JSON.stringify(done)}`).toEqual([]);
  expect(done['kills']).toBe(cases);
  expect(done['acknowledged writes']).toBeGreaterThan(0);
});
