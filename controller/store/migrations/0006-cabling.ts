// The cabling table, and what the ports of each machine heard when it was last inspected: so that a changed row finds the
// machines that it concerns without reading every inventory.
import type { Migration } from './migration.ts';

export const cabling: Migration = {
  name: '0006-cabling',
  statements: [
    `create table cabling ("id" text primary key, "switch" text not null, "switch_key" text not null,
      "port" text not null, "port_key" text not null, "datacenter" text, "datacenter_key" text, "rack" text not null,
      "rack_key" text not null, "slot" text not null, "nic" text, "comment" text)`,
    'create unique index cabling_port on cabling (switch_key, port_key)',
    'create index cabling_rack on cabling (rack_key)',
    `create table neighbours ("asset_id" text not null, "switch_key" text not null, "port_key" text not null,
      primary key (asset_id, switch_key, port_key))`,
    'create index neighbours_port on neighbours (switch_key, port_key)',
  ],
};
