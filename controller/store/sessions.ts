// Sessions and their tokens. A session that ended, for whatever reason, has no secret that works.
import type { Kysely } from 'kysely';

import type { CredentialLimits } from '../../shared/api/credential.ts';
import type { Session, SessionKind, SignInMethod } from '../../shared/api/session.ts';
import { newId, type IdSource } from '../../shared/ids.ts';
import { toJson } from './json.ts';
import type { Database } from './schema.ts';
import { newSecret, secretHash } from './secret-hash.ts';
import type { UnitOfWork } from './unit-of-work.ts';

type Db = Kysely<Database>;
export type SessionRow = Database['sessions'];
export type AccessTokenRow = Database['access_tokens'];

const hourMs = 3_600_000;
/** How long a session lives without being used, and in any case. */
export const sessionLives: Readonly<Record<SessionKind, { readonly idleMs: number; readonly absoluteMs: number }>> = {
  browser: { idleMs: hourMs, absoluteMs: 12 * hourMs },
  cli: { idleMs: 24 * hourMs, absoluteMs: 7 * 24 * hourMs },
};
export const accessTokenMs = 600_000;
/** Sessions of one person at most: the one used longest ago gives way. */
export const sessionsMax = 50;
/** How long an ended session is still listed. */
const endedKeptMs = 30 * 24 * hourMs;

export type NewSession = {
  readonly personId: string;
  readonly kind: SessionKind;
  readonly method: SignInMethod;
  readonly client: string;
  readonly from: string;
};

/** Begins a session; `secret` is what a browser's cookie holds. */
export async function beginSession(uow: UnitOfWork, session: NewSession): Promise<{ row: SessionRow; secret: string }> {
  const { db, ids, nowMs } = uow;
  const lives = sessionLives[session.kind];
  const secret = newSecret('session', ids.rng);
  const row: SessionRow = {
    id: newId('session', ids),
    person_id: session.personId,
    kind: session.kind,
    method: session.method,
    secret_hash: session.kind === 'browser' ? secretHash(secret) : null,
    client: session.client,
    from_address: session.from,
    created_at: nowMs,
    last_used_at: nowMs,
    last_used_from: session.from,
    idle_until: nowMs + lives.idleMs,
    expires_at: nowMs + lives.absoluteMs,
    ended_at: null,
    ended_because: null,
  };
  await makeRoom(uow, session.personId);
  await db.insertInto('sessions').values(row).execute();
  await uow.changelog('session', { id: row.id, after: row });
  return { row, secret };
}

async function makeRoom(uow: UnitOfWork, personId: string): Promise<void> {
  const { db, nowMs } = uow;
  const old = nowMs - endedKeptMs;
  const isOld = db
    .selectFrom('sessions')
    .select('id')
    .where((eb) => eb.or([eb('ended_at', '<', old), eb('expires_at', '<', old), eb('idle_until', '<', old)]));
  await db.deleteFrom('refresh_tokens').where('session_id', 'in', isOld).execute();
  await db
    .deleteFrom('sessions')
    .where((eb) => eb.or([eb('ended_at', '<', old), eb('expires_at', '<', old), eb('idle_until', '<', old)]))
    .execute();
  const live = (await liveSessions(db, personId, nowMs)).toSorted((a, b) => b.last_used_at - a.last_used_at);
  const crowdedOut = live.slice(sessionsMax - 1);
  for (const row of crowdedOut) await endSession(uow, row, 'too many sessions of this person');
}

export function isSessionLive(row: SessionRow, nowMs: number): boolean {
  return row.ended_at === null && row.idle_until > nowMs && row.expires_at > nowMs;
}

export async function liveSessions(db: Db, personId: string, nowMs: number): Promise<SessionRow[]> {
  return db
    .selectFrom('sessions')
    .selectAll()
    .where('person_id', '=', personId)
    .where('ended_at', 'is', null)
    .where('idle_until', '>', nowMs)
    .where('expires_at', '>', nowMs)
    .execute();
}

export async function sessionById(db: Db, id: string): Promise<SessionRow | undefined> {
  return db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function sessionBySecret(db: Db, secret: string): Promise<SessionRow | undefined> {
  return db.selectFrom('sessions').selectAll().where('secret_hash', '=', secretHash(secret)).executeTakeFirst();
}

/**
 * Ends a session, what it has open, and its tokens; refresh tokens stay, so that a late one is known for what it is.
 */
export async function endSession(uow: UnitOfWork, row: SessionRow, because: string): Promise<SessionRow> {
  const { db, nowMs } = uow;
  uow.cutOff({ sessionId: row.id });
  await db.deleteFrom('access_tokens').where('session_id', '=', row.id).execute();
  if (row.ended_at !== null) return row;
  const changed = { ended_at: nowMs, ended_because: because };
  await db.updateTable('sessions').set(changed).where('id', '=', row.id).execute();
  const next = { ...row, ...changed };
  await uow.changelog('session', { id: row.id, before: row, after: next });
  return next;
}

const noteEveryMs = 60_000;

/** Moves the idle end on; once a minute is precise enough. */
export async function noteSessionUse(db: Db, row: SessionRow, used: { nowMs: number; from: string }): Promise<void> {
  if (used.nowMs - row.last_used_at < noteEveryMs && row.last_used_from === used.from) return;
  const idleUntil = Math.min(row.expires_at, used.nowMs + sessionLives[row.kind].idleMs);
  await db
    .updateTable('sessions')
    .set({ last_used_at: used.nowMs, last_used_from: used.from, idle_until: idleUntil })
    .where('id', '=', row.id)
    .where('ended_at', 'is', null)
    .execute();
}

export type NewAccessToken = {
  readonly sessionId?: string;
  readonly credentialId?: string;
  readonly limits: CredentialLimits;
  /** Where what it stands for ends earlier. */
  readonly untilMs: number;
};

export async function addAccessToken(
  db: Db,
  token: NewAccessToken,
  ids: IdSource,
): Promise<{ token: string; expiresAtMs: number }> {
  const nowMs = ids.clock.nowMs();
  await db.deleteFrom('access_tokens').where('expires_at', '<=', nowMs).execute();
  const clear = newSecret('access', ids.rng);
  const expiresAtMs = Math.min(nowMs + accessTokenMs, token.untilMs);
  await db
    .insertInto('access_tokens')
    .values({
      hash: secretHash(clear),
      session_id: token.sessionId ?? null,
      credential_id: token.credentialId ?? null,
      limits: toJson(token.limits),
      expires_at: expiresAtMs,
    })
    .execute();
  return { token: clear, expiresAtMs };
}

export async function findAccessToken(db: Db, clear: string): Promise<AccessTokenRow | undefined> {
  return db.selectFrom('access_tokens').selectAll().where('hash', '=', secretHash(clear)).executeTakeFirst();
}

export async function addRefreshToken(db: Db, sessionId: string, ids: IdSource): Promise<string> {
  const clear = newSecret('refresh', ids.rng);
  await db
    .insertInto('refresh_tokens')
    .values({ hash: secretHash(clear), session_id: sessionId, used_at: null, created_at: ids.clock.nowMs() })
    .execute();
  return clear;
}

export async function findRefreshToken(db: Db, clear: string): Promise<Database['refresh_tokens'] | undefined> {
  return db.selectFrom('refresh_tokens').selectAll().where('hash', '=', secretHash(clear)).executeTakeFirst();
}

/** A refresh token is used once. */
export async function useRefreshToken(db: Db, hash: string, nowMs: number): Promise<void> {
  await db.updateTable('refresh_tokens').set({ used_at: nowMs }).where('hash', '=', hash).execute();
}

export function sessionView(row: SessionRow, { person, current }: { person: string; current: string | null }): Session {
  return {
    id: row.id,
    person,
    kind: row.kind,
    method: row.method,
    client: row.client,
    from: row.from_address,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    lastUsedFrom: row.last_used_from,
    idleUntil: row.idle_until,
    expiresAt: row.expires_at,
    endedAt: row.ended_at,
    endedBecause: row.ended_because,
    isThisOne: row.id === current,
  };
}
