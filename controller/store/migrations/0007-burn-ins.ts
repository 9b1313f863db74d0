// Burn-ins, each under the id of its operation.
import type { Migration } from './migration.ts';

export const burnIns: Migration = {
  name: '0007-burn-ins',
  statements: [
    `create table burn_ins ("id" text primary key, "asset_id" text not null, "profile" text not null,
      "time_scale" real not null, "boot_id" text not null, "hardware_key" text not null, "class" text, "product" text,
      "asked_by" text, "peer_asset_id" text, "state" text not null, "message" text not null, "report" text,
      "figures" text not null, "created_at" bigint not null, "ended_at" bigint)`,
    'create index burn_ins_asset on burn_ins (asset_id, id)',
    'create index burn_ins_peers on burn_ins (profile, product, state)',
  ],
};
