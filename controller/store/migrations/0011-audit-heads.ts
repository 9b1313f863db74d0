// Signed heads of the audit's chain, the segments its oldest entries were sealed into, and the changelog as a list.
import type { Migration } from './migration.ts';

export const auditHeads: Migration = {
  name: '0011-audit-heads',
  statements: [
    `create table audit_heads ("seq" bigint primary key, "hash" text not null, "at" bigint not null,
      "key_id" text not null, "signature" text not null, "witnessed" bigint not null)`,
    'create index audit_heads_unwitnessed on audit_heads (witnessed, seq)',
    `create table audit_segments ("first_seq" bigint primary key, "last_seq" bigint not null, "previous_hash" text not null,
      "last_hash" text not null, "first_at" bigint not null, "last_at" bigint not null, "file" text not null,
      "bytes" bigint not null, "sha256" text not null, "key_id" text not null, "signature" text not null,
      "sealed_at" bigint not null, "pruned_at" bigint)`,
    `create table audit_keys ("key_id" text primary key, "public_key" text not null, "since" bigint not null)`,
    'create index audit_at on audit (at)',
    'alter table changelog add column "revision" bigint',
    'drop index changelog_object',
    'create index changelog_object on changelog (object_kind, object_id, seq)',
  ],
};
