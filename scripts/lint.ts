// Types, lint, format and dead code: every check that reads the tree without running it.
import { run } from './process.ts';

type Check = { readonly name: string; readonly command: readonly [string, ...string[]] };

const checks: readonly Check[] = [
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'dead code', command: ['knip', '--no-progress'] },
];

/** Runs every check; answers the names of those that failed. */
export async function lint(): Promise<{ passed: string[]; failed: string[] }> {
  const passed: string[] = [];
  const failed: string[] = [];
  for (const { name, command } of checks) {
    const [program, ...args] = command;
    const { status } = await run(program, args);
    (status === 0 ? passed : failed).push(name);
    process.stderr.write(`${status === 0 ? '✓' : '✗'} ${name}\n`);
  }
  return { passed, failed };
}

if (import.meta.main) {
  const { failed } = await lint();
  process.exitCode = failed.length === 0 ? 0 : 1;
}
