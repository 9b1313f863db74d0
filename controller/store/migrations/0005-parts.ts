// Parts by their own serials, each once in the region, and what happened to them. Inventories that were stored before are
// gone through once, when the controller starts.
import type { Migration } from './migration.ts';

export const parts: Migration = {
  name: '0005-parts',
  statements: [
    `create table parts ("id" text primary key, "kind" text not null, "part_key" text not null unique, "maker" text,
      "model" text, "serial" text not null, "serial_key" text not null, "size_bytes" bigint, "witness" text not null,
      "state" text not null, "asset_id" text, "last_asset_id" text, "slot" text not null, "filled" bigint not null,
      "rma" text, "claims" bigint not null, "since" bigint not null, "created_at" bigint not null,
      "revision" bigint not null)`,
    'create index parts_asset on parts (asset_id)',
    'create index parts_last_asset on parts (last_asset_id, filled)',
    'create index parts_serial on parts (serial_key)',
    `create table part_claims ("part_id" text not null, "asset_id" text not null, "slot" text not null,
      "since" bigint not null, primary key (part_id, asset_id))`,
    'create index part_claims_asset on part_claims (asset_id)',
    `create table part_events ("seq" bigint primary key, "at" bigint not null, "part_id" text not null,
      "event" text not null, "asset_id" text, "slot" text, "from_asset_id" text, "from_slot" text, "by_part_id" text,
      "rma" text, "reason" text, "actor" text not null)`,
    'create index part_events_part on part_events (part_id, seq)',
    'create index part_events_by on part_events (by_part_id)',
    'create index part_events_asset on part_events (asset_id, seq)',
    'create index part_events_from on part_events (from_asset_id, seq)',
    'alter table inventories add column "tracked" bigint not null default 0',
  ],
};
