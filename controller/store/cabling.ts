// The cabling table: its rows, which of them concern a machine, and which machines a row concerns.
import type { Kysely } from 'kysely';

import type { CablingRow } from '../../shared/api/cabling.ts';
import { PpecError } from '../../shared/errors.ts';
import type { Nic } from '../../shared/hardware/inventory.ts';
import { cableNames, lookUp, switchNames, type Cable, type Place } from '../../shared/inspection/cabled.ts';
import { neighbourKeys, placeKey, portKey, slotKey, switchKey } from '../../shared/inspection/switch-port.ts';
import type { AssetRow, CablingTableRow, Database } from './schema.ts';
import type { UnitOfWork } from './unit-of-work.ts';

type Db = Kysely<Database>;

/** Rows of the whole table. */
export const cablingRowsMax = 200_000;
/** Rows or keys of one statement; SQLite takes 32,766 parameters. */
const chunk = 500;

export function cablingView(row: CablingTableRow): CablingRow {
  const { switch: name, port, datacenter, rack, slot, nic, comment } = row;
  return { switch: name, port, datacenter, rack, slot, nic, comment };
}

function tableRow(row: CablingRow): CablingTableRow {
  const [switch_key, port_key] = [switchKey(row.switch), portKey(row.port)];
  return {
    ...row,
    id: `${switch_key}\t${port_key}`,
    switch_key,
    port_key,
    datacenter_key: row.datacenter === null ? null : placeKey(row.datacenter),
    rack_key: placeKey(row.rack),
  };
}

export async function hasCabling(db: Db): Promise<boolean> {
  return (await db.selectFrom('cabling').select('id').limit(1).executeTakeFirst()) !== undefined;
}

export async function countCabling(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('cabling')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

async function rowsOfSwitches(db: Db, keys: readonly string[]): Promise<CablingTableRow[]> {
  const found: CablingTableRow[] = [];
  for (let from = 0; from < keys.length; from += chunk) {
    const some = keys.slice(from, from + chunk);
    const rows = await db.selectFrom('cabling').selectAll().where('switch_key', 'in', some).execute();
    for (const row of rows) found.push(row);
  }
  return found;
}

/** All rows that can say something of a machine: of the switches its ports hear, and of the racks in question. */
export async function cablesFor(db: Db, nics: readonly Nic[], places: readonly Place[]): Promise<Cable[]> {
  const heard = nics.flatMap(({ neighbour }) => (neighbour === null ? [] : [neighbour]));
  const names = new Set(heard.flatMap((neighbour) => switchNames(neighbour).flat()));
  const rows = new Map<string, Cable>();
  const found = await rowsOfSwitches(
    db,
    [...names].filter((name) => !name.endsWith('.')),
  );
  for (const host of [...names].filter((name) => name.endsWith('.'))) {
    // The range of all names that begin with `leaf-1.`: `/` follows the dot.
    const [low, high] = [host, `${host.slice(0, -1)}/`];
    const some = db.selectFrom('cabling').selectAll().where('switch_key', '>=', low).where('switch_key', '<', high);
    for (const row of await some.limit(cablingRowsMax).execute()) found.push(row);
  }
  for (const row of found) rows.set(row.id, cablingView(row));
  const { located, twice } = lookUp({ nics, cables: [...rows.values()] });
  const racks = [
    ...places.flatMap(({ rack }) => (rack === null ? [] : [rack])),
    ...[...located, ...twice].flatMap(({ cables }) => cables.map(({ rack }) => rack)),
  ];
  const keys = [...new Set(racks.map(placeKey))];
  if (keys.length > 0) {
    const ofRacks = await db.selectFrom('cabling').selectAll().where('rack_key', 'in', keys).execute();
    for (const row of ofRacks) if (!rows.has(row.id)) rows.set(row.id, cablingView(row));
  }
  return [...rows.values()];
}

export type CablingDiff = {
  readonly added: readonly CablingRow[];
  readonly changed: readonly { readonly before: CablingRow; readonly after: CablingRow }[];
  readonly removed: readonly CablingRow[];
  readonly unchanged: number;
};

/** Writes rows in place of those of the same switch port; with `replace`, of the same switch. */
export async function writeCabling(
  uow: UnitOfWork,
  rows: readonly CablingRow[],
  replaced: { readonly switches: readonly string[]; readonly isWhole: boolean },
): Promise<CablingDiff> {
  const before = new Map((await rowsOfSwitches(uow.db, replaced.switches)).map((row) => [row.id, row]));
  const after = new Map(rows.map((row) => [tableRow(row).id, row]));
  const added = [...after].flatMap(([id, row]) => (before.has(id) ? [] : [row]));
  const both = [...after].flatMap(([id, row]) => {
    const known = before.get(id);
    return known === undefined ? [] : [{ before: cablingView(known), after: row }];
  });
  const changed = both.filter((pair) => textOf(pair.before) !== textOf(pair.after));
  const gone = replaced.isWhole ? [...before.values()].filter(({ id }) => !after.has(id)) : [];
  const total = (await countCabling(uow.db)) + added.length - gone.length;
  if (total > cablingRowsMax) {
    throw new PpecError(
      'failed_precondition',
      `The cabling table would have ${total} rows; it has up to ${cablingRowsMax}. Delete switches that are gone: ppec cabling delete SWITCH`,
    );
  }
  const old = [...gone.map(({ id }) => id), ...changed.map((pair) => tableRow(pair.after).id)];
  for (let from = 0; from < old.length; from += chunk)
    await uow.db
      .deleteFrom('cabling')
      .where('id', 'in', old.slice(from, from + chunk))
      .execute();
  const fresh = [...added, ...changed.map((pair) => pair.after)].map(tableRow);
  for (let from = 0; from < fresh.length; from += chunk)
    await uow.db
      .insertInto('cabling')
      .values(fresh.slice(from, from + chunk))
      .execute();
  const diff = { added, changed, removed: gone.map(cablingView), unchanged: both.length - changed.length };
  await logDiff(uow, diff);
  return diff;
}

const textOf = (row: CablingRow): string => JSON.stringify(cablingView(tableRow(row)));

/** One changelog per switch: the port, and where it led before and after. */
async function logDiff(uow: UnitOfWork, { added, changed, removed }: CablingDiff): Promise<void> {
  const said = ({ datacenter, rack, slot, nic, comment }: CablingRow): string =>
    [datacenter, rack, slot, nic, comment].filter((part) => part !== null).join(' ');
  const all = [
    ...added.map((row) => ({ row, before: null, after: said(row) })),
    ...changed.map((pair) => ({ row: pair.after, before: said(pair.before), after: said(pair.after) })),
    ...removed.map((row) => ({ row, before: said(row), after: null })),
  ];
  const bySwitch = Map.groupBy(all, ({ row }) => switchKey(row.switch));
  for (const [id, entries] of bySwitch) {
    for (let from = 0; from < entries.length; from += chunk) {
      const some = entries.slice(from, from + chunk);
      const before = Object.fromEntries(some.map((entry) => [entry.row.port, entry.before]));
      const after = Object.fromEntries(some.map((entry) => [entry.row.port, entry.after]));
      await uow.changelog('cabling', { id, before, after, changeId: null });
    }
  }
}

/** Keeps what the ports of a machine hear, so that a row of the table finds it. */
export async function keepNeighbours(uow: UnitOfWork, assetId: string, nics: readonly Nic[]): Promise<void> {
  await uow.db.deleteFrom('neighbours').where('asset_id', '=', assetId).execute();
  const rows = nics.flatMap(({ neighbour }) => {
    if (neighbour === null) return [];
    const { ports } = neighbourKeys(neighbour);
    const names = switchNames(neighbour).flat();
    return names.flatMap((switch_key) => ports.map((port_key) => ({ asset_id: assetId, switch_key, port_key })));
  });
  for (let from = 0; from < rows.length; from += chunk) {
    const some = rows.slice(from, from + chunk);
    await uow.db
      .insertInto('neighbours')
      .values(some)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Machines that hear one of these switch ports, or are recorded in a place that the rows name; by id. */
export async function assetsConcerned(db: Db, diff: CablingDiff): Promise<AssetRow[]> {
  // Another comment leads to the same place.
  const moved = diff.changed.filter(
    ({ before, after }) => textOf({ ...before, comment: null }) !== textOf({ ...after, comment: null }),
  );
  const rows = [...diff.added, ...diff.removed, ...moved.flatMap(({ before, after }) => [before, after])];
  const ids = new Set<string>();
  const ports = new Map(
    rows.flatMap((row) =>
      cableNames(row.switch).map((name) => [`${name}\t${portKey(row.port)}`, { name, port: portKey(row.port) }]),
    ),
  );
  const bySwitch = Map.groupBy(ports.values(), ({ name }) => name);
  for (const [name, wanted] of bySwitch) {
    for (let from = 0; from < wanted.length; from += chunk) {
      const keys = wanted.slice(from, from + chunk).map(({ port }) => port);
      const found = await db
        .selectFrom('neighbours')
        .select('asset_id')
        .where('switch_key', '=', name)
        .where('port_key', 'in', keys)
        .execute();
      for (const { asset_id } of found) ids.add(asset_id);
    }
  }
  const racks = await changedRacks(db, rows);
  if (racks.size > 0) {
    const placed = await db.selectFrom('assets').select(['id', 'rack', 'slot']).where('rack', 'is not', null).execute();
    for (const { id, rack, slot } of placed) {
      const slots = racks.get(placeKey(rack ?? ''));
      if (slots === 'all' || (slots !== undefined && (slot === null || slots.has(slotKey(slot))))) ids.add(id);
    }
  }
  return assetsById(db, [...ids].toSorted());
}

/** Per rack, the slots whose rows changed; all of them where it came into the table, or left it. */
async function changedRacks(
  db: Db,
  rows: readonly CablingRow[],
): Promise<ReadonlyMap<string, ReadonlySet<string> | 'all'>> {
  const racks = new Map<string, ReadonlySet<string> | 'all'>();
  for (const [rack, some] of Map.groupBy(rows, (row) => placeKey(row.rack))) {
    const { count } = await db
      .selectFrom('cabling')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('rack_key', '=', rack)
      .executeTakeFirstOrThrow();
    racks.set(rack, count <= some.length ? 'all' : new Set(some.map(({ slot }) => slotKey(slot))));
  }
  return racks;
}

async function assetsById(db: Db, ids: readonly string[]): Promise<AssetRow[]> {
  const found: AssetRow[] = [];
  for (let from = 0; from < ids.length; from += chunk) {
    const some = ids.slice(from, from + chunk);
    found.push(...(await db.selectFrom('assets').selectAll().where('id', 'in', some).execute()));
  }
  return found;
}

/** Machines recorded in a rack, or that heard one of its switch ports; a page of them by id. */
export async function assetsOfRack(
  db: Db,
  rack: Pick<Place, 'datacenter'> & { readonly rack: string },
  page: { readonly limit: number; readonly cursor: string | undefined },
): Promise<AssetRow[]> {
  const key = placeKey(rack.rack);
  const hearing = db
    .selectFrom('neighbours')
    .innerJoin('cabling', (join) =>
      join
        .onRef('cabling.switch_key', '=', 'neighbours.switch_key')
        .onRef('cabling.port_key', '=', 'neighbours.port_key'),
    )
    .select('neighbours.asset_id')
    .where('cabling.rack_key', '=', key);
  const recorded = db.selectFrom('assets').select(['id', 'rack', 'datacenter']).where('rack', 'is not', null);
  const there = (await recorded.execute()).filter((row) => placeKey(row.rack ?? '') === key);
  const inDatacenter = (name: string | null): boolean =>
    rack.datacenter === null || name === null || placeKey(name) === placeKey(rack.datacenter);
  const heard =
    rack.datacenter === null
      ? hearing
      : hearing.where((eb) =>
          eb.or([
            eb('cabling.datacenter_key', 'is', null),
            eb('cabling.datacenter_key', '=', placeKey(rack.datacenter ?? '')),
          ]),
        );
  const ids = new Set([
    ...there.filter((row) => inDatacenter(row.datacenter)).map(({ id }) => id),
    ...(await heard.execute()).map(({ asset_id }) => asset_id),
  ]);
  const after = [...ids].toSorted().filter((id) => page.cursor === undefined || id > page.cursor);
  return (await assetsById(db, after.slice(0, page.limit))).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
