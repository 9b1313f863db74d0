// The timeline of parts, and parts themselves, as the API shows them: with the names of machines and parts in place of ids.
import type { Kysely } from 'kysely';

import type { Part, PartEvent } from '../../shared/api/part.ts';
import { serialKey } from '../../shared/hardware/identity.ts';
import { PpecError } from '../../shared/errors.ts';
import type { Rights } from '../domain/rbac.ts';
import { assetSentences, partSentence, type NamedPart, type SaidEvent, type Told } from '../domain/part-sentences.ts';
import { missing } from './missing.ts';
import type { Database } from './schema.ts';
import { seesAll, visibleAssets, visibleParts } from './visibility.ts';

type Db = Kysely<Database>;
type PartRow = Database['parts'];
type EventRow = Database['part_events'];

export const partEventsMax = 1000;
const idsMax = 500;

/** Events that an asset had a part in, oldest first, from a sequence number on; the newest where there are too many. */
export async function assetEvents(db: Db, assetId: string, firstSeq = 0): Promise<EventRow[]> {
  const rows = await db
    .selectFrom('part_events')
    .selectAll()
    .where((where) => where.or([where('asset_id', '=', assetId), where('from_asset_id', '=', assetId)]))
    .where('seq', '>=', firstSeq)
    .orderBy('seq', 'desc')
    .limit(partEventsMax)
    .execute();
  return rows.toReversed();
}

/** Rows with the names they speak of: two queries, however many rows. */
export async function saidEvents(db: Db, rows: readonly EventRow[], rights?: Rights): Promise<SaidEvent[]> {
  const parts = await partsById(
    db,
    rows.flatMap(({ part_id, by_part_id }) => [part_id, by_part_id]),
  );
  const assets = await assetNames(
    db,
    rows.flatMap(({ asset_id, from_asset_id }) => [asset_id, from_asset_id]),
    rights,
  );
  return rows.flatMap((row): SaidEvent[] => {
    const part = parts.get(row.part_id);
    if (part === undefined) return [];
    return [
      {
        at: row.at,
        event: row.event,
        part,
        assetId: row.asset_id,
        asset: assets.get(row.asset_id ?? '') ?? null,
        slot: row.slot,
        fromAssetId: row.from_asset_id,
        fromAsset: assets.get(row.from_asset_id ?? '') ?? null,
        fromSlot: row.from_slot,
        by: parts.get(row.by_part_id ?? '') ?? null,
        rma: row.rma,
        reason: row.reason,
        actor: row.actor,
      },
    ];
  });
}

async function partsById(db: Db, ids: readonly (string | null)[]): Promise<Map<string, NamedPart>> {
  const found = new Map<string, NamedPart>();
  for (const some of distinct(ids)) {
    const rows = await db
      .selectFrom('parts')
      .select(['id', 'kind', 'maker', 'model', 'serial'])
      .where('id', 'in', some)
      .execute();
    for (const row of rows) found.set(row.id, row);
  }
  return found;
}

/** With rights, a machine that they do not show is one without a name. */
async function assetNames(
  db: Db,
  ids: readonly (string | null)[],
  rights: Rights | undefined,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const some of distinct(ids)) {
    let query = db.selectFrom('assets').select(['id', 'name', 'serial']).where('id', 'in', some);
    if (rights !== undefined) query = query.where(visibleAssets(rights, 'asset.get'));
    for (const { id, name, serial } of await query.execute()) found.set(id, name ?? serial);
    const hidden = rights === undefined || seesAll(rights, 'asset.get') ? [] : some.filter((id) => !found.has(id));
    for (const id of hidden) found.set(id, hiddenMachine);
  }
  return found;
}

const hiddenMachine = 'another machine';

/** Each id once, in lists that a statement takes. */
function distinct(ids: readonly (string | null)[]): string[][] {
  const all = [...new Set(ids)].filter((id) => id !== null);
  return Array.from({ length: Math.ceil(all.length / idsMax) }, (_, at) => all.slice(at * idsMax, (at + 1) * idsMax));
}

/** What happened to the parts of an asset, in sentences, oldest first. */
export async function assetPartLines(db: Db, assetId: string, rights?: Rights): Promise<Told[]> {
  return assetSentences(await saidEvents(db, await assetEvents(db, assetId), rights), assetId);
}

/** What happened to one part, and what it took the place of, oldest first. */
export async function partTimeline(db: Db, partId: string, rights?: Rights): Promise<PartEvent[]> {
  const rows = await db
    .selectFrom('part_events')
    .selectAll()
    .where((where) => where.or([where('part_id', '=', partId), where('by_part_id', '=', partId)]))
    .orderBy('seq', 'desc')
    .limit(partEventsMax)
    .execute();
  const said = await saidEvents(db, rows.toReversed(), rights);
  return said.map((one) => ({
    at: one.at,
    event: one.event,
    text: partSentence(one, partId),
    asset: one.asset,
    slot: one.slot,
    fromAsset: one.fromAsset,
    fromSlot: one.fromSlot,
    rma: one.rma,
    actor: one.actor,
  }));
}

/**
 * By id or serial; with rights, of the parts that they show. Throws `not_found`, and `invalid_argument` where several
 * parts have the serial.
 */
export async function findPart(db: Db, reference: string, rights?: Rights): Promise<PartRow> {
  let query = db
    .selectFrom('parts')
    .selectAll()
    .where((where) =>
      where.or([where('id', '=', reference), where('serial_key', '=', serialKey(reference) || reference)]),
    );
  if (rights !== undefined) query = query.where(visibleParts(rights, 'part.get'));
  const rows = await query.orderBy('id').limit(11).execute();
  const [row, other] = rows;
  if (row === undefined) throw missing('part', reference);
  if (other === undefined) return row;
  const listed = rows.slice(0, 10).map(({ id, kind, model }) => `${id} (${kind}${model === null ? '' : ` ${model}`})`);
  const more = rows.length > 10 ? ', …' : '';
  throw new PpecError(
    'invalid_argument',
    `Several parts have the serial '${reference}'; name one by its id: ${listed.join(', ')}${more}.`,
  );
}

/** Rows as the API shows them: two queries, however many rows. */
export async function partViews(db: Db, rows: readonly PartRow[], rights?: Rights): Promise<Part[]> {
  const claims: Database['part_claims'][] = [];
  for (const ids of distinct(rows.filter((row) => row.claims > 0).map(({ id }) => id))) {
    claims.push(...(await db.selectFrom('part_claims').selectAll().where('part_id', 'in', ids).execute()));
  }
  const byPart = Map.groupBy(claims, ({ part_id }) => part_id);
  const names = await assetNames(
    db,
    [
      ...rows.flatMap(({ asset_id, last_asset_id }) => [asset_id, last_asset_id]),
      ...claims.map(({ asset_id }) => asset_id),
    ],
    rights,
  );
  const isHidden = (id: string | null): boolean => names.get(id ?? '') === hiddenMachine;
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    maker: row.maker,
    model: row.model,
    serial: row.serial,
    sizeBytes: row.size_bytes,
    state: row.state,
    assetId: isHidden(row.asset_id) ? null : row.asset_id,
    asset: names.get(row.asset_id ?? '') ?? null,
    slot: isHidden(row.asset_id) ? '' : row.slot,
    lastAssetId: isHidden(row.last_asset_id) ? null : row.last_asset_id,
    lastAsset: names.get(row.last_asset_id ?? '') ?? null,
    alsoIn: (byPart.get(row.id) ?? []).map(({ asset_id }) => names.get(asset_id) ?? asset_id),
    rma: row.rma,
    since: row.since,
    firstSeenAt: row.created_at,
    revision: row.revision,
  }));
}
