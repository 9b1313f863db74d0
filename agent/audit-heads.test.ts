import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import type { SignedHead } from '../shared/audit/head.ts';
import { temporaryFolder } from '../test/fixtures/temporary-folder.ts';
import { headsText, loadHeads, openHeadKeeper } from './audit-heads.ts';

const head = (seq: number, digit = 'a'): SignedHead => ({
  region: 'test-1',
  seq,
  hash: digit.repeat(64),
  at: 1_800_000_000_000 + seq,
  keyId: 'audit-1',
  signature: '0'.repeat(128),
});
const silent = (): void => undefined;

it('keeps the newest sixteen heads on disk', async () => {
  const folder = await temporaryFolder();
  const keeper = await openHeadKeeper(folder, silent);
  for (let seq = 1; seq <= 40; seq += 1) keeper.keep(head(seq));
  await keeper.saved();
  const again = await openHeadKeeper(folder, silent);
  expect(again.held().map(({ seq }) => seq)).toEqual(Array.from({ length: 16 }, (_, index) => 25 + index));
  expect((await loadHeads(folder))?.contradiction).toBeNull();
});

it.each([
  ['another hash of an entry it holds', head(20, 'b'), head(20)],
  ['a head older than one it holds', head(7, 'b'), head(20)],
])('keeps %s as evidence, and goes on', async (_what, told, held) => {
  const folder = await temporaryFolder();
  const said: string[] = [];
  const keeper = await openHeadKeeper(folder, (text) => void said.push(text));
  keeper.keep(head(19));
  keeper.keep(head(20));
  keeper.keep(told);
  for (let seq = 21; seq <= 60; seq += 1) keeper.keep(head(seq));
  await keeper.saved();
  const loaded = await loadHeads(folder);
  expect(loaded?.contradiction).toEqual({ held, told });
  expect(said).toHaveLength(1);
  expect(headsText(loaded).join('\n')).toContain(
    `rewritten: ${held.seq}:${held.hash} was held, ${told.seq}:${told.hash} came`,
  );
});

it('writes nothing for a head that it holds already', async () => {
  const folder = await temporaryFolder();
  const keeper = await openHeadKeeper(folder, silent);
  keeper.keep(head(3));
  keeper.keep(head(3));
  await keeper.saved();
  expect(keeper.held()).toHaveLength(1);
  expect(headsText(await loadHeads(folder))[0]).toBe(`audit       last head 3:${'a'.repeat(64)}`);
});

it('begins anew where the file is none of its own', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'audit-heads.json'), '{"heads": 7}');
  expect((await openHeadKeeper(folder, silent)).held()).toEqual([]);
  expect(headsText(await loadHeads(folder))[0]).toContain('no head');
});
