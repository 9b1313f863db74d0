// kill -9 while the audit is written, at random moments: what was acknowledged must be there, once, in a chain that is
// whole and fits every signed head, after every one of them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { seededRng } from '../../shared/rng.ts';
import { runSchedule, type Known } from './audit-crash/schedule.ts';
import { eachCase, type Fuzz, type FuzzOptions, type FuzzResult } from './fuzz.ts';

/** Schedules that go on with one database; then the next begins an empty one, so that verifying stays quick. */
const schedulesPerDatabase = 10;

export const auditCrash: Fuzz = {
  summary: 'the audit: kill -9 at random moments of writing it, nothing acknowledged is lost',
  cases: 1000,
  run,
};

type Written = { readonly folder: string; readonly run: number; readonly known: Known };

async function run(options: FuzzOptions): Promise<FuzzResult> {
  const rng = seededRng(options.seed);
  const problems: string[] = [];
  const done = { kills: 0, 'acknowledged writes': 0, 'entries verified': 0, 'signed heads': 0, 'kills before the first write': 0 }; // prettier-ignore
  let written: Written | undefined;
  const cleared = async (): Promise<undefined> => {
    if (written !== undefined) await rm(written.folder, { recursive: true, force: true });
    return undefined;
  };
  try {
    done.kills = await eachCase(options, { lanes: 1, problems }, async (index) => {
      if (written === undefined || written.run === schedulesPerDatabase) {
        await cleared();
        const folder = await mkdtemp(join(tmpdir(), 'ppec-crash-'));
        written = { folder, run: 0, known: { acknowledged: new Map(), refused: new Set(), heads: [] } };
      }
      const { folder, known } = written;
      const before = known.acknowledged.size;
      const ended = await runSchedule(folder, { run: written.run, rng, known });
      const acknowledged = ended.known.acknowledged.size - before;
      done['acknowledged writes'] += acknowledged;
      if (acknowledged === 0) done['kills before the first write'] += 1;
      done['entries verified'] += ended.entries;
      done['signed heads'] += ended.heads;
      problems.push(...ended.problems.map((problem) => `schedule ${index}: ${problem}`));
      const isSpoilt = ended.problems.length > 0;
      written = { folder, run: isSpoilt ? schedulesPerDatabase : written.run + 1, known: ended.known };
    });
  } finally {
    await cleared();
  }
  return { done, problems };
}
