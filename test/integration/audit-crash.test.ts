// kill -9 while the audit is written. The long run is `./build.sh fuzz audit-crash`.
import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';

import { crash } from '../../fuzz/audit-crash.ts';

const schedules = 12;

it('keeps all that was acknowledged, once, in a whole chain, whenever it is killed', async () => {
  const seed = randomInt(2 ** 32);
  const { tries, problems, text } = await crash({ seed, seconds: undefined, schedules }, () => undefined);
  expect(problems, `seed ${seed}: ${text}`).toEqual([]);
  expect(tries).toBe(schedules);
});
