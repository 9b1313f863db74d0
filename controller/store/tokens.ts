// One-time tokens: given out once in clear, kept as a hash, used at most once.
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';

import { newId, type IdSource } from '../../shared/ids.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;
export type TokenRow = Database['tokens'];

/** Live boot tokens at most: a network that asks for more is not a rack. */
const liveBootTokensMax = 20_000;

export type NewToken = Pick<TokenRow, 'kind' | 'mac' | 'asset_id' | 'operation_id'> & { readonly livesMs: number };

/** The token in clear, to be shown to its holder only. Where too many boot tokens are alive, the oldest one gives way. */
export async function createToken(db: Db, token: NewToken, ids: IdSource): Promise<string> {
  const nowMs = ids.clock.nowMs();
  await db.deleteFrom('tokens').where('expires_at', '<', nowMs).execute();
  const { count } = await db
    .selectFrom('tokens')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('kind', '=', 'boot')
    .executeTakeFirstOrThrow();
  if (count >= liveBootTokensMax) {
    const oldest = db.selectFrom('tokens').select('id').where('kind', '=', 'boot').orderBy('id').limit(1);
    await db.deleteFrom('tokens').where('id', 'in', oldest).execute();
  }
  const clear = Buffer.from(ids.rng.bytes(24)).toString('base64url');
  const { livesMs, ...row } = token;
  await db
    .insertInto('tokens')
    .values({ ...row, id: newId('token', ids), hash: hashOf(clear), expires_at: nowMs + livesMs, used_at: null })
    .execute();
  return clear;
}

export async function findToken(db: Db, clear: string): Promise<TokenRow | undefined> {
  return db.selectFrom('tokens').selectAll().where('hash', '=', hashOf(clear)).executeTakeFirst();
}

export async function useToken(db: Db, id: string, nowMs: number): Promise<void> {
  await db.updateTable('tokens').set({ used_at: nowMs }).where('id', '=', id).execute();
}

function hashOf(clear: string): string {
  return createHash('sha256').update(clear).digest('hex');
}
