// API credentials: secrets as hashes, limits, and the token a credential is exchanged for.
import type { Kysely } from 'kysely';

import type { Credential, CredentialLimits } from '../../shared/api/credential.ts';
import { newId, type IdSource } from '../../shared/ids.ts';
import { fromJson, toJson } from './json.ts';
import type { Database } from './schema.ts';
import { isSecretOf, newSecret, secretHash } from './secret-hash.ts';
import type { UnitOfWork } from './unit-of-work.ts';

type Db = Kysely<Database>;
export type CredentialRow = Database['credentials'];

export type NewCredential = {
  readonly personId: string;
  readonly label: string;
  readonly limits: CredentialLimits;
  readonly sources: readonly string[];
  readonly expiresAtMs: number | null;
};

/** The row, and the secret in clear: it exists nowhere else. */
export async function addCredential(
  db: Db,
  credential: NewCredential,
  ids: IdSource,
): Promise<{ row: CredentialRow; secret: string }> {
  const secret = newSecret('credential', ids.rng);
  const row: CredentialRow = {
    id: newId('credential', ids),
    person_id: credential.personId,
    secret_hash: secretHash(secret),
    label: credential.label,
    expires_at: credential.expiresAtMs,
    last_used_at: null,
    revoked_at: null,
    created_at: ids.clock.nowMs(),
    limits: toJson(credential.limits),
    sources: toJson([...credential.sources]),
    last_used_from: null,
    rotated_at: null,
    old_secret_hash: null,
    old_secret_until: null,
  };
  await db.insertInto('credentials').values(row).execute();
  return { row, secret };
}

/** A new secret at once; the one before it is good until `oldUntilMs`. Bearer tokens of it go on to their own end. */
export async function rotateCredential(
  db: Db,
  { row, oldUntilMs }: { readonly row: CredentialRow; readonly oldUntilMs: number },
  ids: IdSource,
): Promise<{ row: CredentialRow; secret: string }> {
  const secret = newSecret('credential', ids.rng);
  const nowMs = ids.clock.nowMs();
  const changed = {
    secret_hash: secretHash(secret),
    rotated_at: nowMs,
    old_secret_hash: oldUntilMs > nowMs ? row.secret_hash : null,
    old_secret_until: oldUntilMs > nowMs ? oldUntilMs : null,
  };
  await db.updateTable('credentials').set(changed).where('id', '=', row.id).execute();
  return { row: { ...row, ...changed }, secret };
}

export async function revokeCredential(db: Db, row: CredentialRow, nowMs: number): Promise<CredentialRow> {
  const changed = { revoked_at: row.revoked_at ?? nowMs, old_secret_hash: null, old_secret_until: null };
  await db.updateTable('credentials').set(changed).where('id', '=', row.id).execute();
  await db.deleteFrom('access_tokens').where('credential_id', '=', row.id).execute();
  return { ...row, ...changed };
}

/** All of a person's, with what they have open. */
export async function revokeCredentialsOf(uow: UnitOfWork, personId: string): Promise<void> {
  const rows = await uow.db
    .selectFrom('credentials')
    .selectAll()
    .where('person_id', '=', personId)
    .where('revoked_at', 'is', null)
    .execute();
  for (const row of rows) {
    const revoked = await revokeCredential(uow.db, row, uow.nowMs);
    await uow.changelog('credential', { id: row.id, before: row, after: revoked });
    uow.cutOff({ credentialId: row.id });
  }
}

export async function credentialById(db: Db, id: string): Promise<CredentialRow | undefined> {
  return db.selectFrom('credentials').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Whether this is a secret of the credential now; an unknown credential costs the same comparisons. */
export function isCredentialSecret(row: CredentialRow | undefined, secret: string, nowMs: number): boolean {
  const isNew = isSecretOf(row?.secret_hash ?? null, secret);
  const isOld = isSecretOf(row?.old_secret_hash ?? null, secret) && nowMs < (row?.old_secret_until ?? 0);
  return row !== undefined && (isNew || isOld);
}

/** Neither revoked nor past its time. */
export function isInForce(row: CredentialRow, nowMs: number): boolean {
  return row.revoked_at === null && (row.expires_at === null || row.expires_at > nowMs);
}

/** Once a minute is precise enough, and reads stay reads; a new address is noted at once. */
const noteEveryMs = 60_000;

export async function noteCredentialUse(
  db: Db,
  row: CredentialRow,
  used: { nowMs: number; from: string },
): Promise<void> {
  if (used.nowMs - (row.last_used_at ?? 0) < noteEveryMs && row.last_used_from === used.from) return;
  await db
    .updateTable('credentials')
    .set({ last_used_at: used.nowMs, last_used_from: used.from })
    .where('id', '=', row.id)
    .execute();
}

export function credentialView(row: CredentialRow, person: string): Credential {
  return {
    id: row.id,
    person,
    label: row.label,
    limits: fromJson(row.limits),
    sources: fromJson(row.sources),
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    lastUsedFrom: row.last_used_from,
    rotatedAt: row.rotated_at,
    oldSecretUntil: row.old_secret_until,
    revokedAt: row.revoked_at,
    createdAt: row.created_at,
  };
}
