// The machines of an order: what a document says of a serial becomes the asset's, and whoever is concerned by a changed
// order is inspected again. A machine that works is never taken off its order.
import type { PurchaseOrder } from '../../shared/api/purchase-order.ts';
import { PpecError } from '../../shared/errors.ts';
import { serialKey } from '../../shared/hardware/identity.ts';
import type { AssetState } from '../../shared/lifecycle/asset.ts';
import { breachesBySerial } from '../domain/order/order-breaches.ts';
import { assetBySerial, callName, newAssetRow } from '../store/assets.ts';
import { ordersOfSerial, requireOrder } from '../store/orders.ts';
import type { AssetRow } from '../store/schema.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';

type Server = PurchaseOrder['servers'][number];

/** In production, or on the way there or back. */
const working: ReadonlySet<AssetState> = new Set(['RESERVED', 'PROVISIONING', 'BAREMETAL', 'RELEASING']);
/** Nothing that is found makes these anything else. One that is only on its way is looked at when it comes back. */
const uninspected: ReadonlySet<AssetState> = new Set(['BAREMETAL', 'RELEASING', 'RETIRING', 'RETIRED']);

export function isWorking(asset: AssetRow): boolean {
  return working.has(asset.state);
}

/** Brings the assets of all serials up to date whose facts differ between the order as it was and as it is. */
export async function settleMachines(
  uow: UnitOfWork,
  before: PurchaseOrder | undefined,
  after: PurchaseOrder,
): Promise<void> {
  const was = before === undefined ? new Map<string, Fact>() : factsBySerial(before);
  const is = factsBySerial(after);
  const vanished = [...was.keys()].filter((key) => !is.has(key));
  for (const key of vanished) await settleVanished(uow, after, key);
  const touched = [...is].filter(([key, fact]) => was.get(key)?.text !== fact.text);
  await releaseNames(
    uow,
    after,
    touched.map(([, { server }]) => server),
  );
  for (const [key, { server }] of touched) await settleServer(uow, after, { key, server });
}

type Fact = { readonly server: Server; readonly text: string };

/** What the order says of each machine, as a text to compare. */
function factsBySerial(order: PurchaseOrder): Map<string, Fact> {
  const classes = new Map(order.lines.map((line) => [line.line, line.class]));
  const facts = new Map<string, Fact>();
  const breaches = breachesBySerial(order);
  const billedLines = billedLinesBySerial(order);
  for (const server of order.servers) {
    const key = serialKey(server.serial);
    if (facts.has(key)) continue;
    const sentences = (breaches.get(key) ?? []).map(({ sentence }) => sentence);
    const billed = billedLines.get(key) ?? [];
    const isCancelled = order.state === 'cancelled';
    facts.set(key, {
      server,
      text: JSON.stringify([server, classes.get(server.line), isCancelled, billed, sentences]),
    });
  }
  return facts;
}

function billedLinesBySerial({ invoices }: PurchaseOrder): Map<string, string[]> {
  const billed = new Map<string, string[]>();
  for (const invoice of invoices)
    for (const { line, serials } of invoice.lines)
      for (const serial of serials) {
        const list = billed.get(serialKey(serial)) ?? [];
        list.push(`${invoice.number}/${line}`);
        billed.set(serialKey(serial), list);
      }
  return billed;
}

/** A serial that an amended order has no more: another order's, or nobody's. */
async function settleVanished(uow: UnitOfWork, order: PurchaseOrder, key: string): Promise<void> {
  const asset = await assetBySerial(uow.db, key);
  if (asset === undefined || asset.purchase_order !== order.number) return;
  const [other] = await ordersOfSerial(uow.db, key);
  if (other !== undefined) return attachTo(uow, asset, await requireOrder(uow.db, other));
  if (isWorking(asset)) {
    throw new PpecError(
      'failed_precondition',
      `${callName(asset)} (${asset.serial}) is ${asset.state} and cannot be taken off ${order.number}. Keep its serial in the document.`,
    );
  }
  if (asset.state === 'ORDERED') {
    // No machine ever had this serial: it was a mistake on paper.
    await uow.db.deleteFrom('assets').where('id', '=', asset.id).execute();
    await uow.changelog('asset', {
      id: asset.id,
      before: { serial: asset.serial, purchase_order: asset.purchase_order },
      after: { serial: null, purchase_order: null },
      changeId: null,
    });
    await uow.event('asset', asset.id, `${callName(asset)}: no longer on ${order.number}, and never seen`);
    return;
  }
  await uow.event('asset', asset.id, `${callName(asset)}: no longer on ${order.number}`);
  await patchAndInspect(uow, asset, { class: null, purchase_order: null, order_line: null });
}

async function attachTo(uow: UnitOfWork, asset: AssetRow, order: PurchaseOrder): Promise<void> {
  const server = order.servers.find((candidate) => serialKey(candidate.serial) === asset.serial_key);
  if (server === undefined) return;
  await uow.event('asset', asset.id, `${callName(asset)} is on ${order.number} now`);
  await patchAndInspect(uow, asset, placeOf(order, server));
}

/** Names that change hands within one document are given up first. */
async function releaseNames(uow: UnitOfWork, order: PurchaseOrder, servers: readonly Server[]): Promise<void> {
  const keyOfName = new Map(servers.flatMap(({ name, serial }) => (name === null ? [] : [[name, serialKey(serial)]])));
  for (const [name, key] of keyOfName) {
    const holder = await uow.db.selectFrom('assets').selectAll().where('name', '=', name).executeTakeFirst();
    if (holder === undefined || holder.serial_key === key) continue;
    const isOurs = holder.purchase_order === order.number || holder.purchase_order === null;
    const still = order.servers.find(({ serial }) => serialKey(serial) === holder.serial_key);
    if (
      !isOurs ||
      still?.name === name ||
      (still === undefined && holder.purchase_order === order.number) ||
      isWorking(holder)
    ) {
      throw new PpecError(
        'already_exists',
        `The name ${name} belongs to ${holder.serial}; ${order.number} gives it to ${key}.`,
      );
    }
    await uow.patchAsset(holder, { name: null });
  }
}

type Wanted = { readonly key: string; readonly server: Server };

/** The asset of an ordered serial: made now, or the one that was racked before its order was imported. */
async function settleServer(uow: UnitOfWork, order: PurchaseOrder, { key, server }: Wanted): Promise<void> {
  const known = await assetBySerial(uow.db, server.serial);
  if (known === undefined) {
    const reason = `on ${order.number} line ${server.line}`;
    const row = newAssetRow(
      { serial: server.serial, state: 'ORDERED', state_reason: reason, ...placeOf(order, server) },
      uow.ids,
    );
    await uow.db.insertInto('assets').values(row).execute();
    return;
  }
  const holders = await ordersOfSerial(uow.db, key);
  const isHeldElsewhere =
    known.purchase_order !== null && known.purchase_order !== order.number && holders.includes(known.purchase_order);
  if (isHeldElsewhere) return patchAndInspect(uow, known, {});
  // Of a cancelled order, a machine goes to the order that has it too.
  const other = order.state === 'cancelled' ? holders[0] : undefined;
  if (other !== undefined) return attachTo(uow, known, await requireOrder(uow.db, other));
  await patchAndInspect(uow, known, placeOf(order, server));
}

type Place = Pick<AssetRow, 'name' | 'datacenter' | 'rack' | 'slot' | 'class' | 'purchase_order' | 'order_line'>;

function placeOf(order: PurchaseOrder, server: Server): Place {
  return {
    name: server.name,
    datacenter: server.datacenter,
    rack: server.rack,
    slot: server.slot,
    class: order.lines.find((line) => line.line === server.line)?.class ?? null,
    purchase_order: order.number,
    order_line: server.line,
  };
}

/** Whether what is said of this machine leads to an inspection, now or when it is in PIOUS next. */
export function isInspectedAgain(asset: AssetRow): boolean {
  return !uninspected.has(asset.state);
}

/** Its boot was inspected with another order, or none; with this one, it is another question. */
async function patchAndInspect(uow: UnitOfWork, asset: AssetRow, place: Partial<AssetRow>): Promise<void> {
  await uow.patchAsset(asset, isInspectedAgain(asset) ? { ...place, inspected_hash: null } : place);
  uow.wake(asset.id);
}
