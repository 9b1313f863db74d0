// Production images in dist/images/: one folder per recipe, with the compressed disk and the manifest to be signed.
// Needs root and some packages of Debian; says which.
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { buildImage } from '../images/build-image.ts';
import { messageOf } from '../shared/errors.ts';
import { formatDecimalBytes } from '../shared/units.ts';
import { run } from './process.ts';

const agentPath = 'dist/agent.cjs';
const say = (text: string): void => void process.stdout.write(`${text}\n`);

try {
  await images();
} catch (error) {
  process.stderr.write(`ppec: ${messageOf(error)}\n`);
  process.exitCode = 1;
}

async function images(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('images are built as root: file owners and packages need it');
  await bundleAgent();
  const built = await buildImage({
    recipe: 'debian-12-hardened',
    agentPath,
    outDir: 'dist/images',
    cacheDir: join(cacheFolder(), 'images'),
    log: say,
  });
  say(`image     ${built.imagePath}${built.cached ? ' (cached: nothing has changed)' : ''}`);
  say(`manifest  ${built.manifestPath}`);
  say(`size      ${formatDecimalBytes(built.bytes)}, on disk ${formatDecimalBytes(built.diskBytes)}`);
  say(`sha256    ${built.sha256}`);
}

/** The bundle is made again when a file that can be in it is newer. */
async function bundleAgent(): Promise<void> {
  const bundledMs = await stat(agentPath).then(
    (stats) => stats.mtimeMs,
    () => 0,
  );
  const changedMs = await newestMs(['agent', 'shared', 'package-lock.json', 'tsup.config.ts']);
  if (bundledMs > changedMs) return;
  say('bundling the agent');
  const { status } = await run('tsup', []);
  if (status !== 0) throw new Error('the agent could not be bundled');
}

async function newestMs(paths: readonly string[]): Promise<number> {
  let newest = 0;
  for (const path of paths) {
    const stats = await stat(path);
    const inside = stats.isDirectory() ? (await readdir(path)).map((name) => join(path, name)) : [];
    newest = Math.max(newest, stats.isDirectory() ? await newestMs(inside) : stats.mtimeMs);
  }
  return newest;
}

function cacheFolder(): string {
  // oxlint-disable-next-line no-restricted-properties -- build.sh says where caches are
  return process.env['PPEC_CACHE'] ?? join(homedir(), '.cache/ppec');
}
