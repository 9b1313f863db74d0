// One-time tokens: given out once in clear, kept as a hash, used at most once.
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';

import { newId, type IdSource } from '../../shared/ids.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;
export type TokenRow = Database['tokens'];

/** Open boot tokens at most: a network that asks for more is not a rack. */
const openBootTokensMax = 20_000;
/** Of one machine at one address: it asks again when it boots again. */
const openPerMacMax = 4;

export type NewToken = Pick<TokenRow, 'kind' | 'mac' | 'asset_id' | 'operation_id'> &
  Partial<Pick<TokenRow, 'serial' | 'from_address'>> & { readonly livesMs: number };

/** The token in clear, to be shown to its holder only. */
export async function createToken(db: Db, token: NewToken, ids: IdSource): Promise<string> {
  const nowMs = ids.clock.nowMs();
  await db.deleteFrom('tokens').where('expires_at', '<', nowMs).execute();
  const clear = Buffer.from(ids.rng.bytes(24)).toString('base64url');
  const { livesMs, ...row } = token;
  await db
    .insertInto('tokens')
    .values({
      serial: null,
      from_address: null,
      ...row,
      id: newId('token', ids),
      hash: hashOf(clear),
      expires_at: nowMs + livesMs,
      used_at: null,
    })
    .execute();
  return clear;
}

export type BootTokenAsked = {
  readonly mac: string;
  /** The known machine whose serial it named; the token is good for that serial only. */
  readonly asset: { readonly id: string; readonly serialKey: string } | undefined;
  readonly from: string;
  readonly livesMs: number;
  readonly perSourceMax: number;
};

/**
 * A boot token. Where an address has too many open ones its own oldest gives way; where the region has too many, the oldest of
 * the address with the most. So nobody pushes out a token of somebody else by asking for many; undefined where every
 * address has but one.
 */
export async function createBootToken(db: Db, asked: BootTokenAsked, ids: IdSource): Promise<string | undefined> {
  const { mac, asset, from, livesMs, perSourceMax } = asked;
  const open = openTokens(db, ids.clock.nowMs());
  await dropOldest(db, open.where('from_address', '=', from).where('mac', '=', mac), openPerMacMax - 1);
  await dropOldest(db, open.where('from_address', '=', from), perSourceMax - 1);
  const { count } = await open.select((eb) => eb.fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
  if (count >= openBootTokensMax) {
    const greediest = await open
      .select(['from_address', (eb) => eb.fn.countAll<number>().as('count')])
      .groupBy('from_address')
      .orderBy('count', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (greediest === undefined || greediest.count < 2) return undefined;
    await dropOldest(db, open.where('from_address', '=', greediest.from_address), greediest.count - 1);
  }
  return createToken(
    db,
    { kind: 'boot', mac, asset_id: asset?.id ?? null, operation_id: null, serial: asset?.serialKey ?? null, from_address: from, livesMs },
    ids,
  );
} // prettier-ignore

function openTokens(db: Db, nowMs: number) {
  return db.selectFrom('tokens').where('kind', '=', 'boot').where('used_at', 'is', null).where('expires_at', '>=', nowMs);
} // prettier-ignore

/** Leaves the newest `kept` of them. */
async function dropOldest(db: Db, tokens: ReturnType<typeof openTokens>, kept: number): Promise<void> {
  const dropped = await tokens.select('id').orderBy('id', 'desc').limit(1000).offset(kept).execute();
  if (dropped.length === 0) return;
  const ids = dropped.map(({ id }) => id);
  await db.deleteFrom('tokens').where('id', 'in', ids).execute();
}

export async function findToken(db: Db, clear: string): Promise<TokenRow | undefined> {
  return db.selectFrom('tokens').selectAll().where('hash', '=', hashOf(clear)).executeTakeFirst();
}

/** Whether this was its one use. */
export async function useToken(db: Db, id: string, nowMs: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('tokens')
    .set({ used_at: nowMs })
    .where('id', '=', id)
    .where('used_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

function hashOf(clear: string): string {
  return createHash('sha256').update(clear).digest('hex');
}
