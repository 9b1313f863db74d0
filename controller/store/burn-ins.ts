// Burn-ins: the operation and its row begin together; what the agent reports is kept before it may forget it.
import { createHash } from 'node:crypto';

import type { BurnIn, BurnInDetail } from '../../shared/api/burn-in.ts';
import type { BurnInProfileName } from '../../shared/burn-in/profiles.ts';
import { PpecError } from '../../shared/errors.ts';
import type { BurnInProgress, BurnInReport } from '../../shared/burn-in/report.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import type { BurnInState } from '../../shared/lifecycle/burn-in.ts';
import { burnInSteps } from '../domain/burn-in-steps.ts';
import { hardwareText } from '../domain/hardware-key.ts';
import type { PastBurnIn } from '../domain/burn-in-policy.ts';
import type { Measured } from '../domain/peers.ts';
import { assetById, callName } from './assets.ts';
import type { Db } from './database.ts';
import { fromJson, toJson } from './json.ts';
import { missing } from './missing.ts';
import { startOperation } from './operations.ts';
import type { AssetRow, BurnInRow, BurnInWork, CommandRow } from './schema.ts';
import type { UnitOfWork } from './unit-of-work.ts';
import type { Condition } from './visibility.ts';

type Reader = Pick<Db, 'selectFrom'>;

/** Of one machine in one profile; older ones go. */
const keptPerProfile = 50;
const pastMax = 150;
/** Machines looked at as peers. */
const peersMax = 500;

export type NewBurnIn = Pick<BurnInWork, 'profile' | 'timeScale' | 'writeDiskSerials' | 'peer' | 'approval'> & {
  /** A person's name, or null where the inspection asks. */
  readonly askedBy: string | null;
};

/** Begins one; the reconciler does the rest. The caller has made sure that the machine may have one now. */
export async function startBurnIn(uow: UnitOfWork, asset: AssetRow, asked: NewBurnIn): Promise<string> {
  const { profile, timeScale, writeDiskSerials, peer, approval, askedBy } = asked;
  const inventory = await inventoryOf(uow.db, asset);
  const bootId = asset.boot_id ?? '';
  const id = await startOperation(uow, {
    kind: 'asset.burn-in',
    assetId: asset.id,
    changeId: approval?.changeId,
    steps: burnInSteps(profile),
    work: { profile, timeScale, bootId, writeDiskSerials, peer, approval },
  });
  await uow.db
    .insertInto('burn_ins')
    .values({
      id,
      asset_id: asset.id,
      profile,
      time_scale: timeScale,
      boot_id: bootId,
      hardware_key: hardwareKey(inventory),
      class: asset.class,
      product: inventory.identity.product,
      asked_by: askedBy,
      peer_asset_id: peer?.assetId ?? null,
      state: 'running',
      message: '',
      report: null,
      figures: toJson([]),
      created_at: uow.nowMs,
      ended_at: null,
    })
    .execute();
  await dropOldest(uow, asset.id, profile);
  await uow.patchAsset(asset, { operation_id: id }, approval?.changeId ?? null);
  await uow.event('asset', asset.id, `${callName(asset)}: burn-in ${profile} asked for by ${askedBy ?? 'inspection'}`);
  uow.wake(asset.id);
  return id;
}

async function dropOldest(uow: UnitOfWork, assetId: string, profile: BurnInProfileName): Promise<void> {
  const oldest = await uow.db
    .selectFrom('burn_ins')
    .select('id')
    .where('asset_id', '=', assetId)
    .where('profile', '=', profile)
    .orderBy('id', 'desc')
    .limit(1)
    .offset(keptPerProfile)
    .executeTakeFirst();
  if (oldest === undefined) return;
  await uow.db
    .deleteFrom('burn_ins')
    .where('asset_id', '=', assetId)
    .where('profile', '=', profile)
    .where('id', '<=', oldest.id)
    .execute();
}

/** The inventory of the boot that runs. Throws `failed_precondition` where it was not reported yet. */
export async function inventoryOf(db: Reader, asset: AssetRow): Promise<Inventory> {
  const stored = await db
    .selectFrom('inventories')
    .select('inventory')
    .where('asset_id', '=', asset.id)
    .where('boot_id', '=', asset.boot_id ?? '')
    .executeTakeFirst();
  if (stored === undefined) {
    throw new PpecError('failed_precondition', `${callName(asset)} has not reported its hardware in this boot yet.`);
  }
  return fromJson(stored.inventory);
}

/** SHA-256 over the set of parts, hexadecimal. */
export function hardwareKey(inventory: Inventory): string {
  return createHash('sha256').update(hardwareText(inventory)).digest('hex');
}

/** Kept in the transaction after which the agent is told that it may forget the result. */
export async function keepReport(
  uow: UnitOfWork,
  command: CommandRow,
  report: BurnInReport | undefined,
): Promise<void> {
  if (command.name !== 'burn-in' || report === undefined) return;
  await uow.db
    .updateTable('burn_ins')
    .set({ report: toJson(report) })
    .where('id', '=', command.operation_id)
    .execute();
}

/** All but the report, which may be long. */
export type BurnInFacts = Omit<BurnInRow, 'report'>;

const factColumns = [
  'id', 'asset_id', 'profile', 'time_scale', 'boot_id', 'hardware_key', 'class', 'product', 'asked_by', 'peer_asset_id',
  'state', 'message', 'figures', 'created_at', 'ended_at',
] as const; // prettier-ignore

export type StoredBurnIn = PastBurnIn & { readonly message: string; readonly facts: BurnInFacts };

/** Those of the machine as it was delivered or released, newest first. */
export async function pastBurnIns(db: Reader, assetId: string): Promise<StoredBurnIn[]> {
  const released = await db
    .selectFrom('changelog')
    .select('at')
    .where('object_kind', '=', 'asset')
    .where('object_id', '=', assetId)
    .where('field', '=', 'state')
    .where('after', '=', 'RELEASING')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  const rows = await db
    .selectFrom('burn_ins')
    .select(factColumns)
    .where('asset_id', '=', assetId)
    .where('created_at', '>=', released?.at ?? 0)
    .orderBy('id', 'desc')
    .limit(pastMax)
    .execute();
  return rows.map((facts) => ({
    profile: facts.profile,
    state: facts.state,
    bootId: facts.boot_id,
    hardwareKey: facts.hardware_key,
    timeScale: facts.time_scale,
    message: facts.message,
    facts,
  }));
}

export async function reportOfBurnIn(db: Reader, id: string): Promise<BurnInReport | null> {
  const row = await db.selectFrom('burn_ins').select('report').where('id', '=', id).executeTakeFirst();
  return row?.report == null ? null : fromJson(row.report);
}

/** Newest first; one more than `limit`, where there is one. */
export async function listBurnIns(
  db: Reader,
  {
    limit,
    visible,
    ...filter
  }: { limit: number; visible: Condition; assetId?: string; state?: BurnInState; before?: string },
): Promise<BurnInFacts[]> {
  let query = db.selectFrom('burn_ins').select(factColumns).where(visible);
  if (filter.assetId !== undefined) query = query.where('asset_id', '=', filter.assetId);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  return query
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
}

/** The newest run of each other machine of the class, of the same product, profile and times, in which nothing failed. */
export async function peerFigures(db: Reader, own: BurnInFacts, visible?: Condition): Promise<(readonly Measured[])[]> {
  if (own.class === null) return [];
  let query = db
    .selectFrom('burn_ins')
    .select(['asset_id', 'figures'])
    .where('profile', '=', own.profile)
    .where('product', 'is', own.product)
    .where('state', 'in', ['passed', 'unverifiable'])
    .where('time_scale', '=', own.time_scale)
    .where('class', 'like', `${className(own.class)}@%`)
    .where('asset_id', '!=', own.asset_id);
  if (visible !== undefined) query = query.where(visible);
  const rows = await query.orderBy('id', 'desc').limit(peersMax).execute();
  return newestOfEach(rows).map(({ figures }) => fromJson(figures));
}

/** The newest run with figures of every machine of a class. */
export async function burnInsOfClass(db: Reader, name: string, visible: Condition): Promise<BurnInFacts[]> {
  const rows = await db
    .selectFrom('burn_ins')
    .select(factColumns)
    .where('class', 'like', `${className(name).replaceAll(/[%_]/g, '')}@%`)
    .where('state', 'in', ['passed', 'unverifiable'])
    .where(visible)
    .orderBy('id', 'desc')
    .limit(peersMax)
    .execute();
  return newestOfEach(rows).toSorted((a, b) => (a.asset_id < b.asset_id ? -1 : 1));
}

/** Versions of a class are one fleet. */
function className(reference: string): string {
  return reference.split('@')[0] ?? reference;
}

function newestOfEach<Row extends { readonly asset_id: string }>(rows: readonly Row[]): Row[] {
  const newest = new Map<string, Row>();
  for (const row of rows) if (!newest.has(row.asset_id)) newest.set(row.asset_id, row);
  return [...newest.values()];
}

/** By its id, or the newest one of an asset. Throws `not_found`. */
export async function findBurnIn(db: Reader, reference: string): Promise<BurnInRow> {
  const row = await db
    .selectFrom('burn_ins')
    .innerJoin('assets', 'assets.id', 'burn_ins.asset_id')
    .selectAll('burn_ins')
    .where((eb) =>
      eb.or([
        eb('burn_ins.id', '=', reference),
        eb('assets.id', '=', reference),
        eb('assets.name', '=', reference),
        eb('assets.serial', '=', reference),
      ]),
    )
    .orderBy('burn_ins.id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) throw missing('burn-in', reference);
  return row;
}

/** `progress` is what the agent told last of the burn-in that runs on this asset. */
export async function burnInView(db: Db, row: BurnInFacts, progress: BurnInProgress | undefined): Promise<BurnIn> {
  const asset = await assetById(db, row.asset_id);
  const peer = row.peer_asset_id === null ? undefined : await assetById(db, row.peer_asset_id);
  const isRunning = row.state === 'running' && progress !== undefined;
  return {
    id: row.id,
    assetId: row.asset_id,
    asset: asset === undefined ? row.asset_id : callName(asset),
    class: row.class,
    profile: row.profile,
    timeScale: row.time_scale,
    bootId: row.boot_id,
    askedBy: row.asked_by ?? 'inspection',
    peer: peer === undefined ? row.peer_asset_id : callName(peer),
    state: row.state,
    message: row.message,
    startedAt: row.created_at,
    endedAt: row.ended_at,
    progress: isRunning
      ? {
          percent: progress.percent,
          test: progress.test,
          round: progress.round,
          rounds: progress.rounds,
          counts: progress.counts,
        }
      : null,
  };
}

export async function burnInDetail(
  db: Db,
  row: BurnInRow,
  progress: BurnInProgress | undefined,
): Promise<BurnInDetail> {
  return {
    ...(await burnInView(db, row, progress)),
    report: row.report === null ? null : fromJson(row.report),
    log: row.state === 'running' ? [...(progress?.log ?? [])] : [],
  };
}
