// Device codes (RFC 8628): a client that asks to be signed in, until somebody has confirmed it in a browser.
import type { Kysely } from 'kysely';

import { PpecError } from '../../shared/errors.ts';
import { newId, type IdSource } from '../../shared/ids.ts';
import { newUserCode } from '../domain/user-code.ts';
import type { Database } from './schema.ts';
import { newSecret, secretHash } from './secret-hash.ts';

type Db = Kysely<Database>;
export type DeviceCodeRow = Database['device_codes'];

export const deviceCodeMs = 600_000;
export const pollIntervalMs = 5000;
/** Whoever reaches the API may ask: these many wait at most, in all and from one address. */
const waitingMax = 1000;
const waitingPerAddressMax = 20;

export async function addDeviceCode(
  db: Db,
  asked: { readonly client: string; readonly from: string },
  ids: IdSource,
): Promise<{ row: DeviceCodeRow; deviceCode: string }> {
  const nowMs = ids.clock.nowMs();
  await db.deleteFrom('device_codes').where('expires_at', '<=', nowMs).execute();
  const waiting = await db.selectFrom('device_codes').select('from_address').execute();
  const fromHere = waiting.filter(({ from_address }) => from_address === asked.from);
  if (waiting.length >= waitingMax || fromHere.length >= waitingPerAddressMax) {
    throw new PpecError('resource_exhausted', 'Too many sign-ins wait to be confirmed. Try again in some minutes.');
  }
  const deviceCode = newSecret('device', ids.rng);
  const row: DeviceCodeRow = {
    id: newId('device', ids),
    hash: secretHash(deviceCode),
    user_code: newUserCode(ids.rng),
    client: asked.client,
    from_address: asked.from,
    created_at: nowMs,
    expires_at: nowMs + deviceCodeMs,
    interval_ms: pollIntervalMs,
    polled_at: 0,
    state: 'pending',
    person_id: null,
    method: null,
  };
  await db.insertInto('device_codes').values(row).execute();
  return { row, deviceCode };
}

export async function deviceCodeByUserCode(
  db: Db,
  userCode: string,
  nowMs: number,
): Promise<DeviceCodeRow | undefined> {
  return db
    .selectFrom('device_codes')
    .selectAll()
    .where('user_code', '=', userCode)
    .where('expires_at', '>', nowMs)
    .where('state', '=', 'pending')
    .executeTakeFirst();
}

export async function findDeviceCode(db: Db, clear: string): Promise<DeviceCodeRow | undefined> {
  return db.selectFrom('device_codes').selectAll().where('hash', '=', secretHash(clear)).executeTakeFirst();
}

export async function patchDeviceCode(db: Db, id: string, patch: Partial<DeviceCodeRow>): Promise<void> {
  await db.updateTable('device_codes').set(patch).where('id', '=', id).execute();
}

export async function removeDeviceCode(db: Db, id: string): Promise<void> {
  await db.deleteFrom('device_codes').where('id', '=', id).execute();
}
