// What a person proves with who they are: a password, a one-time set-up token, or an identity at the provider.
import type { Kysely } from 'kysely';

import { PpecError } from '../../shared/errors.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Database } from './schema.ts';
import { newSecret, secretHash } from './secret-hash.ts';

type Db = Kysely<Database>;

/** The password's hash as a PHC string; undefined where none is set. */
export async function passwordOf(db: Db, personId: string): Promise<string | undefined> {
  const row = await db.selectFrom('passwords').select('phc').where('person_id', '=', personId).executeTakeFirst();
  return row?.phc;
}

export async function keepPassword(
  db: Db,
  personId: string,
  password: { readonly phc: string; readonly nowMs: number },
): Promise<void> {
  const changed = { phc: password.phc, changed_at: password.nowMs };
  await db
    .insertInto('passwords')
    .values({ person_id: personId, ...changed })
    .onConflict((conflict) => conflict.column('person_id').doUpdateSet(changed))
    .execute();
}

const setUpMs = 86_400_000;

/** A one-time token with which the person chooses a password, in clear; the one before it stops working. */
export async function addSetUpToken(
  db: Db,
  { personId, isAgreed }: { readonly personId: string; readonly isAgreed: boolean },
  ids: IdSource,
): Promise<{ token: string; expiresAtMs: number }> {
  const nowMs = ids.clock.nowMs();
  await db
    .deleteFrom('set_up_tokens')
    .where((eb) => eb.or([eb('person_id', '=', personId), eb('expires_at', '<=', nowMs)]))
    .execute();
  const token = newSecret('setUp', ids.rng);
  const expiresAtMs = nowMs + setUpMs;
  await db
    .insertInto('set_up_tokens')
    .values({ hash: secretHash(token), person_id: personId, expires_at: expiresAtMs, agreed: isAgreed ? 1 : 0 })
    .execute();
  return { token, expiresAtMs };
}

/** Whose set-up token this is; undefined where it is none, or past its time. */
export async function findSetUpToken(
  db: Db,
  token: string,
  nowMs: number,
): Promise<Database['set_up_tokens'] | undefined> {
  return db
    .selectFrom('set_up_tokens')
    .selectAll()
    .where('hash', '=', secretHash(token))
    .where('expires_at', '>', nowMs)
    .executeTakeFirst();
}

export async function removeSetUpTokens(db: Db, personId: string): Promise<void> {
  await db.deleteFrom('set_up_tokens').where('person_id', '=', personId).execute();
}

export type Identity = { readonly issuer: string; readonly subject: string };

export async function personOfIdentity(db: Db, { issuer, subject }: Identity): Promise<string | undefined> {
  const row = await db
    .selectFrom('identities')
    .select('person_id')
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst();
  return row?.person_id;
}

/** Says who a person is at the provider. Throws where the subject is somebody else's. */
export async function linkIdentity(
  db: Db,
  personId: string,
  { issuer, subject, nowMs }: Identity & { readonly nowMs: number },
): Promise<void> {
  const holder = await personOfIdentity(db, { issuer, subject });
  if (holder === personId) return;
  if (holder !== undefined) throw new PpecError('already_exists', `The subject ${subject} belongs to somebody else.`);
  await unlinkIdentity(db, personId, issuer);
  await db.insertInto('identities').values({ issuer, subject, person_id: personId, created_at: nowMs }).execute();
}

export async function unlinkIdentity(db: Db, personId: string, issuer: string): Promise<void> {
  await db.deleteFrom('identities').where('person_id', '=', personId).where('issuer', '=', issuer).execute();
}
