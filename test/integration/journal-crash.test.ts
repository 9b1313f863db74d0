// A short run of `./build.sh fuzz journal-crash`: every write of the fixed course, and some random courses.
import { expect, it } from 'vitest';

import { journalCrash } from '../fuzz/journal-crash.ts';

it('does nothing twice and loses nothing when the agent is killed at a write of its journal', async () => {
  const { done, problems } = await journalCrash.run({ seed: 7, cases: 40, seconds: 60, say: () => undefined });
  expect(problems).toEqual([]);
  expect(done['lives that were killed']).toBeGreaterThan(10);
});
