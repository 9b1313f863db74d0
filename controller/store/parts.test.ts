import type { KyselyPlugin, RootOperationNode } from 'kysely';
import { expect, it } from 'vitest';

import { inventoryReport } from '../../agent/collect/inventory.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { evidenceOf } from '../../test/fixtures/evidence-of.ts';
import { memoryStore, type MemoryStore } from '../../test/fixtures/memory-store.ts';
import { bareDisk, bareInventory } from '../../test/fixtures/parts.ts';
import { createLog } from '../log.ts';
import { reparseEvidence } from '../reconcile/reparse.ts';
import { assetById } from './assets.ts';
import { inventoryOfReport, storeInventory } from './inventories.ts';
import { assetPartLines, findPart, partTimeline, partViews } from './part-events.ts';
import { hasLostParts, partFindings, trackParts } from './parts.ts';
import type { AssetRow } from './schema.ts';
import { systemActor } from './unit-of-work.ts';

const disks = (...serials: string[]): Inventory['disks'] =>
  serials.map((serial, at) => ({ ...bareDisk, name: `nvme${at}n1`, transport: 'nvme', model: 'PM1733', serial }));
const machine = (...serials: string[]): Inventory => ({ ...bareInventory, disks: disks(...serials) });

/** Statements by their kind and table. */
function counting(): { readonly plugin: KyselyPlugin; readonly seen: string[] } {
  const seen: string[] = [];
  const kindOf = (node: RootOperationNode): string => node.kind.replace('QueryNode', '').toLowerCase();
  return {
    seen,
    plugin: {
      transformQuery: ({ node }) => {
        seen.push(kindOf(node));
        return node;
      },
      transformResult: ({ result }) => Promise.resolve(result),
    },
  };
}

async function report({ store }: MemoryStore, asset: AssetRow, inventory: Inventory): Promise<string[]> {
  const { plugin, seen } = counting();
  const { report: told } = inventoryReport(evidenceOf(inventory));
  const parsed = inventoryOfReport(told);
  await store.write(systemActor('agent'), async (uow) => {
    const row = await assetById(uow.db, asset.id);
    if (row === undefined) throw new Error('the asset is there');
    await storeInventory(uow, { assetId: row.id, bootId: row.boot_id ?? '', report: told, inventory: parsed });
    await trackParts({ ...uow, db: uow.db.withPlugin(plugin) }, row, parsed);
  });
  return seen;
}

async function machines(memory: MemoryStore): Promise<[AssetRow, AssetRow]> {
  const common = { state: 'DISCOVERED', state_reason: '', presence: 'online', home: 'pious' } as const;
  return [
    await memory.addAsset({ ...common, serial: 'A', name: 'srv-a', boot_id: 'boot-a' }),
    await memory.addAsset({ ...common, serial: 'B', name: 'srv-b', boot_id: 'boot-b' }),
  ];
}

const patch = async ({ store }: MemoryStore, { id }: AssetRow, change: Partial<AssetRow>): Promise<void> => {
  await store.write(systemActor('test'), (uow) =>
    uow.db.updateTable('assets').set(change).where('id', '=', id).execute(),
  );
};
const lines = async ({ store }: MemoryStore, { id }: AssetRow): Promise<string[]> =>
  (await assetPartLines(store.db, id)).map(({ text }) => text);
const timeline = async ({ store }: MemoryStore, serial: string): Promise<string[]> =>
  (await partTimeline(store.db, (await findPart(store.db, serial)).id)).map(({ text }) => text);

it('costs one query for a machine as it was, and no more statements for many parts than for few', async () => {
  const memory = await memoryStore();
  const [a, b] = await machines(memory);
  const many = Array.from({ length: 200 }, (_, at) => `MANY${at}`);
  const first = await report(memory, a, machine(...many));
  expect(await report(memory, b, machine('FEW'))).toEqual(first);
  expect(first.filter((kind) => kind === 'insert')).toHaveLength(2);
  expect(await report(memory, a, machine(...many))).toEqual(['select']);
  const changed = many.map((serial, at) => (at % 2 === 0 ? serial : `NEW${at}`));
  const second = await report(memory, a, machine(...changed));
  expect(second.length).toBeLessThan(15);
  expect(await report(memory, b, machine('OTHER'))).toHaveLength(second.length);
  const { items } = { items: await memory.store.db.selectFrom('parts').select('state').execute() };
  expect(items.filter(({ state }) => state === 'gone')).toHaveLength(101);
});

it('tells of a first report in one line, and of changes one by one, on both machines', async () => {
  const memory = await memoryStore();
  const [a, b] = await machines(memory);
  await report(memory, a, machine('D1', 'D2', 'D3', 'D4'));
  await report(memory, b, machine('E1'));
  await patch(memory, b, { presence: 'offline' });
  memory.clock.set(memory.clock.nowMs() + 1000);
  await report(memory, a, machine('D1', 'D2', 'E1', 'D4'));
  expect(await lines(memory, a)).toEqual([
    'first seen: 4 disks',
    'disk nvme2n1: PM1733 SN D3 gone; PM1733 SN E1 in its place',
    'disk nvme2n1: PM1733 SN E1 came from srv-b, disk nvme0n1',
  ]);
  expect(await lines(memory, b)).toEqual([
    'disk nvme0n1: PM1733 SN E1 first seen',
    'disk nvme0n1: PM1733 SN E1 went to srv-a, disk nvme2n1',
  ]);
  expect(await timeline(memory, 'E1')).toEqual([
    'first seen in srv-b, disk nvme0n1',
    'in the place of PM1733 SN D3, in srv-a, disk nvme2n1',
    'came to srv-a, disk nvme2n1, from srv-b, disk nvme0n1',
  ]);
  const events = await memory.store.db.selectFrom('events').select(['kind', 'text']).execute();
  expect(events).toEqual([
    {
      kind: 'asset',
      text: 'srv-a: disk nvme2n1: PM1733 SN D3 gone; PM1733 SN E1 in its place; disk nvme2n1: PM1733 SN E1 came from srv-b, disk nvme0n1',
    },
  ]);
});

it('blocks the machine that tells later of a part that a live one has, until that one lets go of it', async () => {
  const memory = await memoryStore();
  const [a, b] = await machines(memory);
  await report(memory, a, machine('D1'));
  await report(memory, b, machine('E1', 'D1'));
  const findings = await partFindings(memory.store.db, b, machine());
  expect(findings).toMatchObject([
    {
      severity: 'block',
      kind: 'source-conflict',
      path: 'disk/nvme1n1',
      sentence:
        'The same part is in two machines: PM1733 SN D1 is reported by srv-a, disk nvme0n1, and by srv-b, disk nvme1n1.',
    },
  ]);
  expect(await partFindings(memory.store.db, a, machine())).toEqual([]);
  expect(await memory.store.db.selectFrom('events').select('text').where('kind', '=', 'alert').execute()).toEqual([
    { text: 'srv-b: disk nvme1n1: PM1733 SN D1 is reported by srv-a, disk nvme0n1 too' },
  ]);
  const part = await findPart(memory.store.db, 'd1');
  expect(await partViews(memory.store.db, [part])).toMatchObject([{ asset: 'srv-a', alsoIn: ['srv-b'] }]);
  // Told again, it is no second alert.
  await report(memory, b, machine('E1', 'D1'));
  expect(await memory.store.db.selectFrom('events').select('seq').where('kind', '=', 'alert').execute()).toHaveLength(
    1,
  );
  await patch(memory, b, { inspected_hash: 'inspected' });
  memory.woken.length = 0;
  await report(memory, a, machine());
  expect(await partFindings(memory.store.db, b, machine())).toEqual([]);
  expect(memory.woken).toEqual([b.id]);
  expect((await assetById(memory.store.db, b.id))?.inspected_hash).toBeNull();
  expect(await memory.store.db.selectFrom('part_claims').selectAll().execute()).toEqual([]);
});

it.each<[string, Partial<AssetRow>]>([
  ['is offline', { presence: 'offline' }],
  ['has booted again and not reported yet', { boot_id: 'boot-later' }],
])('believes that a part has moved where its machine %s', async (_, change) => {
  const memory = await memoryStore();
  const [a, b] = await machines(memory);
  await report(memory, a, machine('D1'));
  await patch(memory, a, change);
  await report(memory, b, machine('D1'));
  expect(await partFindings(memory.store.db, b, machine())).toEqual([]);
  expect(await findPart(memory.store.db, 'D1')).toMatchObject({ asset_id: b.id, claims: 0 });
});

it('tells what comes into a slot that was empty for a while, and forgets a claim that is not told again', async () => {
  const memory = await memoryStore();
  const [a, b] = await machines(memory);
  await report(memory, a, machine('D1'));
  await report(memory, a, machine());
  memory.clock.set(memory.clock.nowMs() + 1000);
  await report(memory, a, machine('D2'));
  expect((await lines(memory, a)).at(-1)).toBe('disk nvme0n1: PM1733 SN D1 gone; PM1733 SN D2 in its place');
  await report(memory, b, machine('D2'));
  expect(await memory.store.db.selectFrom('part_claims').select('slot').execute()).toEqual([{ slot: 'nvme0n1' }]);
  await report(memory, b, machine('E1'));
  expect(await memory.store.db.selectFrom('part_claims').select('slot').execute()).toEqual([]);
  expect(await findPart(memory.store.db, 'D2')).toMatchObject({ asset_id: a.id, claims: 0 });
});

it('asks a machine that was not heard to tell again, once its part was found elsewhere', async () => {
  const memory = await memoryStore();
  const [a, b] = await machines(memory);
  await report(memory, a, machine('D1'));
  expect(await hasLostParts(memory.store.db, a.id)).toBe(false);
  await patch(memory, a, { presence: 'offline' });
  await report(memory, b, machine('D1'));
  expect(await hasLostParts(memory.store.db, a.id)).toBe(true);
  // It has it still: now there are two, and what was found of it before does not count.
  await patch(memory, a, { presence: 'online', inspected_hash: 'inspected' });
  memory.clock.set(memory.clock.nowMs() + 1000);
  await report(memory, a, machine('D1'));
  expect(await hasLostParts(memory.store.db, a.id)).toBe(false);
  expect(await partFindings(memory.store.db, a, machine())).toHaveLength(1);
  expect((await assetById(memory.store.db, a.id))?.inspected_hash).toBeNull();
});

it('names parts that share a serial, and finds them only by id', async () => {
  const memory = await memoryStore();
  const [a] = await machines(memory);
  const [one] = disks('S1');
  if (one === undefined) throw new Error('a disk is there');
  await report(memory, a, { ...machine(), disks: [one, { ...one, name: 'nvme1n1', model: 'P5510', serial: 'S2' }] });
  await memory.store.write(systemActor('test'), (uow) =>
    uow.db.updateTable('parts').set({ serial_key: 'S' }).execute(),
  );
  await expect(findPart(memory.store.db, 'S')).rejects.toThrow(/Several parts .* prt_\w+ \(disk P\w+\), prt_/);
  await expect(findPart(memory.store.db, 'nothing')).rejects.toMatchObject({ code: 'not_found' });
});

it('goes once through inventories that were stored before parts were followed', async () => {
  const memory = await memoryStore();
  const [a] = await machines(memory);
  const { report: told } = inventoryReport(evidenceOf(machine('D1', 'D2')));
  await memory.store.write(systemActor('test'), async (uow) => {
    await storeInventory(uow, { assetId: a.id, bootId: 'boot-a', report: told, inventory: inventoryOfReport(told) });
    await uow.db.updateTable('inventories').set({ tracked: 0 }).execute();
  });
  expect(await reparseEvidence(memory.store, createLog('silent'))).toBe(1);
  expect(await memory.store.db.selectFrom('parts').select('serial').orderBy('serial').execute()).toEqual([
    { serial: 'D1' },
    { serial: 'D2' },
  ]);
  expect(await reparseEvidence(memory.store, createLog('silent'))).toBe(0);
});
