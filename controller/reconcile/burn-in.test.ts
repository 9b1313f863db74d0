// The reconciler of burn-ins on a real store: what it sends, in which order, and how each end of a command is understood.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpack } from 'msgpackr';
import { Value } from 'typebox/value';
import { expect, it, onTestFinished } from 'vitest';

import type { BurnInReport } from '../../shared/burn-in/report.ts';
import { CommandSchema, type Command } from '../../shared/protocol/command.ts';
import { seededRng } from '../../shared/rng.ts';
import { bareInventory } from '../../test/fixtures/parts.ts';
import { newAssetRow } from '../store/assets.ts';
import { startBurnIn } from '../store/burn-ins.ts';
import { openDatabase, type Db } from '../store/database.ts';
import { fromJson, toJson } from '../store/json.ts';
import type { AssetRow, BurnInWork, CommandRow, OperationRow } from '../store/schema.ts';
import { createStore, systemActor } from '../store/unit-of-work.ts';
import { burnInReconciler } from './burn-in.ts';

const actor = systemActor('test');
const tools = { url: 'http://boot/boot/tools/x', sha256: 'a'.repeat(64), bytes: 1 };
const report = (outcome: 'passed' | 'failed'): BurnInReport => ({
  profile: 'intake',
  startedAtMs: 0,
  endedAtMs: 1,
  results: [{ test: 'cpu', component: 'processor', outcome, seconds: 1, sentence: `cpu ${outcome}`, figures: {} }],
  figures: {},
});

/** Two machines that wait in PIOUS, both connected, and a clock that stands still. */
async function bench() {
  const folder = mkdtempSync(join(tmpdir(), 'ppec-burn-in-'));
  const db = await openDatabase(':memory:');
  onTestFinished(async () => {
    await db.destroy();
    rmSync(folder, { recursive: true });
  });
  const clock = { ms: 1_000_000, nowMs: () => clock.ms };
  const ids = { clock, rng: seededRng(7) };
  const store = createStore({ db, ids, committed: () => undefined });
  const assets = ['M1', 'M2'].map((serial) =>
    newAssetRow({ serial, state: 'SPARE', state_reason: '', home: 'pious', boot_id: 'boot', inventory_boot_id: 'boot', inventory_hash: 'h' }, ids),
  ); // prettier-ignore
  for (const asset of assets) {
    await db.insertInto('assets').values(asset).execute();
    const row = { asset_id: asset.id, boot_id: 'boot', hash: 'h', inventory: toJson(bareInventory), parser: 1, at: 0, tracked: 1 };
    await db.insertInto('inventories').values(row).execute();
  } // prettier-ignore
  const addresses = new Map(assets.map((asset, at) => [asset.id, `10.0.0.${at + 1}`]));
  const { step } = burnInReconciler({
    store,
    hub: { deliver: () => Promise.resolve(), addressOf: (id) => addresses.get(id) },
    region: 'test-1',
    tools,
    progressOf: () => undefined,
    extraMs: 10_000,
    stepMs: 5000,
  });
  const start = (asset: AssetRow | undefined, change: Partial<BurnInWork> = {}): Promise<string> =>
    store.write(actor, async (uow) => {
      if (asset === undefined) throw new Error('no such machine');
      const plain = { profile: 'intake', timeScale: 1, writeDiskSerials: [], peer: null, approval: null } as const;
      return startBurnIn(uow, asset, { ...plain, ...change, askedBy: 'mia' });
    });
  return { db, clock, assets, addresses, step, start, store };
}

async function commandsOf(db: Db, operationId: string): Promise<(Command & { row: CommandRow })[]> {
  const rows = await db.selectFrom('commands').selectAll().where('operation_id', '=', operationId).orderBy('id').execute();
  return rows.map((row) => ({ ...Value.Parse(CommandSchema, unpack(row.bytes)), row }));
} // prettier-ignore

const operation = (db: Db, id: string): Promise<OperationRow> =>
  db.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const burnIn = (db: Db, id: string): Promise<{ state: string; message: string }> =>
  db.selectFrom('burn_ins').select(['state', 'message']).where('id', '=', id).executeTakeFirstOrThrow();

it.each<[Partial<CommandRow>, BurnInReport | undefined, string, string, RegExp]>([
  [{ outcome: 'succeeded' }, report('passed'), 'passed', 'succeeded', /1 passed/],
  [{ outcome: 'succeeded' }, report('failed'), 'failed', 'failed', /^cpu failed$/],
  // What told nothing has proved nothing.
  [{ outcome: 'succeeded', message: 'well' }, undefined, 'interrupted', 'failed', /well/],
  [{ outcome: 'failed', code: 'cancelled', message: 'the agent was stopped' }, report('passed'), 'interrupted', 'failed', /stopped/],
  [{ outcome: 'refused', message: 'too old' }, undefined, 'interrupted', 'failed', /too old/],
  [{ outcome: 'indeterminate', message: 'it died' }, undefined, 'interrupted', 'failed', /it died/],
])('a command that ended as %j', async (...[command, told, state, operationState, message]) => {
  const { db, assets, step, start } = await bench();
  const id = await start(assets[0]);
  const assetId = assets[0]?.id ?? '';
  expect(await step(assetId)).toEqual({ next: 'again' });
  await db.updateTable('commands').set({ state: 'ended', ...command }).where('operation_id', '=', id).execute();
  if (told !== undefined) await db.updateTable('burn_ins').set({ report: toJson(told) }).where('id', '=', id).execute();
  await step(assetId);
  expect((await operation(db, id)).state).toBe(operationState);
  const kept = await burnIn(db, id);
  expect(kept.state).toBe(state);
  expect(kept.message).toMatch(message);
  const asset = await db.selectFrom('assets').selectAll().where('id', '=', assetId).executeTakeFirstOrThrow();
  expect(asset.operation_id).toBeNull();
  expect(await step(assetId)).toEqual({ next: 'settled' });
}); // prettier-ignore

it('sends one command, with tools only where the profile needs them, and never a second one', async () => {
  const { db, assets, step, start } = await bench();
  const [intake, standard] = [await start(assets[0]), await start(assets[1], { profile: 'standard' })];
  for (const asset of [...assets, ...assets]) await step(asset.id);
  expect(await commandsOf(db, intake)).toMatchObject([
    { name: 'burn-in', approval: null, args: { profile: 'intake', timeScale: 1, tools: null, writeDiskSerials: [] } },
  ]);
  expect(await commandsOf(db, standard)).toMatchObject([{ name: 'burn-in', args: { profile: 'standard', tools } }]);
});

it('signs the disks of a change with its approval, and none without', async () => {
  const { db, assets, step, start } = await bench();
  const approval = { changeId: 'chg_1', payloadSha256: 'b'.repeat(64), makerId: 'per_1', checkerIds: ['per_2'] };
  const id = await start(assets[0], { profile: 'standard', writeDiskSerials: ['D1'], approval });
  await step(assets[0]?.id ?? '');
  expect(await commandsOf(db, id)).toMatchObject([{ approval, args: { writeDiskSerials: ['D1'] } }]);
  expect((await operation(db, id)).change_id).toBe('chg_1');
});

it('begins the side of the server first, and the other when that one was taken', async () => {
  const { db, assets, step, start } = await bench();
  const [client = '', server = ''] = assets.map(({ id }) => id);
  const served = await start(assets[1], { profile: 'standard', peer: { assetId: client, operationId: null, role: 'server' } });
  const asked = await start(assets[0], { profile: 'standard', peer: { assetId: server, operationId: served, role: 'client' } });
  expect(await step(client)).toMatchObject({ next: 'at' });
  await step(server);
  expect(await commandsOf(db, served)).toMatchObject([{ args: { peer: { address: '10.0.0.2', port: 5201, role: 'server' } } }]);
  expect(await step(client)).toMatchObject({ next: 'at' });
  await db.updateTable('commands').set({ state: 'accepted' }).where('operation_id', '=', served).execute();
  await step(client);
  expect(await commandsOf(db, asked)).toMatchObject([{ args: { peer: { address: '10.0.0.2', port: 5201, role: 'client' } } }]);
}); // prettier-ignore

it.each<[string, (at: { db: Db; clock: { ms: number }; served: string }) => Promise<unknown>, RegExp]>([
  ['did not begin', ({ clock }) => Promise.resolve((clock.ms += 5000)), /did not begin its side in time/],
  ['is gone', ({ db, served }) => db.updateTable('operations').set({ state: 'failed' }).where('id', '=', served).execute(), /ended its side first/],
])('does not wait for a server that %s', async (_, happens, message) => {
  const { db, clock, assets, step, start } = await bench();
  const [client = '', server = ''] = assets.map(({ id }) => id);
  const served = await start(assets[1], { profile: 'standard', peer: { assetId: client, operationId: null, role: 'server' } });
  const asked = await start(assets[0], { profile: 'standard', peer: { assetId: server, operationId: served, role: 'client' } });
  await happens({ db, clock, served });
  await step(client);
  const kept = await burnIn(db, asked);
  expect(kept.state).toBe('interrupted');
  expect(kept.message).toMatch(message);
}); // prettier-ignore

it('tells an agent to end what is late, and then gives up', async () => {
  const { db, clock, assets, step, start } = await bench();
  const assetId = assets[0]?.id ?? '';
  const id = await start(assets[0]);
  await step(assetId);
  const { deadline_at } = await operation(db, id);
  expect(deadline_at - clock.ms).toBe((60 + 30 + 30 + 20 + 1) * 1000 + 10_000);
  expect(await step(assetId)).toEqual({ next: 'at', atMs: deadline_at });
  clock.ms = deadline_at;
  for (let times = 0; times < 3; times += 1) await step(assetId);
  const sent = await commandsOf(db, id);
  expect(sent.map(({ name }) => name)).toEqual(['burn-in', 'burn-in-cancel']);
  expect(sent[1]?.args).toEqual({ burnInCommandId: sent[0]?.id });
  clock.ms += 5000;
  await step(assetId);
  expect(await burnIn(db, id)).toEqual({ state: 'interrupted', message: 'it did not end in its time' });
  expect((await commandsOf(db, id)).map(({ row }) => row.state)).toEqual(['ended', 'ended']);
});

it('ends at once what was cancelled before it began', async () => {
  const { db, assets, step, start, store } = await bench();
  const id = await start(assets[0]);
  const cancel = { by: 'per_1', why: 'ended by mia' };
  await store.write(actor, async (uow) => {
    const row = await operation(uow.db, id);
    await uow.patchOperation(row, { work: toJson({ ...fromJson(row.work), cancel }) });
  });
  await step(assets[0]?.id ?? '');
  expect(await burnIn(db, id)).toEqual({ state: 'cancelled', message: 'ended by mia' });
  expect(await commandsOf(db, id)).toEqual([]);
});
