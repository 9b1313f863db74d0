// Agents' certificates with what became of them, the TPMs of machines, and to whom a boot token was given.
import type { Migration } from './migration.ts';

export const agentIdentity: Migration = {
  name: '0012-agent-identity',
  statements: [
    `create table agent_certificates ("serial" text primary key, "asset_id" text not null, "boot_id" text not null,
      "home" text not null, "issued_at" bigint not null, "expires_at" bigint not null, "used_at" bigint,
      "replaced_by" text, "revoked_at" bigint, "revoked_why" text)`,
    'create index agent_certificates_asset on agent_certificates (asset_id, issued_at)',
    `create table tpm_pins ("asset_id" text primary key, "ek_sha256" text not null, "algorithm" text not null,
      "ek_sha256s" text not null, "issuer" text, "pinned_at" bigint not null, "proved_at" bigint not null)`,
    `alter table assets add column "trust" text not null default 'none'`,
    'alter table order_serials add column "ek_sha256" text',
    'alter table tokens add column "serial" text',
    'alter table tokens add column "from_address" text',
    'create index tokens_mac on tokens (mac)',
    'create index tokens_from on tokens (from_address)',
  ],
};
