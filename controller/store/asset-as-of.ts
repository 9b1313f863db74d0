// An asset as it was: today's row, and the changelog undone backwards to that time.
import type { Kysely } from 'kysely';

import { toRfc3339 } from '../../shared/clock.ts';
import { PpecError } from '../../shared/errors.ts';
import { callName } from './assets.ts';
import type { AssetRow, Database } from './schema.ts';

type Db = Kysely<Database>;

/** The changelog keeps texts: these columns are numbers again. */
type NumberColumn = {
  [K in keyof AssetRow]-?: NonNullable<AssetRow[K]> extends number ? K : never;
}[keyof AssetRow];
const numberColumns: Readonly<Record<NumberColumn, true>> = {
  order_line: true,
  state_since: true,
  presence_since: true,
  verification_enforced: true,
  command_generation: true,
  command_key_sequence: true,
  created_at: true,
  revision: true,
};

const entriesPerRead = 1000;
/** What the clock of whoever asks for now may be ahead. */
const clocksDifferMs = 300_000;

/** The row at the end of the millisecond `atMs`. Throws `failed_precondition` where there was no such asset yet. */
export async function assetAsOf(
  db: Db,
  today: AssetRow,
  { atMs, nowMs }: { readonly atMs: number; readonly nowMs: number },
): Promise<AssetRow> {
  if (atMs < today.created_at) {
    throw new PpecError(
      'failed_precondition',
      `${callName(today)} did not exist at ${toRfc3339(atMs)}: it is known here since ${toRfc3339(today.created_at)}.`,
    );
  }
  if (atMs > nowMs + clocksDifferMs) {
    throw new PpecError('invalid_argument', `${toRfc3339(atMs)} is not over yet; it is ${toRfc3339(nowMs)}.`);
  }
  let row: AssetRow = today;
  let before = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const entries = await db
      .selectFrom('changelog')
      .selectAll()
      .where('object_kind', '=', 'asset')
      .where('object_id', '=', today.id)
      .where('seq', '<', before)
      .where('at', '>', atMs)
      .orderBy('seq', 'desc')
      .limit(entriesPerRead)
      .execute();
    for (const entry of entries) {
      // Columns that a later version has taken away are nothing to this one.
      if (!Object.hasOwn(today, entry.field)) continue;
      const value =
        entry.before !== null && Object.hasOwn(numberColumns, entry.field) ? Number(entry.before) : entry.before;
      row = { ...row, [entry.field]: value, ...(entry.revision === null ? {} : { revision: entry.revision - 1 }) };
    }
    const last = entries.at(-1);
    if (last === undefined || entries.length < entriesPerRead) break;
    before = last.seq;
  }
  return {
    ...row,
    state_since: (await since(db, { id: today.id, field: 'state', atMs })) ?? today.created_at,
    presence_since: (await since(db, { id: today.id, field: 'presence', atMs })) ?? today.created_at,
  };
}

/** When a field last changed, up to then. */
async function since(
  db: Db,
  { id, field, atMs }: { readonly id: string; readonly field: string; readonly atMs: number },
): Promise<number | undefined> {
  const row = await db
    .selectFrom('changelog')
    .select('at')
    .where('object_kind', '=', 'asset')
    .where('object_id', '=', id)
    .where('field', '=', field)
    .where('at', '<=', atMs)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.at;
}
