// Purchase orders: their rows, the serials and invoice numbers of all of them, and every document as it came.
import type { Kysely } from 'kysely';

import type { OrderBreach, PurchaseOrder } from '../../shared/api/purchase-order.ts';
import { PpecError } from '../../shared/errors.ts';
import { serialKey } from '../../shared/hardware/identity.ts';
import { newId } from '../../shared/ids.ts';
import { invoiceKey, orderBreaches } from '../domain/order/order-breaches.ts';
import type { OrderContent } from '../domain/order/order-content.ts';
import type { OrderDocument } from '../domain/order/order-document.ts';
import { toJson } from './json.ts';
import { findPurchaseOrder } from './records.ts';
import type { Database } from './schema.ts';
import { orderView } from './stored-order.ts';
import type { UnitOfWork } from './unit-of-work.ts';
import { vendorKey } from './vendors.ts';

type Db = Kysely<Database>;
/** Rows per statement: a statement has a limited number of values. */
const chunk = 500;

/** By number or id. Throws `not_found`. */
export async function requireOrder(db: Db, reference: string): Promise<PurchaseOrder> {
  const order = await findPurchaseOrder(db, reference);
  if (order === undefined)
    throw new PpecError('not_found', `There is no purchase order '${reference}'. List them: ppec po list`);
  return order;
}

/** Writes a new order, or the next revision of a known one, with its changelog. */
export async function writeOrder(
  uow: UnitOfWork,
  before: PurchaseOrder | undefined,
  after: PurchaseOrder,
): Promise<void> {
  const row = { document: toJson(after), document_sha256: after.documentSha256, revision: after.revision, indexed: 1 };
  if (before === undefined) {
    const made = { id: after.id, number: after.number, created_at: after.createdAt };
    await uow.db
      .insertInto('purchase_orders')
      .values({ ...row, ...made })
      .execute();
    await uow.changelog('purchase-order', { id: after.id, after: loggedFields(after, after) });
    return;
  }
  const { numUpdatedRows } = await uow.db
    .updateTable('purchase_orders')
    .set(row)
    .where('id', '=', after.id)
    .where('revision', '=', before.revision)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new PpecError('conflict', `${after.number} was changed meanwhile. Try again.`);
  await uow.changelog('purchase-order', {
    id: after.id,
    before: loggedFields(before, after),
    after: loggedFields(after, before),
    changeId: null,
  });
}

/** What the changelog compares: the order's own fields, and each line, delivery and invoice as one field. */
function loggedFields(order: PurchaseOrder, other: PurchaseOrder): Record<string, unknown> {
  const parts = (of: PurchaseOrder): [string, unknown][] => [
    ...of.lines.map((line): [string, unknown] => [`lines/${line.line}`, line]),
    ...of.deliveries.map((entry): [string, unknown] => {
      const servers = of.servers
        .filter(({ delivery, line }) => delivery === entry.delivery && line === entry.line)
        .map(({ serial, name, datacenter, rack, slot, macs, ekSha256 }) => ({
          serial,
          name,
          datacenter,
          rack,
          slot,
          macs,
          ...(ekSha256 === null ? {} : { ekSha256 }),
        }));
      return [`deliveries/${entry.delivery}/${entry.line}`, { ...entry, servers }];
    }),
    ...of.invoices.map((invoice, index): [string, unknown] => [`invoices/${index}`, invoice]),
  ];
  const absent = parts(other).map(([name]): [string, unknown] => [name, null]);
  const own = parts(order).map(([name, value]): [string, unknown] => [name, JSON.stringify(value)]);
  const { vendor, currency, orderedOn, state, documentSha256 } = order;
  return {
    vendor,
    currency,
    orderedOn,
    state,
    documentSha256,
    ...Object.fromEntries(absent),
    ...Object.fromEntries(own),
  };
}

type Indexed = Pick<OrderContent, 'number' | 'vendor' | 'servers' | 'invoices'>;

/** Puts the serials and invoice numbers of an order beside those of all others; a cancelled order orders no serials. */
export async function indexOrder(uow: UnitOfWork, order: Indexed, isCancelled: boolean): Promise<void> {
  await indexFirstOrders(uow);
  await uow.db.deleteFrom('order_serials').where('purchase_order', '=', order.number).execute();
  const servers = new Map(order.servers.toReversed().map((server) => [serialKey(server.serial), server]));
  const serials = isCancelled
    ? []
    : [...servers].map(([serial_key, { line, ekSha256 }]) => ({
        serial_key,
        purchase_order: order.number,
        line,
        ek_sha256: ekSha256,
      }));
  for (let from = 0; from < serials.length; from += chunk)
    await uow.db
      .insertInto('order_serials')
      .values(serials.slice(from, from + chunk))
      .execute();
  await indexInvoices(uow, order);
}

async function indexInvoices(uow: UnitOfWork, { number, vendor, invoices }: Omit<Indexed, 'servers'>): Promise<void> {
  await uow.db.deleteFrom('order_invoices').where('purchase_order', '=', number).execute();
  const keys = [...new Set(invoices.map((invoice) => invoiceKey(invoice.number)))];
  const rows = keys.map((number_key) => ({ vendor_key: vendorKey(vendor), number_key, purchase_order: number }));
  for (let from = 0; from < rows.length; from += chunk)
    await uow.db
      .insertInto('order_invoices')
      .values(rows.slice(from, from + chunk))
      .execute();
}

/** Orders of the first schema, whose invoices no index had. */
async function indexFirstOrders(uow: UnitOfWork): Promise<void> {
  const rows = await uow.db.selectFrom('purchase_orders').selectAll().where('indexed', '=', 0).execute();
  for (const row of rows) {
    await indexInvoices(uow, orderView(row));
    await uow.db.updateTable('purchase_orders').set({ indexed: 1 }).where('id', '=', row.id).execute();
  }
}

/** The breaches of an order that is indexed, beside all other orders of the region; their paths are the document's. */
export async function breachesOf(db: Db, order: OrderContent, document: OrderDocument): Promise<OrderBreach[]> {
  const serials = await db
    .selectFrom('order_serials as own')
    .innerJoin('order_serials as other', 'other.serial_key', 'own.serial_key')
    .select(['other.serial_key', 'other.purchase_order', 'other.line'])
    .where('own.purchase_order', '=', order.number)
    .where('other.purchase_order', '!=', order.number)
    .execute();
  const invoices = await db
    .selectFrom('order_invoices as own')
    .innerJoin('order_invoices as other', (join) =>
      join.onRef('other.vendor_key', '=', 'own.vendor_key').onRef('other.number_key', '=', 'own.number_key'),
    )
    .select(['other.number_key', 'other.purchase_order'])
    .where('own.purchase_order', '=', order.number)
    .where('other.purchase_order', '!=', order.number)
    .execute();
  const serialPlaces = new Map(serials.map((row) => [row.serial_key, `${row.purchase_order} line ${row.line}`]));
  const invoicePlaces = new Map(invoices.map((row) => [row.number_key, row.purchase_order]));
  return orderBreaches(document, {
    serialElsewhere: (key) => serialPlaces.get(key),
    invoiceElsewhere: (key) => invoicePlaces.get(key),
    receivedSha256: (index) => order.invoices[index]?.receivedSha256 ?? undefined,
    document: undefined,
  });
}

/** The other orders that share a serial, or an invoice number of the same vendor, with this one as it was or is. */
export async function relatedOrders(db: Db, states: readonly Indexed[]): Promise<PurchaseOrder[]> {
  const own = new Set(states.map((order) => order.number));
  const related = new Set<string>();
  for (const order of states) {
    const serials = [...new Set(order.servers.map((server) => serialKey(server.serial)))];
    for (let from = 0; from < serials.length; from += chunk) {
      const keys = serials.slice(from, from + chunk);
      const rows = await db
        .selectFrom('order_serials')
        .select('purchase_order')
        .distinct()
        .where('serial_key', 'in', keys)
        .execute();
      for (const row of rows) related.add(row.purchase_order);
    }
    const numbers = [...new Set(order.invoices.map((invoice) => invoiceKey(invoice.number)))];
    for (let from = 0; from < numbers.length; from += chunk) {
      const rows = await db
        .selectFrom('order_invoices')
        .select('purchase_order')
        .distinct()
        .where('vendor_key', '=', vendorKey(order.vendor))
        .where('number_key', 'in', numbers.slice(from, from + chunk))
        .execute();
      for (const row of rows) related.add(row.purchase_order);
    }
  }
  const found: PurchaseOrder[] = [];
  for (const number of related) if (!own.has(number)) found.push(await requireOrder(db, number));
  return found;
}

/** The orders that order a serial, cancelled ones not among them. */
export async function ordersOfSerial(db: Db, key: string): Promise<string[]> {
  const rows = await db
    .selectFrom('order_serials')
    .select('purchase_order')
    .where('serial_key', '=', key)
    .orderBy('purchase_order')
    .execute();
  return rows.map((row) => row.purchase_order);
}

type Kind = Database['order_documents']['kind'];
export type Received = {
  readonly kind: Kind;
  readonly fileName: string;
  readonly text: string;
  readonly sha256: string;
};

export async function keepDocument(
  uow: UnitOfWork,
  number: string,
  { kind, fileName, text, sha256 }: Received,
): Promise<void> {
  if (kind === 'amendment')
    await uow.db.updateTable('order_documents').set({ superseded: 1 }).where('purchase_order', '=', number).execute();
  await uow.db
    .insertInto('order_documents')
    .values({
      id: newId('orderDocument', uow.ids),
      purchase_order: number,
      kind,
      file_name: fileName,
      sha256,
      text,
      actor: uow.actor.name,
      at: uow.nowMs,
      superseded: 0,
    })
    .execute();
}

/** Whether exactly these bytes are part of the order already. */
export async function hasDocument(
  db: Db,
  number: string,
  { kind, sha256 }: Pick<Received, 'kind' | 'sha256'>,
): Promise<boolean> {
  const row = await db
    .selectFrom('order_documents')
    .select('id')
    .where('purchase_order', '=', number)
    .where('kind', '=', kind)
    .where('sha256', '=', sha256)
    .where('superseded', '=', 0)
    .executeTakeFirst();
  return row !== undefined;
}
