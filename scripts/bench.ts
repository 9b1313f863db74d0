// `./build.sh bench NAME [--json] [options]`: runs one benchmark and prints its figures. A benchmark never passes or
// fails; it measures, and says against what.
import { jsonLines, table, type Bench } from '../bench/figures.ts';
import { messageOf, PpecError } from '../shared/errors.ts';

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  hub: async () => (await import('../bench/hub.ts')).hub,
  inspection: async () => (await import('../bench/inspection.ts')).inspection,
  lab: async () => (await import('../bench/lab.ts')).lab,
  trust: async () => (await import('../bench/trust.ts')).trust,
};

const [name = '', ...words] = process.argv.slice(2);
try {
  process.exitCode = await bench(name, words);
} catch (error) {
  process.stderr.write(`ppec: ${messageOf(error)}\n`);
  process.exitCode = isOfCommandLine(error) ? 2 : 1;
}

/** What is wrong with the words given: ours says so by its code, Node's parser by errors of this kind. */
function isOfCommandLine(error: unknown): boolean {
  if (error instanceof PpecError) return error.code === 'invalid_argument';
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

async function bench(wanted: string, args: readonly string[]): Promise<number> {
  const load = Object.hasOwn(benches, wanted) ? benches[wanted] : undefined;
  if (load === undefined) {
    const problem = wanted === '' ? '' : `ppec: there is no benchmark '${wanted}'\n`;
    process.stderr.write(`${problem}usage: ./build.sh bench NAME [--json] [options]\n\n${await list()}`);
    return 2;
  }
  const isJson = args.includes('--json');
  const { run } = await load();
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const report = await run(
    args.filter((word) => word !== '--json'),
    say,
  );
  process.stdout.write(isJson ? jsonLines(wanted, report) : `\n${table(report)}`);
  return 0;
}

async function list(): Promise<string> {
  let text = '';
  for (const [known, load] of Object.entries(benches)) {
    const { summary, usage } = await load();
    text += `  ${known.padEnd(12)}${summary}\n        ${usage}\n`;
  }
  return text;
}
