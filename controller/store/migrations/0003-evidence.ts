// Evidence by its content: what two machines, or two boots of one, have in common is stored once; and which parser made
// an inventory of it, so that a newer one does it again.
import type { Migration } from './migration.ts';

export const evidence: Migration = {
  name: '0003-evidence',
  statements: [
    'alter table evidence rename to evidence_by_source',
    'drop index evidence_source',
    `create table evidence ("sha256" text primary key, "encoding" text not null, "bytes" blob not null,
      "created_at" bigint not null)`,
    `insert into evidence (sha256, encoding, bytes, created_at)
      select sha256, 'identity', max(bytes), min(at) from evidence_by_source group by sha256`,
    `create table inventory_sources ("asset_id" text not null, "source" text not null, "sha256" text, "absent" text,
      "unread" text)`,
    `insert into inventory_sources (asset_id, source, sha256) select asset_id, source, sha256 from evidence_by_source`,
    'drop table evidence_by_source',
    'create unique index inventory_sources_asset on inventory_sources (asset_id, source)',
    'create index inventory_sources_sha256 on inventory_sources (sha256)',
    'alter table inventories add column "parser" bigint not null default 0',
  ],
};
