import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { watchSyncedPaths } from '../test/fixtures/synced-paths.ts';
import { temporaryFolder } from '../test/fixtures/temporary-folder.ts';
import { entriesMax, openJournal, type CommandResult, type Journal } from './journal.ts';

const done: CommandResult = { outcome: 'succeeded', message: 'written', durationMs: 5 };
const entry = (generation: number): Parameters<Journal['accept']>[0] => ({
  commandId: `cmd_${generation}`,
  generation,
  name: 'provision',
  expiresAtMs: 1000,
});
const namesIn = async (folder: string): Promise<string[]> => (await readdir(folder)).toSorted();

it('has the intent on the disk when accepting resolves', async () => {
  const folder = join(await temporaryFolder(), 'journal');
  const journal = await openJournal(folder);
  const synced = await watchSyncedPaths();
  await journal.accept(entry(1));
  expect(synced).toEqual([join(folder, 'cmd_1.json.new'), folder, join(folder, 'highest-generation.new'), folder]);
  expect(JSON.parse(await readFile(join(folder, 'cmd_1.json'), 'utf8'))).toMatchObject({
    commandId: 'cmd_1',
    result: null,
    acknowledged: false,
  });
});

it('takes a command found started but unfinished for indeterminate, now and after another restart', async () => {
  const folder = await temporaryFolder();
  await (await openJournal(folder)).accept(entry(3));
  for (const journal of [await openJournal(folder), await openJournal(folder)]) {
    expect(journal.find('cmd_3')?.result).toMatchObject({ outcome: 'indeterminate' });
    expect(journal.find('cmd_3')?.result?.message).toContain('provision');
    expect(journal.highestGeneration()).toBe(3);
  }
});

it('gives back a finished result unchanged after a restart, acknowledged or not', async () => {
  const folder = await temporaryFolder();
  const journal = await openJournal(folder);
  const failed: CommandResult = { outcome: 'failed', message: 'no disk', code: 'disk-not-found', durationMs: 1 };
  for (const generation of [1, 2]) await journal.accept(entry(generation));
  await journal.finish('cmd_1', done);
  await journal.finish('cmd_2', failed);
  await journal.acknowledge('cmd_1');
  const reopened = await openJournal(folder);
  expect(reopened.find('cmd_1')).toEqual({ ...entry(1), result: done, acknowledged: true });
  expect(reopened.find('cmd_2')).toEqual({ ...entry(2), result: failed, acknowledged: false });
});

it('survives the same acknowledgement twice at once', async () => {
  const folder = await temporaryFolder();
  const journal = await openJournal(folder);
  await journal.accept(entry(1));
  await journal.finish('cmd_1', done);
  await Promise.all([journal.acknowledge('cmd_1'), journal.acknowledge('cmd_1')]);
  expect(await namesIn(folder)).toEqual(['cmd_1.json', 'highest-generation']);
  expect((await openJournal(folder)).find('cmd_1')).toMatchObject({ result: done, acknowledged: true });
});

it('does not take a command that still runs for acknowledged', async () => {
  const journal = await openJournal(await temporaryFolder());
  await journal.accept(entry(1));
  await journal.acknowledge('cmd_1');
  await journal.finish('cmd_1', done);
  expect(journal.find('cmd_1')?.acknowledged).toBe(false);
});

it('knows nothing of a command it never accepted', async () => {
  const folder = await temporaryFolder();
  const journal = await openJournal(folder);
  await journal.finish('cmd_9', done);
  await journal.acknowledge('cmd_9');
  expect(journal.find('cmd_9')).toBeUndefined();
  expect(journal.highestGeneration()).toBe(0);
  expect(await namesIn(folder)).toEqual([]);
});

it('keeps no more entries than its limit, and drops the oldest acknowledged ones first', async () => {
  const folder = await temporaryFolder();
  await fill(folder, entriesMax, { except: [1, 2] });
  const journal = await openJournal(folder);
  await journal.accept(entry(entriesMax + 1));
  expect(journal.entries()).toHaveLength(entriesMax);
  expect((await namesIn(folder)).filter((name) => name.endsWith('.json'))).toHaveLength(entriesMax);
  expect(journal.find('cmd_3')).toBeUndefined();
  for (const kept of ['cmd_1', 'cmd_2', 'cmd_4']) expect(journal.find(kept)).toMatchObject({ commandId: kept });
});

it('keeps the highest generation when its entry is dropped, and over a restart', async () => {
  const folder = await temporaryFolder();
  await fill(folder, entriesMax, { except: Array.from({ length: entriesMax }, (_, index) => index + 1) });
  const newest = { ...entry(7000), result: done, acknowledged: true };
  await writeFile(join(folder, 'cmd_7000.json'), JSON.stringify(newest));
  await (await openJournal(folder)).accept(entry(6000));
  const reopened = await openJournal(folder);
  expect([reopened.find('cmd_7000'), reopened.highestGeneration()]).toEqual([undefined, 7000]);
});

it.each([
  ['nothing', ''],
  ['half an entry', '{"commandId":"cmd_5","generation":5'],
  ['JSON of another kind', '[1,2]'],
  ['an entry without a result field', '{"commandId":"cmd_5","generation":5,"name":"x","expiresAtMs":1}'],
  ['the entry of another command', JSON.stringify({ ...entry(4), result: done, acknowledged: false })],
  ['zeros', '\0'.repeat(200)],
])('never runs a command again whose file holds %s', async (_, text) => {
  const folder = await temporaryFolder();
  const first = await openJournal(folder);
  for (const generation of [1, 5]) await first.accept(entry(generation));
  await writeFile(join(folder, 'cmd_5.json'), text);
  for (const journal of [await openJournal(folder), await openJournal(folder)]) {
    expect(journal.find('cmd_5')).toMatchObject({ result: { outcome: 'indeterminate' }, acknowledged: false });
    expect(journal.highestGeneration()).toBe(5);
    expect(journal.damage()).toEqual(["The journal's entry of cmd_5 cannot be read; that command never runs again"]);
  }
  const journal = await openJournal(folder);
  await journal.acknowledge('cmd_5');
  expect((await openJournal(folder)).damage()).toEqual([]);
  expect((await openJournal(folder)).find('cmd_5')).toMatchObject({ result: { outcome: 'indeterminate' }, acknowledged: true });
}); // prettier-ignore

it.each(['', '12', 'x\n', '-1\n'])('knows the newest generation by the entries where its own file holds %j', async (text) => {
  const folder = await temporaryFolder();
  await (await openJournal(folder)).accept(entry(9));
  await writeFile(join(folder, 'highest-generation'), text);
  const journal = await openJournal(folder);
  expect([journal.highestGeneration(), journal.damage().length]).toEqual([9, 1]);
  // It was mended.
  expect((await openJournal(folder)).damage()).toEqual([]);
}); // prettier-ignore

it('knows the newest generation where its entry is lost', async () => {
  const folder = await temporaryFolder();
  const first = await openJournal(folder);
  for (const generation of [1, 5]) await first.accept(entry(generation));
  await rm(join(folder, 'cmd_5.json'));
  expect((await openJournal(folder)).highestGeneration()).toBe(5);
});

it('ignores what is no entry', async () => {
  const folder = await temporaryFolder();
  await (await openJournal(folder)).accept(entry(1));
  await writeFile(join(folder, 'notes.txt'), 'not ours');
  await writeFile(join(folder, 'cmd_6.json.new'), JSON.stringify({ ...entry(6), result: null, acknowledged: false }));
  const journal = await openJournal(folder);
  expect(journal.entries().map(({ commandId }) => commandId)).toEqual(['cmd_1']);
  expect(journal.damage()).toEqual([]);
});

async function fill(folder: string, count: number, { except }: { except: readonly number[] }): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let generation = 1; generation <= count; generation += 1) {
    const stored = { ...entry(generation), result: done, acknowledged: !except.includes(generation) };
    await writeFile(join(folder, `cmd_${generation}.json`), JSON.stringify(stored));
  }
}
