// Evidence that an older parser read is read again when the controller starts: a mended parser mends what is known of
// machines that reported long ago. A machine that waits in PIOUS is inspected again where a fact has changed.
import { canonicalJson } from '../../shared/canonical-json.ts';
import { inventoryFromEvidence, parserVersion } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import { isInspectable } from '../../shared/lifecycle/asset.ts';
import type { Log } from '../log.ts';
import { assetById, callName } from '../store/assets.ts';
import { evidenceOf } from '../store/inventories.ts';
import { toJson } from '../store/json.ts';
import { trackParts } from '../store/parts.ts';
import { systemActor, type Store } from '../store/unit-of-work.ts';

/** How many inventories one transaction reads again. */
const batchMax = 50;

export async function reparseEvidence(store: Store, log: Log): Promise<number> {
  let done = 0;
  for (;;) {
    const rows = await store.db
      .selectFrom('inventories')
      .select('asset_id')
      .where((where) => where.or([where('parser', '<', parserVersion), where('tracked', '=', 0)]))
      .orderBy('asset_id')
      .limit(batchMax)
      .execute();
    if (rows.length === 0) break;
    for (const { asset_id } of rows) await reparse(store, asset_id);
    done += rows.length;
  }
  if (done > 0) log.info({ inventories: done, parser: parserVersion }, 'stored evidence was read again');
  return done;
}

async function reparse(store: Store, assetId: string): Promise<void> {
  await store.write(systemActor('inventory'), async (uow) => {
    const row = await uow.db.selectFrom('inventories').selectAll().where('asset_id', '=', assetId).executeTakeFirst();
    const asset = await assetById(uow.db, assetId);
    if (row === undefined || asset === undefined) return;
    const inventory = inventoryFromEvidence(await evidenceOf(uow.db, assetId));
    const isNew = canonicalJson(inventory) !== canonicalJson(JSON.parse(row.inventory));
    await uow.db
      .updateTable('inventories')
      .set({ inventory: toJson(inventory), parser: parserVersion, tracked: 1 })
      .where('asset_id', '=', assetId)
      .execute();
    if (isNew && asset.home === 'pious' && isInspectable(asset.state)) {
      await uow.patchAsset(asset, { inspected_hash: null });
      await uow.event(
        'asset',
        assetId,
        `${callName(asset)}: its evidence reads differently now; it is inspected again`,
      );
      uow.wake(assetId);
    }
    await trackParts(uow, asset, inventory);
  });
}
