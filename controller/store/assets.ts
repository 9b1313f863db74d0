// Assets: finding them, and their rows as the API shows them.
import type { Kysely } from 'kysely';

import type { Asset } from '../../shared/api/asset.ts';
import { serialKey } from '../../shared/hardware/identity.ts';
import { newId, type IdSource } from '../../shared/ids.ts';
import type { KnownMachine } from '../domain/machine-identity.ts';
import { fromJson, toJson } from './json.ts';
import { missing } from './missing.ts';
import type { AssetRow, Database } from './schema.ts';

type Reader = Kysely<Database>;

export async function assetById(db: Reader, id: string): Promise<AssetRow | undefined> {
  return db.selectFrom('assets').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function assetBySerial(db: Reader, serial: string): Promise<AssetRow | undefined> {
  return db.selectFrom('assets').selectAll().where('serial_key', '=', serialKey(serial)).executeTakeFirst();
}

/** By id, name or serial, as people name a machine. Throws `not_found`. */
export async function findAsset(db: Reader, reference: string): Promise<AssetRow> {
  const row = await db
    .selectFrom('assets')
    .selectAll()
    .where((eb) =>
      eb.or([eb('id', '=', reference), eb('name', '=', reference), eb('serial_key', '=', serialKey(reference))]),
    )
    .executeTakeFirst();
  if (row === undefined) throw missing('asset', reference);
  return row;
}

export function assetView(row: AssetRow): Asset {
  return {
    id: row.id,
    name: row.name,
    serial: row.serial,
    uuid: row.uuid,
    macs: fromJson(row.macs),
    datacenter: row.datacenter,
    rack: row.rack,
    slot: row.slot,
    class: row.class,
    purchaseOrder: row.purchase_order,
    orderLine: row.order_line,
    state: row.state,
    stateSince: row.state_since,
    stateReason: row.state_reason,
    health: row.health,
    presence: row.presence,
    presenceSince: row.presence_since,
    hold: row.hold,
    home: row.home,
    trust: row.trust,
    bootId: row.boot_id,
    agentVersion: row.agent_version,
    address: row.address,
    hostname: row.hostname,
    project: row.project,
    team: row.team,
    cluster: row.cluster,
    tags: fromJson(row.tags),
    image: row.image,
    operationId: row.operation_id,
    findings: fromJson(row.findings),
    verificationEnforced: row.verification_enforced === null ? null : row.verification_enforced === 1,
    createdAt: row.created_at,
    revision: row.revision,
  };
}

/** What is known of the machine itself. */
export function knownMachine(row: AssetRow): KnownMachine {
  return { serial: row.serial, serialKey: row.serial_key, uuid: row.uuid, macs: fromJson(row.macs) };
}

/** How people call it: its name, else its serial. */
export function callName(row: AssetRow): string {
  return row.name ?? row.serial;
}

/** `R12/U20`, or an empty text. */
export function placeOf(row: AssetRow): string {
  return [row.rack, row.slot].filter((part) => part !== null).join('/');
}

export type NewAsset = Pick<AssetRow, 'serial' | 'state' | 'state_reason'> & Partial<AssetRow>;

export function newAssetRow(asset: NewAsset, ids: IdSource): AssetRow {
  const nowMs = ids.clock.nowMs();
  return {
    id: newId('asset', ids),
    name: null,
    serial_key: serialKey(asset.serial) || asset.serial,
    uuid: null,
    macs: toJson([]),
    datacenter: null,
    rack: null,
    slot: null,
    class: null,
    purchase_order: null,
    order_line: null,
    state_since: nowMs,
    health: 'unknown',
    presence: 'offline',
    presence_since: nowMs,
    hold: 'none',
    home: null,
    trust: 'none',
    boot_id: null,
    agent_version: null,
    address: null,
    hostname: null,
    project: null,
    team: null,
    cluster: null,
    tags: toJson({}),
    image: null,
    operation_id: null,
    findings: toJson([]),
    verification_enforced: null,
    command_key_sequence: null,
    production_ran: 'no',
    command_generation: 0,
    inventory_hash: null,
    inventory_boot_id: null,
    inspected_boot_id: null,
    inspected_hash: null,
    created_at: nowMs,
    revision: 1,
    ...asset,
  };
}
