import { readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';

import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { openSignedLog, type SignedLine } from './signed-log.ts';

const line = (generation: number): SignedLine => ({
  at: 1,
  keyId: 'command-1',
  commandId: `cmd_${generation}`,
  assetId: 'ast_1',
  generation,
  name: 'kexec',
  changeId: null,
  sha256: 'a'.repeat(64),
});

it('keeps what was signed last in a bounded number of files, in order', async () => {
  const folder = await temporaryFolder();
  const log = await openSignedLog(folder, 1000);
  for (let generation = 1; generation <= 50; generation += 1) await log.append(line(generation));
  await log.close();
  expect(await readdir(folder)).toHaveLength(4);
  const kept = (await (await openSignedLog(folder, 1000)).lines()).map(({ generation }) => generation);
  expect(kept.at(-1)).toBe(50);
  expect(kept.length).toBeGreaterThan(15);
  expect(kept).toEqual(kept.toSorted((a, b) => a - b));
});
