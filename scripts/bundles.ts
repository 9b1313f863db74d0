// The bundles of agent, controller and client in dist/; built anew only where a source is newer.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { run } from './process.ts';

const root = join(import.meta.dirname, '..');
const outputs = ['agent.cjs', 'controller.cjs', 'signer.cjs', 'ppec.cjs'].map((name) => join(root, 'dist', name));
const sources = ['shared', 'agent', 'controller', 'client', 'tsup.config.ts', 'package-lock.json'];

/** Whether dist/ holds bundles of what is in the tree now. */
export async function bundles(): Promise<boolean> {
  const built = await Promise.all(outputs.map(modifiedMs));
  const newest = Math.max(...(await Promise.all(sources.map((name) => newestMs(join(root, name))))));
  if (Math.min(...built) > newest) return true;
  return (await run('tsup', [])).status === 0;
}

async function modifiedMs(path: string): Promise<number> {
  return stat(path).then(
    (facts) => facts.mtimeMs,
    () => 0,
  );
}

async function newestMs(path: string): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => undefined);
  if (entries === undefined) return modifiedMs(path);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Math.max(0, ...(await Promise.all(files.map(modifiedMs))));
}
