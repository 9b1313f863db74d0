// Inspecting where a machine stands: waiting until its ports have listened long enough, then the findings, and the place
// that is recorded. A site without a cabling table waits for nothing and finds nothing.
import type { Finding } from '../../shared/inspection/finding.ts';
import { hasCabling, keepNeighbours } from '../store/cabling.ts';
import { inventoryOf } from '../store/inventories.ts';
import { fromJson } from '../store/json.ts';
import { ordersOf, positionOfAsset } from '../store/position.ts';
import type { AssetRow } from '../store/schema.ts';
import type { Store, UnitOfWork } from '../store/unit-of-work.ts';

/** A switch speaks every 30 s; the agent offers what it heard after a little more than one such time. */
const listenMs = 90_000;

/**
 * Until when an inspection waits for switches that may still speak; undefined where there is nothing to wait for. Any row of
 * the table makes it wait: the machine may stand in a rack of the table although its order names another one.
 */
export async function neighboursDueMs({ db }: Store, asset: AssetRow): Promise<number | undefined> {
  const stored = await db.selectFrom('inventories').selectAll().where('asset_id', '=', asset.id).executeTakeFirst();
  if (stored === undefined) return undefined;
  const { nics, neighboursComplete } = fromJson(stored.inventory);
  const isAnyHeard = nics.some((nic) => nic.neighbour !== null);
  const isAnyToHear = nics.some((nic) => nic.neighbour === null && (nic.linkUp === true || !isAnyHeard));
  if (neighboursComplete || !isAnyToHear || !(await hasCabling(db))) return undefined;
  return stored.at + listenMs;
}

export type InspectedPosition = {
  readonly findings: readonly Finding[];
  /** What is to be recorded anew; the order's word always stands. */
  readonly place: Partial<Pick<AssetRow, 'datacenter' | 'rack' | 'slot'>>;
};

export async function inspectPosition(uow: UnitOfWork, asset: AssetRow): Promise<InspectedPosition> {
  const inventory = await inventoryOf(uow.db, asset.id);
  if (inventory === undefined) return { findings: [], place: {} };
  await keepNeighbours(uow, asset.id, inventory.nics);
  if (!(await hasCabling(uow.db))) return { findings: [], place: {} };
  const { findings, place } = await positionOfAsset(uow.db, asset, { inventory, orders: ordersOf(uow.db) });
  const { datacenter, rack, slot } = place;
  const isSame = datacenter === asset.datacenter && rack === asset.rack && slot === asset.slot;
  return { findings, place: isSame ? {} : { datacenter, rack, slot } };
}
