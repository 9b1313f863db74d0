import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Compile } from 'typebox/compile';
import { expect, it } from 'vitest';

import { PurchaseOrder } from '../../shared/api/purchase-order.ts';
import { openDatabase } from './database.ts';
import { spine } from './migrations/0001-spine.ts';
import { waivers } from './migrations/0002-waivers.ts';
import { findPurchaseOrder } from './records.ts';

// What the first release wrote.
const first = {
  id: 'po_1',
  documentSha256: 'a'.repeat(64),
  createdAt: 5,
  number: 'PO-1',
  vendor: 'Acme',
  currency: 'EUR',
  orderedOn: null,
  lines: [{ line: 1, class: 'small@1', quantity: 2, unitPrice: '10.00' }],
  servers: [
    { serial: 'A1', line: 1, delivery: 1, name: 'srv-a', datacenter: null, rack: null, slot: null, invoice: 'I-1' },
  ],
  invoices: [{ number: 'I-1', total: '10.00', lines: [{ line: 1, quantity: 1, unitPrice: '10.00', serials: ['A1'] }] }],
  revision: 1,
};

it('reads an order of the first schema, and keeps its serials', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'ppec-orders-'));
  const path = join(dir, 'ppec.db');
  const file = new Sqlite(path);
  file.exec('create table migrations (name text primary key)');
  for (const { name, statements } of [spine, waivers]) {
    for (const statement of statements) file.exec(statement);
    file.prepare('insert into migrations (name) values (?)').run(name);
  }
  file
    .prepare(
      'insert into purchase_orders (id, number, document, document_sha256, created_at, revision) values (?, ?, ?, ?, 5, 1)',
    )
    .run('po_1', 'PO-1', JSON.stringify(first), first.documentSha256);
  file.prepare("insert into order_serials (serial_key, purchase_order, line) values ('A1', 'PO-1', 1)").run();
  file.close();

  const db = await openDatabase(path);
  const order = await findPurchaseOrder(db, 'PO-1');
  expect(Compile(PurchaseOrder).Check(order)).toBe(true);
  expect(order).toMatchObject({
    state: 'delivering',
    deliveries: [{ delivery: 1, line: 1, date: null, reference: null }],
    servers: [{ serial: 'A1', macs: [], invoice: 'I-1' }],
    invoices: [{ number: 'I-1', total: '10.00', tax: null, lines: [{ quantity: 1, serials: ['A1'] }] }],
    breaches: [],
  });
  expect(await db.selectFrom('order_serials').selectAll().execute()).toEqual([
    { serial_key: 'A1', purchase_order: 'PO-1', line: 1, ek_sha256: null },
  ]);
  // Two orders may name a serial now: what a vendor sends is recorded.
  await db.insertInto('order_serials').values({ serial_key: 'A1', purchase_order: 'PO-2', line: 1 }).execute();
  await db.destroy();
  rmSync(dir, { recursive: true });
});
