// Policies as data, what a change freezes beside its payload, and the outboxes: webhooks and mail.
import type { Migration } from './migration.ts';

export const policies: Migration = {
  name: '0010-policies',
  statements: [
    `create table policies ("id" text primary key, "operation" text not null, "scope" text not null,
      "quorum" bigint not null, "checkers" text not null, "open_for_ms" bigint not null, "window" text,
      "reason" text not null, "created_at" bigint not null, "updated_at" bigint not null, "revision" bigint not null)`,
    'create unique index policies_once on policies (operation, scope)',
    `alter table changes add column "input" text not null default 'null'`,
    `alter table changes add column "policy" text not null
      default '{"policies":[],"demands":[],"openForMs":0,"windows":[]}'`,
    `alter table changes add column "edits" bigint not null default 0`,
    `alter table changes add column "runs_at" bigint`,
    `alter table changes add column "break_glass" text`,
    `alter table changes add column "review" text`,
    // Their hash covers less than it has to.
    `update changes set state = 'expired', state_reason = 'filed under an older version; file it anew', revision = revision + 1
      where state = 'open'`,
    `create table change_notes ("id" text primary key, "change_id" text not null, "at" bigint not null,
      "kind" text not null, "person" text not null, "person_id" text not null, "from_address" text, "text" text not null)`,
    'create index change_notes_change on change_notes (change_id, id)',
    `create table webhooks ("id" text primary key, "name" text not null unique, "url" text not null,
      "kinds" text not null, "scope" text not null, "active" bigint not null, "secret" text not null,
      "old_secret" text, "old_secret_until" bigint, "dropped" bigint not null, "created_at" bigint not null,
      "revision" bigint not null)`,
    `create table webhook_outbox ("id" text primary key, "webhook_id" text not null, "seq" bigint not null,
      "kind" text not null, "object_id" text not null, "text" text not null, "state" text not null,
      "attempts" bigint not null, "status" bigint, "error" text, "created_at" bigint not null,
      "give_up_at" bigint not null, "next_at" bigint not null, "ended_at" bigint)`,
    'create index webhook_outbox_queue on webhook_outbox (webhook_id, state, seq)',
    'create index webhook_outbox_object on webhook_outbox (webhook_id, object_id, state, seq)',
    `create table mail_outbox ("id" text primary key, "person_id" text not null, "address" text not null,
      "subject" text not null, "text" text not null, "state" text not null, "attempts" bigint not null,
      "error" text, "created_at" bigint not null, "next_at" bigint not null, "ended_at" bigint)`,
    'create index mail_outbox_due on mail_outbox (state, next_at)',
    `create table notification_addresses ("person_id" text primary key, "email" text not null)`,
  ],
};
