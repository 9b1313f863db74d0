import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

import { pruneBases } from './prune-cache.ts';

it('keeps the newest two bases of a name and everything that is not one of them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ppec-prune-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const oldestFirst = ['base-test-aa', 'base-test-bb.tar', 'base-test-cc', 'base-release-aa', 'base-test-2-aa', 'debs'];
  for (const [index, name] of oldestFirst.entries()) {
    const path = join(folder, name);
    await (name.endsWith('.tar') ? writeFile(path, '') : mkdir(path));
    await utimes(path, index + 1, index + 1);
  }
  await pruneBases(folder, 'test');
  expect((await readdir(folder)).toSorted()).toEqual(oldestFirst.slice(1).toSorted());
});
