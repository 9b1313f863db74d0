// Where a machine stands, from what is stored: its inventory, the cabling table, and the place that its order names.
import type { Kysely } from 'kysely';

import type { PurchaseOrder } from '../../shared/api/purchase-order.ts';
import { serialKey } from '../../shared/hardware/identity.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { noPlace, type Place } from '../../shared/inspection/cabled.ts';
import { positionOf, type Position } from '../../shared/inspection/position.ts';
import { cablesFor } from './cabling.ts';
import { findPurchaseOrder } from './records.ts';
import type { AssetRow, Database } from './schema.ts';

type Db = Kysely<Database>;

/** The order of a number; kept for a run over many machines. */
export type Orders = (number: string) => Promise<PurchaseOrder | undefined>;

export function ordersOf(db: Db): Orders {
  const known = new Map<string, Promise<PurchaseOrder | undefined>>();
  return (number) => {
    const found = known.get(number) ?? findPurchaseOrder(db, number);
    known.set(number, found);
    return found;
  };
}

/** The place that a machine's order names; it may leave open all of it. */
export async function orderedPlace(asset: AssetRow, orders: Orders): Promise<Place> {
  const order = asset.purchase_order === null ? undefined : await orders(asset.purchase_order);
  const server = order?.servers.find((candidate) => serialKey(candidate.serial) === asset.serial_key);
  if (server === undefined) return noPlace;
  const { datacenter, rack, slot } = server;
  return { datacenter, rack, slot };
}

export const recordedPlace = ({ datacenter, rack, slot }: AssetRow): Place => ({ datacenter, rack, slot });

type Asked = { readonly inventory: Pick<Inventory, 'nics' | 'neighboursComplete'>; readonly orders: Orders };

export async function positionOfAsset(
  db: Db,
  asset: AssetRow,
  { inventory, orders }: Asked,
): Promise<Position & { readonly ordered: Place }> {
  const ordered = await orderedPlace(asset, orders);
  const known = recordedPlace(asset);
  const cables = await cablesFor(db, inventory.nics, [ordered, known]);
  const position = positionOf({
    nics: inventory.nics,
    isComplete: inventory.neighboursComplete,
    ordered,
    known,
    cables,
  });
  return { ...position, ordered };
}
