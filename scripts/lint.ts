// Types, lint, format, dead code and dependencies: every check that reads the tree without running it.
import { checkDependencies } from './dependencies.ts';
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
  const areSound = await checkDependencies((text) => void process.stderr.write(`  ${text}\n`));
  (areSound ? passed : failed).push('dependencies');
  process.stderr.write(`${areSound ? '✓' : '✗'} dependencies\n`);
  return { passed, failed };
}

if (import.meta.main) {
  const { failed } = await lint();
  process.exitCode = failed.length === 0 ? 0 : 1;
}
