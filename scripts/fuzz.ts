// `./build.sh fuzz NAME [--seconds N] [--seed S]`: tries random things for a time, and says what it found. The seed is
// printed: with it the same is tried again.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

import type { Fuzz } from '../fuzz/fuzz.ts';
import { messageOf } from '../shared/errors.ts';

const fuzzers: Readonly<Record<string, () => Promise<Fuzz>>> = {
  'audit-crash': async () => (await import('../fuzz/audit-crash.ts')).auditCrash,
};

const seedMax = 2 ** 32;
const say = (text: string): void => void process.stderr.write(`${text}\n`);

try {
  process.exitCode = await fuzz(process.argv.slice(2));
} catch (error) {
  say(`ppec: ${messageOf(error)}`);
  const isOfCommandLine =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  process.exitCode = isOfCommandLine ? 2 : 1;
}

async function fuzz(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { seconds: { type: 'string' }, seed: { type: 'string' } },
  });
  const [name = ''] = positionals;
  const load = Object.hasOwn(fuzzers, name) ? fuzzers[name] : undefined;
  const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
  const seed = values.seed === undefined ? randomInt(seedMax) : Number(values.seed);
  if (
    load === undefined ||
    positionals.length !== 1 ||
    !isCount(seed) ||
    (seconds !== undefined && !isCount(seconds))
  ) {
    say(`usage: ./build.sh fuzz NAME [--seconds N] [--seed S]\n\n${await list()}`);
    return 2;
  }
  const { run } = await load();
  say(`seed ${seed}`);
  const { text, tries, problems } = await run({ seed, seconds }, say);
  process.stdout.write(`${text}\n${tries} tries, ${problems.length} problems, seed ${seed}\n`);
  for (const problem of problems) process.stdout.write(`✗ ${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < seedMax;
}

async function list(): Promise<string> {
  let text = '';
  for (const [known, load] of Object.entries(fuzzers)) text += `  ${known.padEnd(14)}${(await load()).summary}\n`;
  return text;
}
