// `./build.sh image [--profile test|release]`: PIOUS, kernel and initramfs, in dist/pious/.
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { messageOf } from '../shared/errors.ts';
import { buildPious } from '../pious-image/build-pious.ts';
import { run } from './process.ts';

const root = join(import.meta.dirname, '..');
const agentPath = join(root, 'dist/agent.cjs');
const usage = 'usage: ./build.sh image [--profile test|release]\n';

try {
  process.exitCode = await image();
} catch (error) {
  process.stderr.write(`ppec: ${messageOf(error)}\n`);
  process.exitCode = 1;
}

async function image(): Promise<number> {
  const { values } = parseArgs({ options: { profile: { type: 'string', default: 'release' } } });
  const { profile } = values;
  if (profile !== 'test' && profile !== 'release') {
    process.stderr.write(`ppec: there is no profile '${profile}'\n${usage}`);
    return 2;
  }
  if (await isAgentStale()) {
    const { status } = await run('tsup', []);
    if (status !== 0) return status;
  }
  const built = await buildPious({
    profile,
    agentPath,
    outDir: join(root, 'dist/pious'),
    cacheDir: join(cacheFolder(), 'pious'),
    log: (line) => process.stdout.write(`${line}\n`),
  });
  process.stdout.write(
    [
      `kernel     ${megabytes(built.kernelBytes)}  ${built.kernelPath}`,
      `initramfs  ${megabytes(built.initramfsBytes)}  ${built.initramfsPath}`,
      `together   ${megabytes(built.kernelBytes + built.initramfsBytes)}`,
      `manifest   ${built.manifestPath}`,
      `sbom       ${built.sbomPath}`,
      `digest     ${built.digest}`,
      built.cached ? 'unchanged: nothing was built' : 'built',
      '',
    ].join('\n'),
  );
  return 0;
}

/** Whether a source of the agent is newer than its bundle. */
async function isAgentStale(): Promise<boolean> {
  const bundle = await stat(agentPath).catch(() => undefined);
  if (bundle === undefined) return true;
  const sources = ['package-lock.json', 'tsup.config.ts'];
  for (const folder of ['agent', 'shared']) {
    for (const name of await readdir(join(root, folder), { recursive: true })) {
      if (name.endsWith('.ts') && !name.endsWith('.test.ts')) sources.push(join(folder, name));
    }
  }
  const times = await Promise.all(sources.map(async (name) => (await stat(join(root, name))).mtimeMs));
  return Math.max(...times) > bundle.mtimeMs;
}

function cacheFolder(): string {
  // oxlint-disable-next-line no-restricted-properties -- build.sh says where its cache is
  return process.env['PPEC_CACHE'] ?? join(homedir(), '.cache/ppec');
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1).padStart(5)} MB`;
}
