// Rows of the smaller nouns as the API shows them, and how each is found.
import type { Kysely } from 'kysely';

import type { AuditEntry } from '../../shared/api/audit.ts';
import type { Image } from '../../shared/api/image.ts';
import type { MachineClass } from '../../shared/api/machine-class.ts';
import type { Network } from '../../shared/api/network.ts';
import type { OperationHandle } from '../../shared/api/operation-handle.ts';
import type { PurchaseOrder } from '../../shared/api/purchase-order.ts';
import { PpecError } from '../../shared/errors.ts';
import { parseIpv4 } from '../domain/ipa.ts';
import { fromJson } from './json.ts';
import type { Database, OperationRow } from './schema.ts';
import { orderView } from './stored-order.ts';

type Db = Kysely<Database>;
export type ClassRow = Database['machine_classes'];
export type ImageRow = Database['images'];
export type NetworkRow = Database['networks'];

/** `name@version`, or the newest version of `name`. */
export async function findClass(db: Db, reference: string): Promise<ClassRow | undefined> {
  const [name = '', version] = reference.split('@');
  let query = db.selectFrom('machine_classes').selectAll().where('name', '=', name);
  if (version !== undefined) query = query.where('version', '=', Number(version));
  return query.orderBy('version', 'desc').limit(1).executeTakeFirst();
}

export function classView(row: ClassRow): MachineClass {
  return { id: row.id, name: row.name, version: row.version, spec: fromJson(row.spec), createdAt: row.created_at };
}

/** By id, `name@version`, or the newest of `name`. Throws `not_found`. */
export async function findImage(db: Db, reference: string): Promise<ImageRow> {
  const [name = '', version] = reference.split('@');
  const row = await db
    .selectFrom('images')
    .selectAll()
    .where((eb) =>
      eb.or([
        eb('id', '=', reference),
        version === undefined ? eb('name', '=', name) : eb.and([eb('name', '=', name), eb('version', '=', version)]),
      ]),
    )
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined)
    throw new PpecError('not_found', `There is no image '${reference}'. List them: ppec image list`);
  return row;
}

export function imageView(row: ImageRow): Image {
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    kind: row.kind,
    sha256: row.sha256,
    bytes: row.bytes,
    diskBytes: row.disk_bytes,
    keyId: row.key_id,
    createdAt: row.created_at,
  };
}

export async function findNetwork(db: Db, reference: string): Promise<NetworkRow> {
  const row = await db
    .selectFrom('networks')
    .selectAll()
    .where((eb) => eb.or([eb('id', '=', reference), eb('name', '=', reference)]))
    .executeTakeFirst();
  if (row === undefined)
    throw new PpecError('not_found', `There is no network '${reference}'. List them: ppec network list`);
  return row;
}

export async function networkView(db: Db, row: NetworkRow): Promise<Network> {
  const { used } = await db
    .selectFrom('addresses')
    .select((eb) => eb.fn.countAll<number>().as('used'))
    .where('network_id', '=', row.id)
    .executeTakeFirstOrThrow();
  const size = (parseIpv4(row.range_end) ?? 0) - (parseIpv4(row.range_start) ?? 0) + 1;
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    cidr: row.cidr,
    gateway: row.gateway,
    rangeStart: row.range_start,
    rangeEnd: row.range_end,
    dns: fromJson(row.dns),
    used,
    free: size - used,
    createdAt: row.created_at,
    revision: row.revision,
  };
}

export async function findPurchaseOrder(db: Db, number: string): Promise<PurchaseOrder | undefined> {
  const row = await db
    .selectFrom('purchase_orders')
    .select('document')
    .where((eb) => eb.or([eb('number', '=', number), eb('id', '=', number)]))
    .executeTakeFirst();
  return row === undefined ? undefined : orderView(row);
}

export async function operationView(db: Db, row: OperationRow): Promise<OperationHandle> {
  const asset = await db
    .selectFrom('assets')
    .select(['name', 'serial'])
    .where('id', '=', row.asset_id)
    .executeTakeFirst();
  return {
    id: row.id,
    kind: row.kind,
    assetId: row.asset_id,
    asset: asset?.name ?? asset?.serial ?? row.asset_id,
    changeId: row.change_id === '' ? null : row.change_id,
    state: row.state,
    steps: fromJson(row.steps),
    progressPercent: row.progress_percent,
    error: row.error,
    mayCancel: row.kind === 'asset.burn-in' && row.state === 'running',
    createdAt: row.created_at,
    endedAt: row.ended_at,
    revision: row.revision,
  };
}

export function auditView(row: Database['audit']): AuditEntry {
  return {
    seq: row.seq,
    at: row.at,
    actor: row.actor,
    actorId: row.actor_id,
    credentialId: row.credential_id,
    from: row.from_address,
    operation: row.operation,
    targets: fromJson(row.targets),
    outcome: row.outcome,
    message: row.message,
    changeId: row.change_id,
    requestId: row.request_id,
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}
