// kill -9 while the audit is written, at random moments: what was acknowledged must be there, once, in a chain that is
// whole and fits every signed head, after every one of them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { seededRng } from '../shared/rng.ts';
import type { Fuzz } from './fuzz.ts';
import { runSchedule, type Known } from './audit-crash/schedule.ts';

/** Schedules that go on with one database; then the next begins an empty one, so that verifying stays quick. */
const schedulesPerDatabase = 10;
const schedulesWithoutTime = 1000;
const problemsMax = 20;

export const auditCrash: Fuzz = {
  summary: `kill -9 at random moments of writing the audit; ${schedulesWithoutTime} of them unless --seconds says`,
  run: ({ seed, seconds }, say) =>
    crash({ seed, seconds, schedules: seconds === undefined ? schedulesWithoutTime : undefined }, say),
};

export type CrashOptions = {
  readonly seed: number;
  readonly seconds: number | undefined;
  readonly schedules: number | undefined;
};

export async function crash(
  { seed, seconds = Number.POSITIVE_INFINITY, schedules = Number.POSITIVE_INFINITY }: CrashOptions,
  say: (text: string) => void,
) {
  const rng = seededRng(seed);
  const endMs = performance.now() + seconds * 1000;
  const problems: string[] = [];
  const sum = { acknowledged: 0, entries: 0, heads: 0, early: 0 };
  let tries = 0;
  while (tries < schedules && performance.now() < endMs && problems.length < problemsMax) {
    const folder = await mkdtemp(join(tmpdir(), 'ppec-crash-'));
    let known: Known = { acknowledged: new Map(), refused: new Set(), heads: [] };
    try {
      for (let run = 0; run < schedulesPerDatabase && tries < schedules && performance.now() < endMs; run += 1) {
        const before = known.acknowledged.size;
        const ended = await runSchedule(folder, { run, rng, known });
        tries += 1;
        known = ended.known;
        sum.acknowledged += known.acknowledged.size - before;
        sum.early += known.acknowledged.size === before ? 1 : 0;
        problems.push(...ended.problems.map((problem) => `schedule ${tries}: ${problem}`));
        sum.entries += ended.entries;
        sum.heads += ended.heads;
        if (tries % 50 === 0) say(`${tries} schedules, ${sum.acknowledged} acknowledged, ${problems.length} problems`);
        if (ended.problems.length > 0) break;
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  const text = `${tries} kills: ${sum.acknowledged} acknowledged writes, ${sum.entries} entries verified, ${sum.heads} signed heads; ${sum.early} kills came before the first`;
  return { tries, text, problems };
}
