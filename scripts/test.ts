// All checks and tests, or one layer of them. The last line is `N passed, N failed`; the status is 0 only when nothing
// failed and something ran.
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { lint } from './lint.ts';
import { run } from './process.ts';

const layers = ['tidy', 'unit', 'integration', 'lab'] as const;

const [layer] = process.argv.slice(2);
if (layer !== undefined && !layers.some((known) => known === layer)) {
  process.stderr.write(`ppec: there is no test layer '${layer}'. Layers: ${layers.join(', ')}\n`);
  process.exit(2);
}

let passed = 0;
let failed = 0;
if (layer === undefined || layer === 'tidy') {
  const checks = await lint();
  passed += checks.passed.length;
  failed += checks.failed.length;
}
for (const project of layers.filter((known) => layer === undefined || known === layer)) {
  const counts = await vitest(project);
  passed += counts.passed;
  failed += counts.failed;
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** One layer's tests. A run that ends without a report, or with an error outside a test, counts as one failure. */
async function vitest(project: string): Promise<{ passed: number; failed: number }> {
  const reportPath = join(tmpdir(), `ppec-vitest-${process.pid}-${project}.json`);
  const { status } = await run('vitest', [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportPath}`,
  ]);
  try {
    const report: unknown = JSON.parse(await readFile(reportPath, 'utf8'));
    const counts = { passed: count(report, 'numPassedTests'), failed: count(report, 'numFailedTests') };
    return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } catch {
    return { passed: 0, failed: 1 };
  } finally {
    await rm(reportPath, { force: true });
  }
}

function count(report: unknown, member: string): number {
  if (typeof report !== 'object' || report === null || !(member in report))
    throw new Error(`no ${member} in the report`);
  const value: unknown = Reflect.get(report, member);
  if (typeof value !== 'number') throw new Error(`${member} is no number`);
  return value;
}
