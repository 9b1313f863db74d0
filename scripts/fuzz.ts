// `./build.sh fuzz NAME [--seconds N] [--cases N] [--seed S]`: one fuzz run against a real controller or agent. The seed is printed
// first, so that a run that fails can be played again.
import { parseArgs } from 'node:util';

import { messageOf } from '../shared/errors.ts';
import type { Fuzz } from '../test/fuzz/fuzz.ts';

const fuzzes: Readonly<Record<string, () => Promise<Fuzz>>> = {
  'audit-crash': async () => (await import('../test/fuzz/audit-crash.ts')).auditCrash,
  http: async () => (await import('../test/fuzz/http-fuzz.ts')).httpFuzz,
  'journal-crash': async () => (await import('../test/fuzz/journal-crash.ts')).journalCrash,
  protocol: async () => (await import('../test/fuzz/protocol-fuzz.ts')).protocolFuzz,
};

const say = (text: string): void => void process.stderr.write(`${text}\n`);

try {
  process.exitCode = await fuzz(process.argv.slice(2));
} catch (error) {
  say(`ppec: ${messageOf(error)}`);
  process.exitCode = 1;
}

async function fuzz([wanted = '', ...words]: readonly string[]): Promise<number> {
  const load = Object.hasOwn(fuzzes, wanted) ? fuzzes[wanted] : undefined;
  if (load === undefined) {
    if (wanted !== '') say(`ppec: there is no fuzz run '${wanted}'`);
    say('usage: ./build.sh fuzz NAME [--seconds N] [--cases N] [--seed S]\n');
    for (const [name, known] of Object.entries(fuzzes)) {
      const { summary, cases } = await known();
      say(`  ${name.padEnd(12)}${summary} (${cases} cases)`);
    }
    return 2;
  }
  const chosen = await load();
  const { values } = parseArgs({
    args: [...words],
    options: { seconds: { type: 'string' }, cases: { type: 'string' }, seed: { type: 'string' } },
  });
  const seed = number('--seed', values.seed, Math.floor(performance.timeOrigin) % 2 ** 31);
  const startMs = performance.now();
  say(`seed ${seed}`);
  const { done, problems } = await chosen.run({
    seed,
    cases: number('--cases', values.cases, chosen.cases),
    seconds: number('--seconds', values.seconds, 86_400),
    say,
  });
  const seconds = Math.round((performance.now() - startMs) / 1000);
  const counts = Object.entries(done).map(([name, count]) => `${name}: ${count}`);
  process.stdout.write(`${[...counts, `seconds: ${seconds}`, ...problems].join('\n')}\n`);
  process.stdout.write(problems.length === 0 ? 'nothing was wrong\n' : `${problems.length} problems, seed ${seed}\n`);
  return problems.length === 0 ? 0 : 1;
}

function number(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${option} is a whole number, not '${text}'`);
  return value;
}
