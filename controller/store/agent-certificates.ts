// Certificates of agents: every one that was given, to which asset in which boot, and what became of it. A certificate that is
// not here, or not good any more, opens nothing, whatever its signature.
import type { Kysely } from 'kysely';

import type { IssuedCertificate } from '../crypto/region-ca.ts';
import type { AgentCertificateRow } from './identity-tables.ts';
import type { Database } from './schema.ts';
import type { UnitOfWork } from './unit-of-work.ts';

type Db = Kysely<Database>;

/** Rows of one asset that are kept after their end, newest first. */
const endedKept = 200;

export type Standing =
  { readonly state: 'good'; readonly row: AgentCertificateRow } | { readonly state: 'expired' | 'revoked'; readonly row: AgentCertificateRow; readonly why: string } | { readonly state: 'unknown'; readonly why: string }; // prettier-ignore

export async function standingOf(db: Db, serial: string, nowMs: number): Promise<Standing> {
  const row = await db.selectFrom('agent_certificates').selectAll().where('serial', '=', serial).executeTakeFirst();
  if (row === undefined) return { state: 'unknown', why: 'this region has no record of the certificate' };
  if (row.revoked_at !== null) return { state: 'revoked', row, why: `the certificate was revoked: ${row.revoked_why}` };
  if (row.expires_at <= nowMs) return { state: 'expired', row, why: 'the certificate has expired' };
  return { state: 'good', row };
}

type Holder = Pick<AgentCertificateRow, 'asset_id' | 'boot_id' | 'home'>;

/** Writes a certificate down before it is given. One that was given before and never used does not stay good beside it. */
export async function recordCertificate(uow: UnitOfWork, issued: IssuedCertificate, holder: Holder): Promise<void> {
  await uow.db
    .updateTable('agent_certificates')
    .set({ revoked_at: uow.nowMs, revoked_why: 'never used; another one was given', replaced_by: issued.serial })
    .where('asset_id', '=', holder.asset_id)
    .where('used_at', 'is', null)
    .where('revoked_at', 'is', null)
    .execute();
  await uow.db
    .insertInto('agent_certificates')
    .values({
      ...holder,
      serial: issued.serial,
      issued_at: issued.issuedAtMs,
      expires_at: issued.expiresAtMs,
      used_at: null,
      replaced_by: null,
      revoked_at: null,
      revoked_why: null,
    })
    .execute();
  const ended = await uow.db
    .selectFrom('agent_certificates')
    .select('serial')
    .where('asset_id', '=', holder.asset_id)
    .where('revoked_at', 'is not', null)
    .orderBy('issued_at', 'desc')
    .offset(endedKept)
    .limit(endedKept)
    .execute();
  if (ended.length === 0) return;
  const serials = ended.map(({ serial }) => serial);
  await uow.db.deleteFrom('agent_certificates').where('serial', 'in', serials).execute();
}

/** A link was opened with it: it takes the place of all others of its asset. */
export async function useCertificate(uow: UnitOfWork, row: AgentCertificateRow): Promise<void> {
  if (row.used_at === null)
    await uow.db
      .updateTable('agent_certificates')
      .set({ used_at: uow.nowMs })
      .where('serial', '=', row.serial)
      .execute();
  await uow.db
    .updateTable('agent_certificates')
    .set({ revoked_at: uow.nowMs, revoked_why: 'replaced by a newer one', replaced_by: row.serial })
    .where('asset_id', '=', row.asset_id)
    .where('serial', '!=', row.serial)
    .where((eb) => eb.or([eb('issued_at', '<', row.issued_at), eb('used_at', 'is not', null)]))
    .where('revoked_at', 'is', null)
    .execute();
}

export type Revoked = { readonly assetId: string; readonly why: string; readonly home?: AgentCertificateRow['home'] };

/** Revokes all certificates of an asset, or those of one home. Answers how many were still good. */
export async function revokeCertificates(uow: UnitOfWork, { assetId, why, home }: Revoked): Promise<number> {
  let query = uow.db
    .updateTable('agent_certificates')
    .set({ revoked_at: uow.nowMs, revoked_why: why.slice(0, 500) })
    .where('asset_id', '=', assetId)
    .where('revoked_at', 'is', null);
  if (home !== undefined) query = query.where('home', '=', home);
  const { numUpdatedRows } = await query.executeTakeFirst();
  return Number(numUpdatedRows);
}

/** Newest first. */
export async function certificatesOf(db: Db, assetId: string, limit: number): Promise<AgentCertificateRow[]> {
  return db
    .selectFrom('agent_certificates')
    .selectAll()
    .where('asset_id', '=', assetId)
    .orderBy('issued_at', 'desc')
    .orderBy('serial')
    .limit(limit)
    .execute();
}
