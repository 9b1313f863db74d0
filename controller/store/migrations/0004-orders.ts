// Vendors, every document of an order as it came, and the serials and invoice numbers of all orders side by side: what a
// vendor sends is recorded even where a serial is on another order already.
import type { Migration } from './migration.ts';

export const orders: Migration = {
  name: '0004-orders',
  statements: [
    `create table vendors ("id" text primary key, "name" text not null, "name_key" text not null unique, "contact" text,
      "notes" text, "columns" text not null, "created_at" bigint not null, "revision" bigint not null)`,
    `create table order_documents ("id" text primary key, "purchase_order" text not null, "kind" text not null,
      "file_name" text not null, "sha256" text not null, "text" text not null, "actor" text not null, "at" bigint not null,
      "superseded" bigint not null)`,
    'create index order_documents_order on order_documents (purchase_order, kind, sha256)',
    `create table order_invoices ("vendor_key" text not null, "number_key" text not null, "purchase_order" text not null,
      primary key (vendor_key, number_key, purchase_order))`,
    'create index order_invoices_order on order_invoices (purchase_order)',
    `create table order_serials_of_many ("serial_key" text not null, "purchase_order" text not null, "line" bigint not null,
      primary key (serial_key, purchase_order))`,
    'insert into order_serials_of_many select serial_key, purchase_order, line from order_serials',
    'drop table order_serials',
    'alter table order_serials_of_many rename to order_serials',
    'create index order_serials_order on order_serials (purchase_order)',
    'alter table purchase_orders add column "indexed" bigint not null default 0',
  ],
};
