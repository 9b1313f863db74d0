// Machines that report, are inspected and written down: raw evidence unpacked and parsed, kept by content, compared with a
// class, its parts followed by their serials, and the findings stored, by the controller's own code into its own kind of
// database, each step on disk before the next. Beside it, a program that writes the same bytes into two tables, one commit
// per machine, and does nothing else.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';

import { inventoryReport } from '../../agent/collect/inventory.ts';
import { inspectionReconciler } from '../../controller/reconcile/inspection.ts';
import { assetById, newAssetRow } from '../../controller/store/assets.ts';
import { openDatabase } from '../../controller/store/database.ts';
import { inventoryOfReport, storeInventory, type Report } from '../../controller/store/inventories.ts';
import { toJson } from '../../controller/store/json.ts';
import { trackParts } from '../../controller/store/parts.ts';
import { createStore, systemActor, type Store } from '../../controller/store/unit-of-work.ts';
import { strongRng } from '../../controller/strong-rng.ts';
import { systemClock } from '../../shared/clock.ts';
import { newId } from '../../shared/ids.ts';
import { evidenceOf } from '../../test/fixtures/evidence-of.ts';
import { goodMachines } from './machines.ts';

export type StoredRate = {
  readonly machines: number;
  readonly perSecond: number;
  readonly perCpuSecond: number;
  /** Of one inventory as the API tells it. */
  readonly inventoryBytes: number;
};

const className = 'bench@1';
const bootId = 'bench-boot';
const ids = { clock: systemClock, rng: strongRng };

/** Reports of one model that differ in every serial, made as they are asked for. */
function reportOf(index: number): Report {
  const [machine] = goodMachines();
  if (machine === undefined) throw new Error('there is a machine');
  const { inventory } = machine;
  const own = `B${String(index).padStart(6, '0')}`;
  return inventoryReport(
    evidenceOf({
      ...inventory,
      identity: { ...inventory.identity, serial: own },
      fru: inventory.fru && { ...inventory.fru, serial: own },
      dimms: inventory.dimms.map((dimm, at) => ({ ...dimm, serial: dimm.populated ? `${own}D${at}` : null })),
      disks: inventory.disks.map((disk, at) => ({ ...disk, serial: `${own}K${at}` })),
      psus: inventory.psus.map((psu, at) => ({ ...psu, serial: `${own}P${at}` })),
      nics: inventory.nics.map((nic, at) => ({ ...nic, mac: `02:00:${macOf(index)}:0${at}` })),
    }),
  ).report;
}

function macOf(index: number): string {
  return index
    .toString(16)
    .padStart(6, '0')
    .replaceAll(/..(?!$)/g, '$&:');
}

export async function storedRate(machines: number): Promise<StoredRate> {
  return inFolder(async (folder) => {
    const db = await openDatabase(join(folder, 'ppec.db'));
    const store = createStore({ db, ids, committed: () => undefined });
    const assetIds = await prepare(store, machines);
    const reports = assetIds.map((_, index) => reportOf(index));
    const rules = { profile: 'none', timeScale: 1, hasTools: false } as const;
    const reconciler = inspectionReconciler(store, { askAnew: () => undefined }, rules);
    const measured = await timed(machines, async () => {
      for (const [index, assetId] of assetIds.entries()) {
        const report = reports[index];
        if (report === undefined) throw new Error('a report per machine');
        await take(store, assetId, report);
        for (let step = 0; step < 4; step += 1) await reconciler.step(assetId);
      }
    });
    const [row] = await db.selectFrom('inventories').select('inventory').limit(1).execute();
    const { inspected } = await db
      .selectFrom('inspections')
      .select((select) => select.fn.countAll<number>().as('inspected'))
      .executeTakeFirstOrThrow();
    if (inspected !== machines) throw new Error(`${inspected} of ${machines} were inspected`);
    await db.destroy();
    return { ...measured, inventoryBytes: Buffer.byteLength(row?.inventory ?? '') };
  });
}

/** The floor: the same bytes of each machine, and the text of an inventory as large, in one commit. */
export async function bareRate(machines: number, inventoryBytes: number): Promise<StoredRate> {
  return inFolder(async (folder) => {
    const file = new Sqlite(join(folder, 'bare.db'));
    file.pragma('journal_mode = WAL');
    file.pragma('synchronous = FULL');
    file.exec('create table evidence (sha256 text primary key, bytes blob not null)');
    file.exec('create table inventories (id integer primary key, inventory text not null)');
    const evidence = file.prepare('insert or ignore into evidence values (?, ?)');
    const inventory = file.prepare('insert into inventories (inventory) values (?)');
    const reports = Array.from({ length: machines }, (_unused, index) => reportOf(index));
    const text = 'x'.repeat(inventoryBytes);
    const write = file.transaction((report: Report) => {
      for (const { sha256, gzip } of report.evidence) evidence.run(sha256, gzip);
      inventory.run(text);
    });
    const measured = await timed(machines, () => {
      for (const report of reports) write(report);
      return Promise.resolve();
    });
    file.close();
    return { ...measured, inventoryBytes };
  });
}

async function prepare(store: Store, machines: number): Promise<string[]> {
  const [machine] = goodMachines();
  if (machine === undefined) throw new Error('there is a machine');
  return store.write(systemActor('bench'), async (uow) => {
    await uow.db
      .insertInto('machine_classes')
      .values({
        id: newId('machineClass', ids),
        name: 'bench',
        version: 1,
        spec: toJson(machine.spec),
        created_at: uow.nowMs,
      }) // prettier-ignore
      .execute();
    const assetIds: string[] = [];
    for (let index = 0; index < machines; index += 1) {
      const serial = `B${String(index).padStart(6, '0')}`;
      const facts = { class: className, home: 'pious' as const, boot_id: bootId };
      const row = newAssetRow({ serial, state: 'DISCOVERED', state_reason: '', ...facts }, ids);
      await uow.db.insertInto('assets').values(row).execute();
      const report = toJson({ state: 'ok' as const, findings: [], readings: {} });
      await uow.db.insertInto('health_reports').values({ asset_id: row.id, report, at: uow.nowMs }).execute();
      assetIds.push(row.id);
    }
    return assetIds;
  });
}

/** What the link does with an inventory that arrives. */
async function take(store: Store, assetId: string, report: Report): Promise<void> {
  const inventory = inventoryOfReport(report);
  await store.write(systemActor('agent'), async (uow) => {
    const asset = await assetById(uow.db, assetId);
    if (asset === undefined) throw new Error('the asset is there');
    await storeInventory(uow, { assetId, bootId, report, inventory });
    const reported = { inventory_hash: report.hash, inventory_boot_id: bootId };
    await trackParts(uow, await uow.patchAsset(asset, reported), inventory);
  });
}

async function timed(machines: number, work: () => Promise<void>): Promise<Omit<StoredRate, 'inventoryBytes'>> {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  await work();
  const used = process.cpuUsage(before);
  return {
    machines,
    perSecond: (1000 * machines) / (performance.now() - startedMs),
    perCpuSecond: (1e6 * machines) / (used.user + used.system),
  };
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ppec-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
