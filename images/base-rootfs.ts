// The packages of an image, unpacked and configured: everything but our own files. Taken from wherever this machine
// takes its Debian packages, so a mirror, a proxy or credentials are set in one place, apt's.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { pruneBases } from '../pious-image/prune-cache.ts';
import { tool } from '../pious-image/tool.ts';
import { digestOf } from './digest.ts';

const suite = 'bookworm';
const sourcesFolder = '/etc/apt/sources.list.d';

export type BaseInput = {
  readonly recipe: string;
  readonly recipeDir: string;
  readonly cacheDir: string;
  readonly log: (line: string) => void;
};

/** Path of the tar archive; named by the digest of the recipe's parts that decide what is in it. */
export async function baseRootfs({ recipe: recipeName, recipeDir, cacheDir, log }: BaseInput): Promise<string> {
  const recipe = async (name: string): Promise<string> => readFile(join(recipeDir, name), 'utf8');
  const names = [
    'packages.txt',
    'modules.txt',
    'essential-hook.sh',
    'customize-hook.sh',
    'overlay/etc/dpkg/dpkg.cfg.d/ppec',
  ];
  const digest = digestOf(...(await Promise.all(names.map(recipe))));
  const path = join(cacheDir, `base-${recipeName}-${digest.slice(0, 16)}.tar`);
  const known = await readdir(cacheDir).catch(() => []);
  if (known.some((name) => join(cacheDir, name) === path)) return path;
  log(`installing packages of Debian ${suite} (a few minutes)`);
  await mkdir(cacheDir, { recursive: true });
  const options = join(cacheDir, 'apt-options');
  await writeFile(options, await aptOptions(), { mode: 0o600 });
  const partial = `${path}.partial`;
  const exclusions = [
    ...lines(await recipe('overlay/etc/dpkg/dpkg.cfg.d/ppec')),
    ...moduleRules(lines(await recipe('modules.txt'))),
  ];
  try {
    await tool('mmdebstrap', [
      '--mode=root',
      '--variant=minbase',
      '--format=tar',
      '--quiet',
      `--include=${lines(await recipe('packages.txt')).join(',')}`,
      `--aptopt=${options}`,
      ...exclusions.map((rule) => `--dpkgopt=${rule}`),
      `--essential-hook=${join(recipeDir, 'essential-hook.sh')}`,
      `--customize-hook=${join(recipeDir, 'customize-hook.sh')}`,
      suite,
      partial,
      ...(await systemSources()),
    ]);
  } finally {
    // It can hold what a proxy asks for.
    await rm(options);
  }
  await rename(partial, path);
  await pruneBases(cacheDir, recipeName);
  return path;
}

/** The lines of a recipe's list; `#` starts a comment. */
export function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

function moduleRules(kept: readonly string[]): string[] {
  const base = '/lib/modules/*/kernel';
  return [
    `path-exclude=${base}/*`,
    ...kept.flatMap((path) => [
      `path-include=${base}/${path}`,
      ...(path.endsWith('.ko') ? [] : [`path-include=${base}/${path}/*`]),
    ]),
  ];
}

/** This machine's apt sources that have the suite. None: mmdebstrap falls back to Debian's own. */
async function systemSources(): Promise<string[]> {
  const names: string[] = await readdir(sourcesFolder).catch(() => []);
  const files = ['/etc/apt/sources.list', ...names.toSorted().map((name) => join(sourcesFolder, name))];
  const candidates = files.filter((path) => path.endsWith('.list') || path.endsWith('.sources'));
  const texts = await Promise.all(candidates.map((path) => readFile(path, 'utf8').catch(() => '')));
  return candidates.filter((_, index) => hasSuite(texts[index] ?? ''));
}

/** A one-line or deb822 source (sources.list(5)) of the suite or of its updates. */
export function hasSuite(text: string): boolean {
  const one = new RegExp(`^deb\\s+(\\[[^\\]]*\\]\\s+)?\\S+\\s+${suite}(-\\S+)?\\s+main\\b`, 'm');
  const many = new RegExp(`^Suites:.*\\b${suite}\\b`, 'm');
  return one.test(text) || many.test(text);
}

/** How this machine's apt reaches its sources. */
async function aptOptions(): Promise<string> {
  const dump = await tool('apt-config', ['dump']);
  const kept = dump.split('\n').filter((line) => /^Acquire::(http|https|ftp|Check|Max|Retries|ForceIPv)/i.test(line));
  return ['Dir::Etc::netrcparts "/etc/apt/auth.conf.d";', ...kept, ''].join('\n');
}
