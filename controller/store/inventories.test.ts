import { sql } from 'kysely';
import { expect, it } from 'vitest';

import { inventoryReport } from '../../agent/collect/inventory.ts';
import { parserVersion } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import { evidenceOf as evidenceOfMachine } from '../../test/fixtures/evidence-of.ts';
import { memoryStore, type MemoryStore } from '../../test/fixtures/memory-store.ts';
import { bareDisk, bareInventory } from '../../test/fixtures/parts.ts';
import { reparseEvidence } from '../reconcile/reparse.ts';
import { createLog } from '../log.ts';
import { evidenceOf, inventoryOf, inventoryOfReport, storeInventory, type Report } from './inventories.ts';
import { systemActor } from './unit-of-work.ts';

const machine = (serial: string, disks = 1) => ({
  ...bareInventory,
  identity: { ...bareInventory.identity, serial },
  disks: Array.from({ length: disks }, (_, index) => ({ ...bareDisk, name: `vd${index}`, serial: `D${index}` })),
});
const reportOf = (serial: string, disks = 1): Report =>
  inventoryReport(evidenceOfMachine(machine(serial, disks))).report;

async function report({ store }: MemoryStore, assetId: string, told: Report): Promise<void> {
  await store.write(systemActor('test'), (uow) =>
    storeInventory(uow, { assetId, bootId: 'boot', report: told, inventory: inventoryOfReport(told) }),
  );
}

async function digests({ store }: MemoryStore): Promise<string[]> {
  const rows = await store.db.selectFrom('evidence').select('sha256').execute();
  return rows.map(({ sha256 }) => sha256).toSorted();
}

it('keeps evidence that two machines have in common once, and gives each its own back', async () => {
  const memory = await memoryStore();
  const [a, b] = [reportOf('A'), reportOf('B')];
  await report(memory, 'asset-a', a);
  await report(memory, 'asset-b', b);
  const all = new Set([...a.evidence, ...b.evidence].map(({ sha256 }) => sha256));
  expect(await digests(memory)).toEqual([...all].toSorted());
  expect(all.size).toBeLessThan(a.evidence.length + b.evidence.length);
  const told = await evidenceOf(memory.store.db, 'asset-b');
  expect(told.map(({ source }) => source).toSorted()).toEqual(b.evidence.map(({ source }) => source).toSorted());
  expect((await inventoryOf(memory.store.db, 'asset-b'))?.identity.serial).toBe('B');
});

it('lets go of what no inventory is made of any more, and of nothing else', async () => {
  const memory = await memoryStore();
  await report(memory, 'asset-a', reportOf('A'));
  await report(memory, 'asset-b', reportOf('A'));
  const next = reportOf('A', 2);
  await report(memory, 'asset-a', next);
  const both = new Set([...reportOf('A').evidence, ...next.evidence].map(({ sha256 }) => sha256));
  expect(await digests(memory)).toEqual([...both].toSorted());
  await report(memory, 'asset-b', next);
  expect(await digests(memory)).toEqual([...new Set(next.evidence.map(({ sha256 }) => sha256))].toSorted());
});

it.each<[string, (told: Report) => Report, RegExp]>([
  ['bytes that are not those of the digest', (told) => ({ ...told, evidence: told.evidence.map((item) => ({ ...item, sha256: '0'.repeat(64) })) }), /not what its digest says/],
  ['bytes that do not unpack', (told) => ({ ...told, evidence: told.evidence.map((item) => ({ ...item, gzip: new Uint8Array([1, 2]) })) }), /not what its digest says/],
  ['more bytes than a report may have', (told) => ({ ...told, evidence: told.evidence.map((item) => ({ ...item, gzip: new Uint8Array(300_000) })) }), /bytes of evidence/],
  ['evidence of an unknown name', (told) => ({ ...told, unread: [{ source: 'diary.txt', reason: 'private' }] }), /diary\.txt/],
])('refuses a report with %s', (_, spoil, message) => {
  expect(() => inventoryOfReport(spoil(reportOf('A')))).toThrow(message);
}); // prettier-ignore

it('tells why a source has no bytes', async () => {
  const memory = await memoryStore();
  const told = {
    ...reportOf('A'),
    absent: [{ source: 'tpm.json', reason: 'no TPM' }],
    unread: [{ source: 'sel.bin', reason: 'BMC busy' }],
  };
  await report(memory, 'asset-a', told);
  const evidence = await evidenceOf(memory.store.db, 'asset-a');
  expect(evidence).toContainEqual({ source: 'tpm.json', absentBecause: 'no TPM' });
  expect(evidence).toContainEqual({ source: 'sel.bin', unreadBecause: 'BMC busy' });
  expect((await inventoryOf(memory.store.db, 'asset-a'))?.unread).toEqual([{ source: 'sel.bin', reason: 'BMC busy' }]);
});

it('takes stored bytes that were damaged for unread', async () => {
  const memory = await memoryStore();
  await report(memory, 'asset-a', reportOf('A'));
  await memory.store.db
    .updateTable('evidence')
    .set({ bytes: Buffer.from('rot') })
    .execute();
  for (const item of await evidenceOf(memory.store.db, 'asset-a'))
    expect(item).toMatchObject({ unreadBecause: 'the stored bytes do not have their digest' });
});

it('reads what an older parser read again, and inspects again only where a fact changed on a waiting machine', async () => {
  const memory = await memoryStore();
  const { store } = memory;
  const asset = (serial: string, home: 'pious' | 'production') =>
    memory.addAsset({
      serial, state: home === 'pious' ? 'SPARE' : 'BAREMETAL', state_reason: '', home, boot_id: 'boot', inspected_hash: 'h',
    }); // prettier-ignore
  const [misread, right, running] = [await asset('A', 'pious'), await asset('B', 'pious'), await asset('C', 'production')];
  for (const { id, serial } of [misread, right, running]) await report(memory, id, reportOf(serial));
  // What an older parser made of A and C: it saw no disk.
  const misreading = JSON.stringify({ ...machine('A'), disks: [] });
  await store.db.updateTable('inventories').set({ parser: 1, inventory: misreading }).where('asset_id', 'in', [misread.id, running.id]).execute();
  await store.db.updateTable('inventories').set({ parser: 1 }).where('asset_id', '=', right.id).execute();

  expect(await reparseEvidence(store, createLog('silent'))).toBe(3);

  expect((await inventoryOf(store.db, misread.id))?.disks).toHaveLength(1);
  expect((await inventoryOf(store.db, running.id))?.disks).toHaveLength(1);
  const after = await store.db.selectFrom('assets').select(['serial', 'inspected_hash']).orderBy('serial').execute();
  expect(after).toEqual([
    { serial: 'A', inspected_hash: null },
    { serial: 'B', inspected_hash: 'h' },
    { serial: 'C', inspected_hash: 'h' },
  ]);
  expect(memory.woken).toEqual([misread.id]);
  const { rows } = await sql<{ parser: number }>`select distinct parser from inventories`.execute(store.db);
  expect(rows).toEqual([{ parser: parserVersion }]);
  expect(await reparseEvidence(store, createLog('silent'))).toBe(0);
}); // prettier-ignore
