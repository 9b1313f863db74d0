// Production images in dist/images/: one folder per recipe, with the compressed disk and the manifest to be signed.
// Needs root and some packages of Debian; says which.
import { join } from 'node:path';

import { buildImage } from '../images/build-image.ts';
import { agentBundle } from '../pious-image/agent-bundle.ts';
import { messageOf } from '../shared/errors.ts';
import { formatDecimalBytes } from '../shared/units.ts';
import { cacheDir } from './cache-dir.ts';

const outDir = join(import.meta.dirname, '../dist/images');
const say = (text: string): void => void process.stdout.write(`${text}\n`);

try {
  await images();
} catch (error) {
  process.stderr.write(`ppec: ${messageOf(error)}\n`);
  process.exitCode = 1;
}

async function images(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('images are built as root: file owners and packages need it');
  const built = await buildImage({
    recipe: 'debian-12-hardened',
    agentPath: await agentBundle(say),
    outDir,
    cacheDir: cacheDir('images'),
    log: say,
  });
  say(`image     ${built.imagePath}${built.cached ? ' (cached: nothing has changed)' : ''}`);
  say(`manifest  ${built.manifestPath}`);
  say(`size      ${formatDecimalBytes(built.bytes)}, on disk ${formatDecimalBytes(built.diskBytes)}`);
  say(`sha256    ${built.sha256}`);
}
