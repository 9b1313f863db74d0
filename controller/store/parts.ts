// Parts in the region: which is where, and what happened to them. A report costs one query of the asset's parts; only what
// has changed is asked for further and written, in statements of many rows.
import type { Kysely } from 'kysely';

import type { Inventory } from '../../shared/hardware/inventory.ts';
import { serialKey } from '../../shared/hardware/identity.ts';
import type { Finding } from '../../shared/inspection/finding.ts';
import { newId } from '../../shared/ids.ts';
import { isInspectable } from '../../shared/lifecycle/asset.ts';
import { changesOf, type Changes, type KnownPart } from '../domain/part-changes.ts';
import { assetSentences, partName, placeName, sharedSentence } from '../domain/part-sentences.ts';
import { partsOf, type PartsTold } from '../domain/parts.ts';
import { callName } from './assets.ts';
import { assetEvents, saidEvents } from './part-events.ts';
import type { AssetRow, Database } from './schema.ts';
import type { UnitOfWork } from './unit-of-work.ts';

type Db = Kysely<Database>;
export type PartRow = Database['parts'];

/** Rows of one statement: far below what a database takes of parameters. */
const rowsMax = 500;
const sentencesMax = 5;
const textMax = 300;

/** Follows the parts of an asset that has just reported; in the transaction that stores its inventory. */
export async function trackParts(uow: UnitOfWork, asset: AssetRow, inventory: Inventory): Promise<void> {
  const told = partsOf(inventory);
  const rows = await rowsAbout(uow.db, asset.id, told);
  const changes = changesOf({
    assetId: asset.id,
    told,
    known: await knownOf(uow.db, rows),
    isAlive: await aliveOwners(uow.db, asset.id, rows),
    nowMs: uow.nowMs,
    newId: () => newId('part', uow.ids),
  });
  if (changes.parts.length === 0) return;
  const firstSeq = await keep(uow, changes, new Map(rows.map((row) => [row.id, row])));
  if (changes.events.some(({ event }) => event !== 'appeared')) await announce(uow, asset, firstSeq);
  await inspectAgain(uow, changes.claimants);
}

/** What is known of the asset's parts, and of parts that it tells of for the first time. */
async function rowsAbout(db: Db, assetId: string, told: PartsTold): Promise<PartRow[]> {
  const own = await db
    .selectFrom('parts')
    .selectAll()
    .where((where) =>
      where.or([
        where('asset_id', '=', assetId),
        where.and([where('last_asset_id', '=', assetId), where('filled', '=', 0)]),
        where('id', 'in', where.selectFrom('part_claims').select('part_id').where('asset_id', '=', assetId)),
      ]),
    )
    .execute();
  const known = new Set(own.map(({ part_key }) => part_key));
  const unknown = told.parts.map(({ key }) => key).filter((key) => !known.has(key));
  for (const keys of chunks(unknown)) {
    own.push(...(await db.selectFrom('parts').selectAll().where('part_key', 'in', keys).execute()));
  }
  return own;
}

async function knownOf(db: Db, rows: readonly PartRow[]): Promise<KnownPart[]> {
  const claimed = rows.filter(({ claims }) => claims > 0).map(({ id }) => id);
  const claims: Database['part_claims'][] = [];
  for (const ids of chunks(claimed)) {
    claims.push(...(await db.selectFrom('part_claims').selectAll().where('part_id', 'in', ids).execute()));
  }
  const byPart = Map.groupBy(claims, ({ part_id }) => part_id);
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    key: row.part_key,
    maker: row.maker,
    model: row.model,
    serial: row.serial,
    sizeBytes: row.size_bytes,
    slot: row.slot,
    witness: row.witness,
    state: row.state,
    assetId: row.asset_id,
    lastAssetId: row.last_asset_id,
    isFilled: row.filled === 1,
    rma: row.rma,
    claims: (byPart.get(row.id) ?? []).map(({ asset_id, slot, since }) => ({ assetId: asset_id, slot, since })),
    since: row.since,
  }));
}

/** An owner that is online and reported its parts in this boot is believed against another machine. */
async function aliveOwners(db: Db, assetId: string, rows: readonly PartRow[]): Promise<(id: string) => boolean> {
  const owners = new Set(rows.flatMap(({ asset_id }) => (asset_id === null || asset_id === assetId ? [] : [asset_id])));
  const alive = new Set<string>();
  for (const ids of chunks([...owners])) {
    const found = await db
      .selectFrom('assets')
      .innerJoin('inventories', 'inventories.asset_id', 'assets.id')
      .select('assets.id')
      .where('assets.id', 'in', ids)
      .where('presence', '=', 'online')
      .whereRef('inventories.boot_id', '=', 'assets.boot_id')
      .execute();
    for (const { id } of found) alive.add(id);
  }
  return (id) => alive.has(id);
}

/** Answers the sequence number of the first event written. */
async function keep(uow: UnitOfWork, changes: Changes, before: ReadonlyMap<string, PartRow>): Promise<number> {
  for (const parts of chunks(changes.parts)) {
    await uow.db
      .insertInto('parts')
      .values(parts.map((part) => rowOf(part, before.get(part.id), uow.nowMs)))
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet((eb) => ({
          part_key: eb.ref('excluded.part_key'),
          maker: eb.ref('excluded.maker'),
          model: eb.ref('excluded.model'),
          serial: eb.ref('excluded.serial'),
          serial_key: eb.ref('excluded.serial_key'),
          size_bytes: eb.ref('excluded.size_bytes'),
          witness: eb.ref('excluded.witness'),
          state: eb.ref('excluded.state'),
          asset_id: eb.ref('excluded.asset_id'),
          last_asset_id: eb.ref('excluded.last_asset_id'),
          slot: eb.ref('excluded.slot'),
          filled: eb.ref('excluded.filled'),
          rma: eb.ref('excluded.rma'),
          claims: eb.ref('excluded.claims'),
          since: eb.ref('excluded.since'),
          revision: eb.ref('excluded.revision'),
        })),
      )
      .execute();
  }
  await keepClaims(uow.db, changes, before);
  return appendPartEvents(
    uow,
    changes.events.map((change) => ({
      part_id: change.partId,
      event: change.event,
      asset_id: change.assetId,
      slot: change.slot,
      from_asset_id: change.fromAssetId,
      from_slot: change.fromSlot,
      by_part_id: change.byPartId,
      rma: change.rma,
      reason: null,
    })),
  );
}

function rowOf(part: KnownPart, before: PartRow | undefined, nowMs: number): PartRow {
  return {
    id: part.id,
    kind: part.kind,
    part_key: part.key,
    maker: part.maker,
    model: part.model,
    serial: part.serial,
    serial_key: serialKey(part.serial) || part.serial,
    size_bytes: part.sizeBytes,
    witness: part.witness,
    state: part.state,
    asset_id: part.assetId,
    last_asset_id: part.lastAssetId,
    slot: part.slot,
    filled: part.isFilled ? 1 : 0,
    rma: part.rma,
    claims: part.claims.length,
    since: part.since,
    created_at: before?.created_at ?? nowMs,
    revision: (before?.revision ?? 0) + 1,
  };
}

async function keepClaims(db: Db, { parts }: Changes, before: ReadonlyMap<string, PartRow>): Promise<void> {
  const touched = parts.filter((part) => part.claims.length > 0 || (before.get(part.id)?.claims ?? 0) > 0);
  for (const some of chunks(touched)) {
    const ids = some.map(({ id }) => id);
    await db.deleteFrom('part_claims').where('part_id', 'in', ids).execute();
  }
  const rows = touched.flatMap(({ id, claims }) =>
    claims.map(({ assetId, slot, since }) => ({ part_id: id, asset_id: assetId, slot, since })),
  );
  for (const some of chunks(rows)) await db.insertInto('part_claims').values(some).execute();
}

export type NewPartEvent = Omit<Database['part_events'], 'seq' | 'at' | 'actor'>;

/** Answers the sequence number of the first. */
export async function appendPartEvents(uow: UnitOfWork, events: readonly NewPartEvent[]): Promise<number> {
  const last = await uow.db.selectFrom('part_events').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  const first = (last?.seq ?? 0) + 1;
  const rows = events.map((event, index) => ({ ...event, seq: first + index, at: uow.nowMs, actor: uow.actor.name }));
  for (const some of chunks(rows)) await uow.db.insertInto('part_events').values(some).execute();
  return first;
}

/** To the feed in one event; a part that two live machines report is an alert. */
async function announce(uow: UnitOfWork, asset: AssetRow, firstSeq: number): Promise<void> {
  const said = await saidEvents(uow.db, await assetEvents(uow.db, asset.id, firstSeq));
  // Ports of one cable (a direct-attach cable, its ends) rightly carry one serial.
  const claimed = said.filter(({ event, part }) => event === 'claimed' && part.kind !== 'module');
  const texts = assetSentences(said, asset.id).map(({ text }) => text);
  await uow.event('asset', asset.id, joined(callName(asset), texts));
  if (claimed.length === 0) return;
  const twice = assetSentences(claimed, asset.id).map(({ text }) => text);
  await uow.event('alert', asset.id, joined(callName(asset), twice));
}

function joined(name: string, texts: readonly string[]): string {
  const more = texts.length > sentencesMax ? `; and ${texts.length - sentencesMax} more` : '';
  return `${name}: ${texts.slice(0, sentencesMax).join('; ')}${more}`.slice(0, textMax);
}

/** Whose parts are theirs is another question now. */
async function inspectAgain(uow: UnitOfWork, assetIds: readonly string[]): Promise<void> {
  for (const ids of chunks(assetIds)) {
    const assets = await uow.db.selectFrom('assets').selectAll().where('id', 'in', ids).execute();
    for (const asset of assets.filter(({ home, state }) => home === 'pious' && isInspectable(state))) {
      await uow.patchAsset(asset, { inspected_hash: null });
      uow.wake(asset.id);
    }
  }
}

const components = {
  board: 'board', dimm: 'memory', disk: 'disk', psu: 'psu', gpu: 'gpu', nic: 'nic', module: 'module',
} as const; // prettier-ignore

/** Findings about whose parts these are: one that another live machine reports too blocks the one that told later. */
export async function partFindings(db: Db, asset: AssetRow, inventory: Inventory): Promise<Finding[]> {
  const claims = await db
    .selectFrom('part_claims')
    .innerJoin('parts', 'parts.id', 'part_claims.part_id')
    .innerJoin('assets', 'assets.id', 'parts.asset_id')
    .select(['kind', 'maker', 'model', 'parts.serial', 'parts.slot as owner_slot', 'part_claims.slot'])
    .select(['assets.name as owner_name', 'assets.serial as owner_serial'])
    .where('part_claims.asset_id', '=', asset.id)
    .orderBy('parts.part_key')
    .limit(rowsMax)
    .execute();
  const twice = claims.map((claim): Finding => {
    const owner = `${claim.owner_name ?? claim.owner_serial}, ${placeName(claim.kind, claim.owner_slot)}`;
    const here = `${callName(asset)}, ${placeName(claim.kind, claim.slot)}`;
    const sentence = `The same part is in two machines: ${partName(claim)} is reported by ${owner}, and by ${here}.`;
    return {
      path: `${components[claim.kind]}/${claim.slot}`.slice(0, 200),
      kind: 'source-conflict',
      severity: claim.kind === 'module' ? 'info' : 'block',
      expected: 'a serial that no other machine reports',
      actual: `also in ${owner}`.slice(0, textMax),
      source: 'parts',
      rule: 'part-in-two-machines',
      class: null,
      sentence: sentence.slice(0, textMax),
    };
  });
  const shared = partsOf(inventory).shared.map((group): Finding => ({
    path: `${components[group.kind]}/${group.slots[0] ?? ''}`.slice(0, 200),
    kind: 'unverifiable',
    severity: 'info',
    expected: 'a serial of its own for each',
    actual: group.serial.slice(0, textMax),
    source: 'parts',
    rule: 'part-serial-shared',
    class: null,
    sentence: sharedSentence(group).slice(0, textMax),
  }));
  return [...twice, ...shared];
}

export function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += rowsMax) yield rows.slice(at, at + rowsMax);
}

/**
 * Whether parts of this asset were found elsewhere after it told of them, while it was not heard: it must tell again what it
 * has, or two machines with one part would not be seen.
 */
export async function hasLostParts(db: Db, assetId: string): Promise<boolean> {
  const taken = await db
    .selectFrom('part_events')
    .innerJoin('inventories', 'inventories.asset_id', 'part_events.from_asset_id')
    .select('part_events.seq')
    .where('from_asset_id', '=', assetId)
    .where('event', '=', 'came')
    .whereRef('part_events.at', '>=', 'inventories.at')
    .limit(1)
    .executeTakeFirst();
  return taken !== undefined;
}
