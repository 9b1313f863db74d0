// Waivers: one finding, one asset, until a time.
import type { Migration } from './migration.ts';

export const waivers: Migration = {
  name: '0002-waivers',
  statements: [
    `create table waivers ("id" text primary key, "asset_id" text not null, "path" text not null, "rule" text not null,
      "reason" text not null, "change_id" text not null, "created_at" bigint not null, "expires_at" bigint not null,
      "ended" bigint not null)`,
    'create index waivers_asset on waivers (asset_id, ended)',
  ],
};
