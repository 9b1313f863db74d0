// From what a request presents (a credential, a bearer token, a browser's session) to who calls and what they may do. It
// is worked out anew for every request: whatever was revoked, ended or narrowed since counts at once.
import type { CredentialLimits } from '../../shared/api/credential.ts';
import type { SignedIn } from '../../shared/api/person.ts';
import { PpecError } from '../../shared/errors.ts';
import { rightsWithin, type Rights } from '../domain/credential-limits.ts';
import { isAllowedFrom } from '../domain/source-address.ts';
import type { Caller } from '../ops/handler.ts';
import {
  credentialById,
  isCredentialSecret,
  isInForce,
  noteCredentialUse,
  type CredentialRow,
} from '../store/credentials.ts';
import type { Db } from '../store/database.ts';
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
import type { Failures } from './failures.ts';

export type Presented = (
  | { readonly kind: 'credential'; readonly id: string; readonly secret: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'session'; readonly secret: string }
) & { readonly from: string; readonly requestId: string };

/** A caller, before it is known that their request is still to be answered. */
export type Known = Omit<Caller, 'signal'>;
/** Throws `unauthenticated`, or `permission_denied` where the source address is not allowed. */
export type Authenticate = (presented: Presented) => Promise<Known>;

export function createAuthenticate(store: Store, failures: Failures): Authenticate {
  return async (presented) => {
    const found = await find(store, presented);
    if ('refused' in found) {
      await failures.note({ ...presented, ...found.refused });
      throw new PpecError(found.code, found.say);
    }
    return found.caller;
  };
}

type Found =
  | { readonly caller: Known }
  | {
      readonly refused: { readonly what: string; readonly presented: string; readonly reason: string };
      readonly code: 'unauthenticated' | 'permission_denied';
      readonly say: string;
    };

async function find(store: Store, presented: Presented): Promise<Found> {
  switch (presented.kind) {
    case 'credential':
      return byCredential(store, presented);
    case 'bearer':
      return byToken(store, presented);
    case 'session':
      return bySession(store, presented);
  }
}

type Of<Kind extends Presented['kind']> = Extract<Presented, { kind: Kind }>;

async function byCredential(store: Store, presented: Of<'credential'>): Promise<Found> {
  const checked = await checkCredential(store, presented);
  if (checked.row === undefined) return credentialRefused(presented.id, checked.reason);
  const { row, person } = checked;
  if (!isAllowedFrom(fromJson(row.sources), presented.from)) return sourceRefused(row, presented.from);
  await noteCredentialUse(store.db, row, { nowMs: store.nowMs(), from: presented.from });
  return { caller: credentialCaller({ row, person, presented }, { how: 'credential', limits: fromJson(row.limits) }) };
}

export type CheckedCredential =
  { readonly row: CredentialRow; readonly person: PersonRow } | { readonly row: undefined; readonly reason: string };

/** Whether id and secret fit, and credential and owner are in force. */
export async function checkCredential(
  store: Store,
  { id, secret }: { readonly id: string; readonly secret: string },
): Promise<CheckedCredential> {
  const row = await credentialById(store.db, id);
  const isRight = isCredentialSecret(row, secret, store.nowMs());
  if (row === undefined) return { row: undefined, reason: 'no such credential' };
  if (!isRight) return { row: undefined, reason: 'wrong secret' };
  return ownerOf(store, row);
}

async function ownerOf(store: Store, row: CredentialRow): Promise<CheckedCredential> {
  if (row.revoked_at !== null) return { row: undefined, reason: 'revoked' };
  if (!isInForce(row, store.nowMs())) return { row: undefined, reason: 'expired' };
  const person = await personById(store.db, row.person_id);
  return person?.active === 1 ? { row, person } : { row: undefined, reason: 'its owner is not active' };
}

function credentialRefused(id: string, reason: string): Found {
  return {
    refused: { what: 'credential', presented: id, reason },
    code: 'unauthenticated',
    say: 'This credential is not valid: wrong id or secret, expired or revoked.',
  };
}

function sourceRefused(row: CredentialRow, from: string): Found {
  return {
    refused: { what: 'credential', presented: row.id, reason: 'source address not allowed' },
    code: 'permission_denied',
    say: `This credential may not be used from ${from}.`,
  };
}

type CredentialFound = {
  readonly row: CredentialRow;
  readonly person: PersonRow;
  readonly presented: Presented;
};
type Through = { readonly how: SignedIn['how']; readonly limits: CredentialLimits; readonly untilMs?: number };

function credentialCaller({ row, person, presented }: CredentialFound, { how, limits, untilMs }: Through): Known {
  const until = untilMs ?? row.expires_at;
  return {
    ...identity(person, row.id, presented),
    ...rightsOf(person, limits),
    // What is made with a token lives no longer than the credential would, not the token.
    bounds: { limits, sources: fromJson(row.sources), untilMs: row.expires_at },
    signedIn: { how, id: row.id, until, limits, csrfToken: null },
  };
}

async function byToken(store: Store, presented: Of<'bearer'>): Promise<Found> {
  const token = await findAccessToken(store.db, presented.token);
  if (token === undefined || token.expires_at <= store.nowMs()) {
    return tokenRefused(token === undefined ? 'unknown or revoked' : 'expired');
  }
  const limits = fromJson(token.limits);
  if (token.session_id !== null) {
    const session = await liveSession(store, await sessionById(store.db, token.session_id));
    if (session === undefined) return tokenRefused('its session has ended');
    await noteSessionUse(store.db, session.row, { nowMs: store.nowMs(), from: presented.from });
    return { caller: sessionCaller({ ...session, presented }, { limits, csrfToken: null }) };
  }
  const row = await credentialById(store.db, token.credential_id ?? '');
  const checked = row === undefined ? undefined : await ownerOf(store, row);
  if (checked?.row === undefined) return tokenRefused('its credential is no longer in force');
  if (!isAllowedFrom(fromJson(checked.row.sources), presented.from)) return sourceRefused(checked.row, presented.from);
  await noteCredentialUse(store.db, checked.row, { nowMs: store.nowMs(), from: presented.from });
  const through = { how: 'token' as const, limits, untilMs: token.expires_at };
  return { caller: credentialCaller({ ...checked, presented }, through) };
}

function tokenRefused(reason: string): Found {
  return {
    refused: { what: 'token', presented: 'a bearer token', reason },
    code: 'unauthenticated',
    say: 'This token is not valid: expired, revoked, or its sign-in has ended.',
  };
}

async function bySession(store: Store, presented: Of<'session'>): Promise<Found> {
  const session = await liveSession(store, await sessionBySecret(store.db, presented.secret));
  if (session === undefined) {
    return {
      refused: { what: 'session', presented: 'a session cookie', reason: 'ended or unknown' },
      code: 'unauthenticated',
      say: 'This session has ended. Sign in again.',
    };
  }
  await noteSessionUse(store.db, session.row, { nowMs: store.nowMs(), from: presented.from });
  const csrfToken = csrfTokenOf(presented.secret);
  return { caller: sessionCaller({ ...session, presented }, { limits: {}, csrfToken }) };
}

type LiveSession = { readonly row: SessionRow; readonly person: PersonRow };

async function liveSession(store: Store, row: SessionRow | undefined): Promise<LiveSession | undefined> {
  if (row === undefined || !isSessionLive(row, store.nowMs())) return undefined;
  const person = await personById(store.db, row.person_id);
  return person?.active === 1 && person.kind === 'person' ? { row, person } : undefined;
}

function sessionCaller(
  { row, person, presented }: LiveSession & { readonly presented: Presented },
  { limits, csrfToken }: { readonly limits: CredentialLimits; readonly csrfToken: string | null },
): Known {
  return {
    ...identity(person, row.id, presented),
    ...rightsOf(person, limits),
    bounds: { limits, sources: [], untilMs: null },
    signedIn: { how: row.kind, id: row.id, until: row.expires_at, limits, csrfToken },
  };
}

function identity(
  person: PersonRow,
  credentialId: string,
  { from, requestId }: Presented,
): Pick<Known, 'actor' | 'personId'> {
  return { actor: { name: person.name, id: person.id, credentialId, from, requestId }, personId: person.id };
}

/** Whoever is signed in may ask who they are, without any role too. */
const everybodys = 'auth.whoami';

/** The second pair of eyes is a person's: a service never checks what others ask for. */
function rightsOf(person: PersonRow, limits: CredentialLimits): Rights {
  const { roles, permissions } = rightsWithin(fromJson(person.roles), limits);
  const held = [...permissions, everybodys].filter(
    (permission) => person.kind === 'person' || permission !== 'change.approve',
  );
  return { roles, permissions: new Set(held) };
}

/** The person of a live browser session, for pages; undefined where nobody is signed in. */
export async function sessionPerson(
  store: { readonly db: Db; readonly nowMs: () => number },
  secret: string,
): Promise<LiveSession | undefined> {
  const row = await sessionBySecret(store.db, secret);
  if (row === undefined || !isSessionLive(row, store.nowMs())) return undefined;
  const person = await personById(store.db, row.person_id);
  return person?.active === 1 ? { row, person } : undefined;
}
