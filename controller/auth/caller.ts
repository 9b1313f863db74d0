// From what a request presents (a credential, a bearer token, a browser's session) to who calls and what they may do. It
// is worked out anew for every request, and again in the transaction of a write: whatever was revoked, ended or narrowed
// since counts at once.
import type { CredentialLimits } from '../../shared/api/credential.ts';
import type { SignedIn } from '../../shared/api/person.ts';
import { PpecError } from '../../shared/errors.ts';
import { limitsOf } from '../domain/credential-limits.ts';
import { narrowed, type Rights } from '../domain/rbac.ts';
import { isAllowedFrom } from '../domain/source-address.ts';
import type { Bounds, Caller, Reader } from '../ops/handler.ts';
import {
  credentialById,
  isCredentialSecret,
  isInForce,
  noteCredentialUse,
  type CredentialRow,
} from '../store/credentials.ts';
import { rightsOf } from '../store/grants.ts';
import { fromJson } from '../store/json.ts';
import { personById, type PersonRow } from '../store/people.ts';
import {
  findAccessToken,
  isSessionLive,
  noteSessionUse,
  sessionById,
  sessionBySecret,
  type SessionRow,
} from '../store/sessions.ts';
import type { Store } from '../store/unit-of-work.ts';
import { csrfTokenOf } from './csrf-token.ts';

export type Presented = (
  | { readonly kind: 'credential'; readonly id: string; readonly secret: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'session'; readonly secret: string }
) & { readonly from: string; readonly requestId: string };

/** A caller, before it is known that their request is still to be answered. */
export type Known = Omit<Caller, 'signal'>;
/** Throws `unauthenticated`, or `permission_denied` where the source address is not allowed; the audit is told `detail`. */
export type Authenticate = (presented: Presented) => Promise<Known>;

/** Where what was presented is looked up, and when. */
type At = { readonly db: Reader; readonly nowMs: number };

export function createAuthenticate(store: Store): Authenticate {
  const find = async (db: Reader, presented: Presented): Promise<Entry> => {
    const found = await recognise({ db, nowMs: store.nowMs() }, presented);
    if ('refused' in found) throw new PpecError(found.code, found.say, { detail: found.refused });
    return found;
  };
  return async (presented) => {
    const entry = await find(store.db, presented);
    const { person, signedIn, bounds } = entry;
    await noteUse(store, entry, presented.from);
    return {
      actor: {
        name: person.name,
        id: person.id,
        credentialId: signedIn.id,
        from: presented.from,
        requestId: presented.requestId,
      },
      personId: person.id,
      rights: await rightsIn(store.db, entry, store.nowMs()),
      rightsNow: async (db) => rightsIn(db, await find(db, presented), store.nowMs()),
      bounds,
      signedIn,
    };
  };
}

/** Somebody who is let in, and by what. */
type Entry = {
  readonly person: PersonRow;
  readonly by: { readonly credential: CredentialRow } | { readonly session: SessionRow };
  readonly signedIn: SignedIn;
  readonly bounds: Bounds;
};
type Refused = {
  /** For the audit. */
  readonly refused: string;
  readonly code: 'unauthenticated' | 'permission_denied';
  readonly say: string;
};
type Found = Entry | Refused;

async function rightsIn(db: Reader, { person, bounds }: Entry, nowMs: number): Promise<Rights> {
  return narrowed(await rightsOf(db, person.name, nowMs), limitsOf(bounds.limits));
}

function noteUse(store: Store, { by }: Entry, from: string): Promise<void> {
  const used = { nowMs: store.nowMs(), from };
  return 'credential' in by
    ? noteCredentialUse(store.db, by.credential, used)
    : noteSessionUse(store.db, by.session, used);
}

async function recognise(at: At, presented: Presented): Promise<Found> {
  switch (presented.kind) {
    case 'credential':
      return byCredential(at, presented);
    case 'bearer':
      return byToken(at, presented);
    case 'session':
      return bySession(at, presented);
  }
}

type Of<Kind extends Presented['kind']> = Extract<Presented, { kind: Kind }>;

async function byCredential(at: At, presented: Of<'credential'>): Promise<Found> {
  const checked = await checkCredential(at, presented);
  if (checked.row === undefined) {
    return {
      refused: `credential: ${checked.reason}`,
      code: 'unauthenticated',
      say: 'This credential is not valid: wrong id or secret, expired or revoked.',
    };
  }
  if (!isAllowedFrom(fromJson(checked.row.sources), presented.from)) return sourceRefused(presented.from);
  return credentialEntry(checked, { how: 'credential', limits: fromJson(checked.row.limits) });
}

export type CheckedCredential =
  { readonly row: CredentialRow; readonly person: PersonRow } | { readonly row: undefined; readonly reason: string };

/** Whether id and secret fit, and credential and owner are in force. */
export async function checkCredential(
  at: At,
  { id, secret }: { readonly id: string; readonly secret: string },
): Promise<CheckedCredential> {
  const row = await credentialById(at.db, id);
  const isRight = isCredentialSecret(row, secret, at.nowMs);
  if (row === undefined) return { row: undefined, reason: 'no such credential' };
  if (!isRight) return { row: undefined, reason: 'wrong secret' };
  return ownerOf(at, row);
}

async function ownerOf({ db, nowMs }: At, row: CredentialRow): Promise<CheckedCredential> {
  if (row.revoked_at !== null) return { row: undefined, reason: 'revoked' };
  if (!isInForce(row, nowMs)) return { row: undefined, reason: 'expired' };
  const person = await personById(db, row.person_id);
  return person?.active === 1 ? { row, person } : { row: undefined, reason: 'its owner is not active' };
}

function sourceRefused(from: string): Refused {
  return {
    refused: 'credential: source address not allowed',
    code: 'permission_denied',
    say: `This credential may not be used from ${from}.`,
  };
}

type CredentialFound = { readonly row: CredentialRow; readonly person: PersonRow };
type Through = { readonly how: SignedIn['how']; readonly limits: CredentialLimits; readonly untilMs?: number };

function credentialEntry({ row, person }: CredentialFound, { how, limits, untilMs }: Through): Entry {
  return {
    person,
    by: { credential: row },
    // What is made with a token lives no longer than the credential would, not the token.
    bounds: { limits, sources: fromJson(row.sources), untilMs: row.expires_at },
    signedIn: { how, id: row.id, until: untilMs ?? row.expires_at, limits, csrfToken: null },
  };
}

async function byToken(at: At, presented: Of<'bearer'>): Promise<Found> {
  const token = await findAccessToken(at.db, presented.token);
  if (token === undefined || token.expires_at <= at.nowMs) {
    return tokenRefused(token === undefined ? 'unknown or revoked' : 'expired');
  }
  const limits = fromJson(token.limits);
  if (token.session_id !== null) {
    const session = await liveSession(at, await sessionById(at.db, token.session_id));
    if (session === undefined) return tokenRefused('its session has ended');
    return sessionEntry(session, { limits, csrfToken: null });
  }
  const row = await credentialById(at.db, token.credential_id ?? '');
  const checked = row === undefined ? undefined : await ownerOf(at, row);
  if (checked?.row === undefined) return tokenRefused('its credential is no longer in force');
  if (!isAllowedFrom(fromJson(checked.row.sources), presented.from)) return sourceRefused(presented.from);
  return credentialEntry(checked, { how: 'token', limits, untilMs: token.expires_at });
}

function tokenRefused(reason: string): Refused {
  return {
    refused: `token: ${reason}`,
    code: 'unauthenticated',
    say: 'This token is not valid: expired, revoked, or its sign-in has ended.',
  };
}

async function bySession(at: At, presented: Of<'session'>): Promise<Found> {
  const session = await liveSession(at, await sessionBySecret(at.db, presented.secret));
  if (session === undefined) {
    return {
      refused: 'session: ended or unknown',
      code: 'unauthenticated',
      say: 'This session has ended. Sign in again.',
    };
  }
  return sessionEntry(session, { limits: {}, csrfToken: csrfTokenOf(presented.secret) });
}

type LiveSession = { readonly row: SessionRow; readonly person: PersonRow };

async function liveSession({ db, nowMs }: At, row: SessionRow | undefined): Promise<LiveSession | undefined> {
  if (row === undefined || !isSessionLive(row, nowMs)) return undefined;
  const person = await personById(db, row.person_id);
  return person?.active === 1 && person.kind === 'person' ? { row, person } : undefined;
}

function sessionEntry(
  { row, person }: LiveSession,
  { limits, csrfToken }: { readonly limits: CredentialLimits; readonly csrfToken: string | null },
): Entry {
  return {
    person,
    by: { session: row },
    bounds: { limits, sources: [], untilMs: null },
    signedIn: { how: row.kind, id: row.id, until: row.expires_at, limits, csrfToken },
  };
}

/** The person of a live browser session, for pages; undefined where nobody is signed in. */
export async function sessionPerson(
  { db, nowMs }: { readonly db: Reader; readonly nowMs: () => number },
  secret: string,
): Promise<LiveSession | undefined> {
  return liveSession({ db, nowMs: nowMs() }, await sessionBySecret(db, secret));
}
