// Purchase orders and machine classes.
import { createHash } from 'node:crypto';

import type { PurchaseOrder } from '../../shared/api/purchase-order.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { PpecError } from '../../shared/errors.ts';
import { serialKey } from '../../shared/hardware/identity.ts';
import { newId } from '../../shared/ids.ts';
import { classFromInventory } from '../../shared/inspection/class-from-inventory.ts';
import {
  checkPurchaseOrder,
  formatMoney,
  notAnOrder,
  parsePurchaseOrder,
  type ParsedOrder,
} from '../domain/purchase-order.ts';
import { assetBySerial, callName, findAsset, newAssetRow } from '../store/assets.ts';
import { fromJson, toJson } from '../store/json.ts';
import { classView, findClass, findPurchaseOrder } from '../store/records.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';

export const orderHandlers: Handlers<
  'po.list' | 'po.get' | 'po.import' | 'class.list' | 'class.get' | 'class.derive' | 'class.create'
> = {
  'po.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor }, { deps }) => {
      let query = deps.db.selectFrom('purchase_orders').selectAll();
      if (cursor !== undefined) query = query.where('id', '>', cursor);
      const rows = await query
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => fromJson(row.document));
    },
  },
  'po.get': {
    kind: 'read',
    run: async ({ po }, { deps }) => {
      const order = await findPurchaseOrder(deps.db, po);
      if (order === undefined)
        throw new PpecError('not_found', `There is no purchase order '${po}'. List them: ppec po list`);
      return order;
    },
  },
  'po.import': {
    kind: 'write',
    run: async ({ fileName, text }, { uow }) => {
      const { order, at } = parsePurchaseOrder(text, fileName);
      const known = await uow.db
        .selectFrom('purchase_orders')
        .selectAll()
        .where('number', '=', order.number)
        .executeTakeFirst();
      const documentSha256 = createHash('sha256').update(text).digest('hex');
      if (known !== undefined) {
        if (known.document_sha256 !== documentSha256) {
          throw new PpecError(
            'already_exists',
            `${order.number} is imported already, with another document (sha256 ${known.document_sha256.slice(0, 12)}…). An order's document never changes.`,
          );
        }
        return {
          output: fromJson(known.document),
          targets: [known.id],
          message: `${order.number} is imported already`,
        };
      }
      const issues = checkPurchaseOrder(order, at, {
        hasClass: await classChecker(uow, order),
        orderedElsewhere: await serialChecker(uow, order),
      });
      if (issues.length > 0) throw notAnOrder(issues);
      const output = await keepOrder(uow, order, documentSha256);
      await uow.event(
        'purchase-order',
        output.id,
        `${output.number} imported: ${output.servers.length} servers from ${output.vendor}`,
      );
      return { output, targets: [output.id], message: `${output.number} imported` };
    },
  },
  'class.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor }, { deps }) => {
      let query = deps.db.selectFrom('machine_classes').selectAll();
      if (cursor !== undefined) query = query.where('id', '>', cursor);
      const rows = await query
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, classView);
    },
  },
  'class.get': {
    kind: 'read',
    run: async (input, { deps }) => {
      const row = await findClass(deps.db, input.class);
      if (row === undefined)
        throw new PpecError('not_found', `There is no machine class '${input.class}'. List them: ppec class list`);
      return classView(row);
    },
  },
  'class.derive': {
    kind: 'read',
    run: async ({ asset }, { deps }) => {
      const row = await findAsset(deps.db, asset);
      const stored = await deps.db
        .selectFrom('inventories')
        .select('inventory')
        .where('asset_id', '=', row.id)
        .executeTakeFirst();
      if (stored === undefined) throw new PpecError('not_found', `${callName(row)} has not reported an inventory yet.`);
      return { asset: callName(row), class: row.class, spec: classFromInventory(fromJson(stored.inventory)) };
    },
  },
  'class.create': {
    kind: 'write',
    run: async ({ name, spec }, { uow }) => {
      const newest = await findClass(uow.db, name);
      if (newest !== undefined && canonicalJson(fromJson(newest.spec)) === canonicalJson(spec)) {
        return {
          output: classView(newest),
          targets: [newest.id],
          message: `${name}@${newest.version} is the same already`,
        };
      }
      const row = {
        id: newId('machineClass', uow.ids),
        name,
        version: (newest?.version ?? 0) + 1,
        spec: toJson(spec),
        created_at: uow.nowMs,
      };
      await uow.db.insertInto('machine_classes').values(row).execute();
      return { output: classView(row), targets: [row.id], message: `${name}@${row.version} created` };
    },
  },
};

async function classChecker(uow: UnitOfWork, order: ParsedOrder): Promise<(reference: string) => boolean> {
  const known = new Set<string>();
  for (const { class: reference } of order.lines) {
    if (reference.includes('@') && (await findClass(uow.db, reference)) !== undefined) known.add(reference);
  }
  return (reference) => known.has(reference);
}

async function serialChecker(uow: UnitOfWork, order: ParsedOrder): Promise<(key: string) => string | undefined> {
  const keys = (order.deliveries ?? []).flatMap((delivery) =>
    delivery.servers.map((server) => serialKey(server.serial)),
  );
  const known = new Map<string, string>();
  for (let from = 0; from < keys.length; from += 500) {
    const rows = await uow.db
      .selectFrom('order_serials')
      .selectAll()
      .where('serial_key', 'in', keys.slice(from, from + 500))
      .execute();
    for (const row of rows) known.set(row.serial_key, `${row.purchase_order} line ${row.line}`);
  }
  return (key) => known.get(key);
}

async function keepOrder(uow: UnitOfWork, order: ParsedOrder, documentSha256: string): Promise<PurchaseOrder> {
  const document = documentOf(order, { id: newId('purchaseOrder', uow.ids), documentSha256, createdAt: uow.nowMs });
  await uow.db
    .insertInto('purchase_orders')
    .values({
      id: document.id,
      number: document.number,
      document: toJson(document),
      document_sha256: documentSha256,
      created_at: uow.nowMs,
      revision: 1,
    })
    .execute();
  for (const server of document.servers) {
    await uow.db
      .insertInto('order_serials')
      .values({ serial_key: serialKey(server.serial), purchase_order: document.number, line: server.line })
      .execute();
    await attachAsset(uow, document, server);
  }
  return document;
}

/** The asset of an ordered serial: made now, or the one that was racked before its order was imported. */
async function attachAsset(
  uow: UnitOfWork,
  order: PurchaseOrder,
  server: PurchaseOrder['servers'][number],
): Promise<void> {
  const line = order.lines.find((candidate) => candidate.line === server.line);
  const place = {
    name: server.name,
    datacenter: server.datacenter,
    rack: server.rack,
    slot: server.slot,
    class: line?.class ?? null,
    purchase_order: order.number,
    order_line: server.line,
  };
  if (server.name !== null) {
    const holder = await uow.db
      .selectFrom('assets')
      .select('serial')
      .where('name', '=', server.name)
      .executeTakeFirst();
    if (holder !== undefined && serialKey(holder.serial) !== serialKey(server.serial)) {
      throw new PpecError(
        'already_exists',
        `The name ${server.name} belongs to ${holder.serial}; ${order.number} gives it to ${server.serial}.`,
      );
    }
  }
  const known = await assetBySerial(uow.db, server.serial);
  if (known !== undefined) {
    // Its boot was inspected without an order; with one, it is another question.
    await uow.patchAsset(known, { ...place, inspected_hash: null });
    uow.wake(known.id);
    return;
  }
  const row = newAssetRow(
    { serial: server.serial, state: 'ORDERED', state_reason: `on ${order.number} line ${server.line}`, ...place },
    uow.ids,
  );
  await uow.db.insertInto('assets').values(row).execute();
}

function documentOf(
  order: ParsedOrder,
  made: { id: string; documentSha256: string; createdAt: number },
): PurchaseOrder {
  const invoices = (order.invoices ?? []).map((invoice) => ({
    number: invoice.number,
    total: formatMoney(invoice.total),
    lines: invoice.lines.map((line) => ({
      line: line.line,
      quantity: line.serials.length,
      unitPrice: formatMoney(line.unitPrice),
      serials: line.serials,
    })),
  }));
  const billedBy = new Map(
    invoices.flatMap((invoice) =>
      invoice.lines.flatMap((line) => line.serials.map((serial) => [serialKey(serial), invoice.number] as const)),
    ),
  );
  return {
    ...made,
    number: order.number,
    vendor: order.vendor,
    currency: order.currency,
    orderedOn: order.ordered ?? null,
    lines: order.lines.map((line) => ({ ...line, unitPrice: formatMoney(line.unitPrice) })),
    servers: (order.deliveries ?? []).flatMap((delivery) =>
      delivery.servers.map((server) => ({
        serial: server.serial,
        line: delivery.line,
        delivery: delivery.delivery,
        name: server.name ?? null,
        datacenter: server.datacenter ?? null,
        rack: server.rack ?? null,
        slot: server.slot ?? null,
        invoice: billedBy.get(serialKey(server.serial)) ?? null,
      })),
    ),
    invoices,
    revision: 1,
  };
}
