// fio: jobs as words, one per disk, and what its JSON says of each, in the order they were given.
import { lastWords, runChild, type ChildEnd } from './child.ts';
import type { TestContext } from './machine.ts';
import { graceMs } from './processor-test.ts';

export type FioJob = {
  readonly readBytes: number;
  readonly readBytesPerSecond: number;
  readonly writtenBytes: number;
  readonly writtenBytesPerSecond: number;
  /** Blocks whose digest was another one. */
  readonly verifyErrors: number;
  readonly failure: string | undefined;
};

export type FioRun = {
  readonly jobs: readonly (readonly string[])[];
  readonly seconds: number;
};

export async function fioJobs(context: TestContext, { jobs, seconds }: FioRun): Promise<FioJob[]> {
  if (typeof context.tools === 'string') throw new Error(context.tools);
  const words = jobs.flatMap((job, index) => [`--name=job${index}`, ...job]);
  const end = await runChild(
    context.tools.command('fio', '--output-format=json', '--eta=never', '--thread', ...words),
    { signal: context.signal, cwd: context.folder, timeoutMs: seconds * 1000 + graceMs, onErrorLine: context.log },
  );
  return parseFio(end, jobs.length);
}

/** An exit that no job explains is every job's. */
export function parseFio(end: ChildEnd, count: number): FioJob[] {
  const rows = jobRows(end.output);
  const mismatches = end.errors.filter((line) => /verify: bad|verify failed|verify type mismatch/.test(line)).length;
  return Array.from({ length: count }, (_, index): FioJob => {
    const row = rows.find((each) => member(each, 'jobname') === `job${index}`);
    const error = numberAt(row, 'error');
    // EILSEQ is how a job ends whose data is not what it wrote.
    const isMismatch = error === 84;
    const isUnexplained = end.status !== 0 && rows.every((each) => numberAt(each, 'error') === 0);
    const words = end.errors.find((line) => line.startsWith(`fio: `) && line.includes(`job${index}`)) ?? end.errors[0];
    return {
      readBytes: numberAt(row, 'read', 'io_bytes'),
      readBytesPerSecond: numberAt(row, 'read', 'bw_bytes'),
      writtenBytes: numberAt(row, 'write', 'io_bytes'),
      writtenBytesPerSecond: numberAt(row, 'write', 'bw_bytes'),
      verifyErrors: isMismatch ? Math.max(1, count === 1 ? mismatches : 1) : 0,
      failure:
        isMismatch || (row !== undefined && error === 0 && !isUnexplained)
          ? undefined
          : error > 0
            ? `error ${error}${words === undefined ? '' : `: ${words.trim().slice(0, 160)}`}`
            : lastWords(end),
    };
  });
}

/** fio writes notes before its JSON. */
function jobRows(output: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(output.slice(output.indexOf('{')));
    const jobs = member(value, 'jobs');
    return Array.isArray(jobs) ? jobs : [];
  } catch {
    return [];
  }
}

function numberAt(value: unknown, ...path: string[]): number {
  const found = member(value, ...path);
  return typeof found === 'number' ? found : 0;
}

function member(value: unknown, ...path: string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}
