// The first schema.
import type { Migration } from './migration.ts';

type Columns = Readonly<Record<string, string>>;

const text = 'text not null';
const textNull = 'text';
const whole = 'bigint not null';
const wholeNull = 'bigint';

const tables: Readonly<Record<string, Columns>> = {
  assets: {
    id: 'text primary key', name: textNull, serial: text, serial_key: `${text} unique`, uuid: textNull, macs: text,
    datacenter: textNull, rack: textNull, slot: textNull, class: textNull, purchase_order: textNull, order_line: wholeNull,
    state: text, state_since: whole, state_reason: text, health: text, presence: text, presence_since: whole, hold: text,
    home: textNull, boot_id: textNull, agent_version: textNull, address: textNull, hostname: textNull, project: textNull,
    image: textNull, operation_id: textNull, findings: text, verification_enforced: wholeNull, production_ran: text,
    command_generation: whole, inventory_hash: textNull, inventory_boot_id: textNull, inspected_boot_id: textNull,
    inspected_hash: textNull, created_at: whole, revision: whole,
  },
  inventories: { asset_id: 'text primary key', boot_id: text, hash: text, inventory: text, at: whole },
  evidence: { asset_id: text, source: text, sha256: text, bytes: 'blob not null', at: whole },
  health_reports: { asset_id: 'text primary key', report: text, at: whole },
  inspections: {
    id: 'text primary key', asset_id: text, boot_id: text, inventory_hash: text, class: textNull, verdict: text,
    findings: text, at: whole,
  },
  purchase_orders: {
    id: 'text primary key', number: `${text} unique`, document: text, document_sha256: text, created_at: whole, revision: whole,
  },
  order_serials: { serial_key: 'text primary key', purchase_order: text, line: whole },
  machine_classes: { id: 'text primary key', name: text, version: whole, spec: text, created_at: whole },
  images: {
    id: 'text primary key', name: text, version: text, kind: text, sha256: text, bytes: whole, disk_bytes: whole,
    manifest: text, signature: text, key_id: text, created_at: whole,
  },
  networks: {
    id: 'text primary key', name: `${text} unique`, kind: text, cidr: text, gateway: textNull, range_start: text,
    range_end: text, dns: text, created_at: whole, revision: whole,
  },
  addresses: { id: 'text primary key', network_id: text, address: text, state: text, asset_id: textNull, since: whole },
  people: { id: 'text primary key', name: `${text} unique`, roles: text, active: whole, created_at: whole },
  credentials: {
    id: 'text primary key', person_id: text, secret_hash: text, roles: textNull, label: text, expires_at: wholeNull,
    last_used_at: wholeNull, revoked_at: wholeNull, created_at: whole,
  },
  changes: {
    id: 'text primary key', operation: text, summary: text, reason: text, maker_id: text, state: text,
    state_reason: textNull, payload: text, payload_sha256: text, effect: text, targets: text, checkers_needed: whole,
    approvals: text, operation_ids: text, created_at: whole, expires_at: whole, revision: whole,
  },
  operations: {
    id: 'text primary key', kind: text, asset_id: text, change_id: text, state: text, steps: text,
    progress_percent: 'real', error: textNull, work: text, deadline_at: whole, created_at: whole, ended_at: wholeNull,
    revision: whole,
  },
  commands: {
    id: 'text primary key', operation_id: text, asset_id: text, boot_id: text, name: text, generation: whole,
    bytes: 'blob not null', signature: 'blob not null', key_id: text, state: text, outcome: textNull, code: textNull,
    message: text, created_at: whole, expires_at: whole, ended_at: wholeNull,
  },
  tokens: {
    id: 'text primary key', hash: `${text} unique`, kind: text, mac: textNull, asset_id: textNull, operation_id: textNull,
    expires_at: whole, used_at: wholeNull,
  },
  audit: {
    seq: 'bigint primary key', at: whole, actor: text, actor_id: text, credential_id: textNull, from_address: textNull,
    operation: text, targets: text, outcome: text, message: text, change_id: textNull, request_id: textNull,
    previous_hash: text, hash: text,
  },
  changelog: {
    seq: 'bigint primary key', object_kind: text, object_id: text, field: text, before: textNull, after: textNull,
    actor: text, change_id: textNull, at: whole,
  },
  events: { seq: 'bigint primary key', at: whole, kind: text, object_id: text, text },
  idempotency: { credential_id: text, key: text, operation: text, input_sha256: text, output: text, at: whole },
  console_logs: { asset_id: 'text primary key', text, at: whole },
}; // prettier-ignore

const indexes: readonly string[] = [
  'create unique index addresses_once on addresses (network_id, address)',
  'create index addresses_asset on addresses (asset_id)',
  'create index assets_state on assets (state)',
  'create unique index assets_name on assets (name)',
  'create unique index evidence_source on evidence (asset_id, source)',
  'create index inspections_asset on inspections (asset_id, at)',
  'create unique index machine_classes_version on machine_classes (name, version)',
  'create unique index images_version on images (name, version)',
  'create index changes_state on changes (state, created_at)',
  'create index operations_asset on operations (asset_id, state)',
  'create index operations_state on operations (state, created_at)',
  'create index commands_asset on commands (asset_id, state)',
  'create unique index commands_generation on commands (asset_id, generation)',
  'create index tokens_expiry on tokens (expires_at)',
  'create index changelog_object on changelog (object_kind, object_id)',
  'create unique index idempotency_key on idempotency (credential_id, key)',
];

export const spine: Migration = {
  name: '0001-spine',
  statements: [
    ...Object.entries(tables).map(
      ([table, columns]) =>
        `create table ${table} (${Object.entries(columns)
          .map(([name, type]) => `"${name}" ${type}`)
          .join(', ')})`,
    ),
    ...indexes,
  ],
};
