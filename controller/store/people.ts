// People and their API credentials.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Kysely } from 'kysely';

import type { Credential, Person } from '../../shared/api/person.ts';
import { PpecError } from '../../shared/errors.ts';
import type { Limits } from '../domain/rbac.ts';
import { newId, type IdSource } from '../../shared/ids.ts';
import { fromJson, toJson } from './json.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;
export type PersonRow = Database['people'];
export type CredentialRow = Database['credentials'];

export async function findPerson(db: Db, reference: string): Promise<PersonRow> {
  const row = await db
    .selectFrom('people')
    .selectAll()
    .where((eb) => eb.or([eb('id', '=', reference), eb('name', '=', reference)]))
    .executeTakeFirst();
  if (row === undefined) throw new PpecError('not_found', `There is no person '${reference}'.`);
  return row;
}

export async function addPerson(db: Db, person: { name: string }, ids: IdSource): Promise<PersonRow> {
  const taken = await db.selectFrom('people').select('id').where('name', '=', person.name).executeTakeFirst();
  if (taken !== undefined) throw new PpecError('already_exists', `There is a person '${person.name}' already.`);
  const row: PersonRow = {
    id: newId('person', ids),
    name: person.name,
    active: 1,
    created_at: ids.clock.nowMs(),
  };
  await db.insertInto('people').values(row).execute();
  return row;
}

export type NewCredential = {
  readonly personId: string;
  readonly label: string;
  readonly roles: readonly string[] | null;
  readonly expiresAtMs: number | null;
};

/** The row, and the secret in clear: it exists nowhere else. */
export async function addCredential(
  db: Db,
  credential: NewCredential,
  ids: IdSource,
): Promise<{ row: CredentialRow; secret: string }> {
  const secret = Buffer.from(ids.rng.bytes(32)).toString('base64url');
  const row: CredentialRow = {
    id: newId('credential', ids),
    person_id: credential.personId,
    secret_hash: secretHash(secret),
    roles: credential.roles === null ? null : toJson([...credential.roles]),
    label: credential.label,
    expires_at: credential.expiresAtMs,
    last_used_at: null,
    revoked_at: null,
    created_at: ids.clock.nowMs(),
  };
  await db.insertInto('credentials').values(row).execute();
  return { row, secret };
}

/** The credential and its owner, where id and secret fit and both are in force. */
export async function authenticate(
  db: Db,
  presented: { readonly id: string; readonly secret: string },
  nowMs: number,
): Promise<{ person: PersonRow; credential: CredentialRow } | undefined> {
  const credential = await db.selectFrom('credentials').selectAll().where('id', '=', presented.id).executeTakeFirst();
  // An unknown id costs the same comparison as a wrong secret.
  const matches = equal(credential?.secret_hash ?? '0'.repeat(64), secretHash(presented.secret));
  if (credential === undefined || !matches || credential.revoked_at !== null) return undefined;
  if (credential.expires_at !== null && credential.expires_at <= nowMs) return undefined;
  const person = await db.selectFrom('people').selectAll().where('id', '=', credential.person_id).executeTakeFirst();
  if (person?.active !== 1) return undefined;
  // Once a minute is precise enough, and reads stay reads.
  if (nowMs - (credential.last_used_at ?? 0) > 60_000) {
    await db.updateTable('credentials').set({ last_used_at: nowMs }).where('id', '=', credential.id).execute();
  }
  return { person, credential };
}

/** What a credential limits the rights of its owner to. */
export function limitsOf({ roles }: CredentialRow): Limits {
  return roles === null ? {} : { roles: fromJson(roles) };
}

// The secret has 256 bits of randomness, so a plain hash is as good as a slow one.
function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function equal(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a, 'hex'), Buffer.from(b, 'hex'));
}

export function personView(row: PersonRow): Person {
  return {
    id: row.id,
    name: row.name,
    active: row.active === 1,
    createdAt: row.created_at,
  };
}

export function credentialView(row: CredentialRow, person: string): Credential {
  return {
    id: row.id,
    person,
    roles: row.roles === null ? null : fromJson(row.roles),
    label: row.label,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
    createdAt: row.created_at,
  };
}
