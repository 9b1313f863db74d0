// The agent's bundle, which both kinds of image carry: made anew when something that can be in it is newer.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { tool } from './tool.ts';

const project = join(import.meta.dirname, '..');
const bundlePath = join(project, 'dist/agent.cjs');

/** The path of a bundle that is up to date. */
export async function agentBundle(log: (line: string) => void): Promise<string> {
  if (await isStale()) {
    log('bundling the agent');
    await tool('tsup', [], { cwd: project });
  }
  return bundlePath;
}

async function isStale(): Promise<boolean> {
  const bundle = await stat(bundlePath).catch(() => undefined);
  if (bundle === undefined) return true;
  const sources = ['package-lock.json', 'tsup.config.ts'];
  for (const folder of ['agent', 'shared']) {
    for (const name of await readdir(join(project, folder), { recursive: true })) {
      if (name.endsWith('.ts') && !name.endsWith('.test.ts')) sources.push(join(folder, name));
    }
  }
  const times = await Promise.all(sources.map(async (name) => (await stat(join(project, name))).mtimeMs));
  return Math.max(...times) > bundle.mtimeMs;
}
