// `./build.sh image [--profile test|release]`: PIOUS, kernel and initramfs, in dist/pious/, and the tool image in dist/tools/.
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { agentBundle } from '../pious-image/agent-bundle.ts';
import { buildPious } from '../pious-image/build-pious.ts';
import { buildTools } from '../pious-image/tools/build-tools.ts';
import { messageOf } from '../shared/errors.ts';
import { cacheDir } from './cache-dir.ts';

const outDir = join(import.meta.dirname, '../dist/pious');
const toolsDir = join(import.meta.dirname, '../dist/tools');
const usage = 'usage: ./build.sh image [--profile test|release]\n';
const say = (line: string): void => void process.stdout.write(`${line}\n`);

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
  const agentPath = await agentBundle(say);
  const built = await buildPious({ profile, agentPath, outDir, cacheDir: cacheDir('pious'), log: say });
  say(`kernel     ${megabytes(built.kernelBytes)}  ${built.kernelPath}`);
  say(`initramfs  ${megabytes(built.initramfsBytes)}  ${built.initramfsPath}`);
  say(`together   ${megabytes(built.kernelBytes + built.initramfsBytes)}`);
  say(`manifest   ${built.manifestPath}`);
  say(`sbom       ${built.sbomPath}`);
  say(`digest     ${built.digest}`);
  say(built.cached ? 'unchanged: nothing was built' : 'built');
  const options = { outDir: toolsDir, cacheDir: cacheDir('pious'), isStrict: profile === 'release', log: say };
  const tools = await buildTools(options);
  say(`tools      ${megabytes(tools.bytes)}  ${tools.path}`);
  say(`sha256     ${tools.sha256}`);
  say(tools.cached ? 'unchanged: nothing was built' : 'built');
  return 0;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1).padStart(5)} MB`;
}
