// The TPM of each machine that proved to hold one, pinned at first sight, and the one that an order names.
import type { Kysely } from 'kysely';

import type { TpmPinRow } from './identity-tables.ts';
import type { Database } from './schema.ts';
import type { UnitOfWork } from './unit-of-work.ts';

type Db = Kysely<Database>;

export async function pinOf(db: Db, assetId: string): Promise<TpmPinRow | undefined> {
  return db.selectFrom('tpm_pins').selectAll().where('asset_id', '=', assetId).executeTakeFirst();
}

export async function keepPin(uow: UnitOfWork, pin: TpmPinRow): Promise<void> {
  await uow.db
    .insertInto('tpm_pins')
    .values(pin)
    .onConflict((conflict) => conflict.column('asset_id').doUpdateSet(pin))
    .execute();
}

export async function dropPin(uow: UnitOfWork, assetId: string): Promise<void> {
  await uow.db.deleteFrom('tpm_pins').where('asset_id', '=', assetId).execute();
}

/** The endorsement key that a machine with this serial must have; undefined where no order names one. */
export async function orderedEk(db: Db, serialKey: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('order_serials')
    .select('ek_sha256')
    .where('serial_key', '=', serialKey)
    .where('ek_sha256', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row?.ek_sha256 ?? undefined;
}
