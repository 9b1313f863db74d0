// Bearer tokens: for a credential (RFC 6749 §4.4), for a confirmed device code (RFC 8628 §3.4), and for a refresh token,
// each of which works once (RFC 9700 §4.14.2). All of them are opaque: what they may is looked up when they are used.
import { combined, limitsOf, limitsOfScope, scopeOfLimits } from '../domain/credential-limits.ts';
import { narrowed } from '../domain/rbac.ts';
import type { CredentialLimits } from '../../shared/api/credential.ts';
import { isAllowedFrom } from '../domain/source-address.ts';
import { isSecretText } from '../../shared/secret-text.ts';
import type { CredentialRow } from '../store/credentials.ts';
import {
  findDeviceCode,
  removeDeviceCode,
  patchDeviceCode,
  pollIntervalMs,
  type DeviceCodeRow,
} from '../store/device-codes.ts';
import { rightsOf } from '../store/grants.ts';
import { fromJson } from '../store/json.ts';
import { personById, type PersonRow } from '../store/people.ts';
import { secretHash } from '../store/secret-hash.ts';
import {
  addAccessToken,
  addRefreshToken,
  beginSession,
  endSession,
  findAccessToken,
  findRefreshToken,
  isSessionLive,
  noteSessionUse,
  sessionById,
  useRefreshToken,
  type SessionRow,
} from '../store/sessions.ts';
import type { Actor, Store, UnitOfWork } from '../store/unit-of-work.ts';
import { checkCredential } from './caller.ts';
import type { Failures } from './failures.ts';
import { refusal, type OAuthRefusal, type TokenAnswer, type Tokens } from './oauth-answer.ts';

export type Asker = { readonly from: string; readonly requestId: string };

export type TokenGrants = {
  readonly forCredential: (given: { id: string; secret: string; scope: string }, asker: Asker) => Promise<TokenAnswer>;
  readonly forDeviceCode: (deviceCode: string, asker: Asker) => Promise<TokenAnswer>;
  readonly forRefreshToken: (refreshToken: string, asker: Asker) => Promise<TokenAnswer>;
  /** RFC 7009: what is unknown or has ended is no error. */
  readonly revoke: (token: string, asker: Asker) => Promise<void>;
};

export type TokenDeps = { readonly store: Store; readonly failures: Failures };

export function createTokenGrants(deps: TokenDeps): TokenGrants {
  return {
    forCredential: (given, asker) => forCredential(deps, given, asker),
    forDeviceCode: (deviceCode, asker) => forDeviceCode(deps, deviceCode, asker),
    forRefreshToken: (refreshToken, asker) => forRefreshToken(deps, refreshToken, asker),
    revoke: (token, asker) => revoke(deps, token, asker),
  };
}

async function forCredential(
  { store, failures }: TokenDeps,
  given: { readonly id: string; readonly secret: string; readonly scope: string },
  asker: Asker,
): Promise<TokenAnswer> {
  const checked = await checkCredential({ db: store.db, nowMs: store.nowMs() }, given);
  const reason =
    checked.row === undefined
      ? checked.reason
      : isAllowedFrom(fromJson(checked.row.sources), asker.from)
        ? undefined
        : 'source address not allowed';
  if (checked.row === undefined || reason !== undefined) {
    await failures.note({ what: 'credential', presented: given.id, reason: reason ?? '', ...asker });
    return refusal(
      'invalid_client',
      'This credential is not valid here: wrong id or secret, expired, revoked, or the address.',
    );
  }
  const { row, person } = checked;
  const limits = await limitsAsked(store, { row, person, scope: given.scope });
  if ('error' in limits) return limits;
  return store.write(actorOf(person, row.id, asker), async (uow) => {
    const untilMs = row.expires_at ?? Number.MAX_SAFE_INTEGER;
    const { token, expiresAtMs } = await addAccessToken(uow.db, { credentialId: row.id, limits, untilMs }, uow.ids);
    const scope = scopeOfLimits(limits);
    await uow.audit({
      operation: 'token.issue',
      targets: [row.id],
      outcome: 'done',
      message: `a token for credential '${row.label}'${scope === '' ? '' : `, only ${scope}`}`,
    });
    return { accessToken: token, expiresAtMs, scope };
  });
}

type ScopeAsked = { readonly row: CredentialRow; readonly person: PersonRow; readonly scope: string };

async function limitsAsked(store: Store, { row, person, scope }: ScopeAsked): Promise<CredentialLimits | OAuthRefusal> {
  const asked = limitsOfScope(scope);
  const limits = asked === undefined ? undefined : combined(fromJson(row.limits), asked);
  const { held } = narrowed(await rightsOf(store.db, person.name, store.nowMs()), limitsOf(fromJson(row.limits)));
  const beyond = (asked?.roles ?? []).filter((wanted) => !held.some(({ role }) => role === wanted));
  return limits === undefined || beyond.length > 0
    ? refusal(
        'invalid_scope',
        `The scope asks for more than this credential has${beyond.length > 0 ? `: ${beyond.join(', ')}` : ''}.`,
      )
    : limits;
}

/** RFC 8628 §3.5. */
async function forDeviceCode({ store, failures }: TokenDeps, deviceCode: string, asker: Asker): Promise<TokenAnswer> {
  const asked = await findDeviceCode(store.db, deviceCode);
  if (asked === undefined) {
    await failures.note({
      what: 'device code',
      presented: 'a device code',
      reason: 'unknown, used or expired',
      ...asker,
    });
    return isSecretText('device', deviceCode)
      ? refusal('expired_token', 'This sign-in was used, or its time is over. Begin again.')
      : refusal('invalid_grant', 'This is no device code.');
  }
  const person = asked.person_id === null ? undefined : await personById(store.db, asked.person_id);
  const actor = person === undefined ? strangerActor(asker) : actorOf(person, null, asker);
  return store.write(actor, async (uow) => {
    // Read again: of two polls at once only one gets the tokens.
    const row = await findDeviceCode(uow.db, deviceCode);
    if (row === undefined || row.expires_at <= uow.nowMs) {
      return refusal('expired_token', 'This sign-in was used, or its time is over. Begin again.');
    }
    if (uow.nowMs - row.polled_at < row.interval_ms) {
      await patchDeviceCode(uow.db, row.id, { polled_at: uow.nowMs, interval_ms: row.interval_ms + pollIntervalMs });
      return refusal('slow_down', `Wait ${(row.interval_ms + pollIntervalMs) / 1000} seconds between attempts.`);
    }
    await patchDeviceCode(uow.db, row.id, { polled_at: uow.nowMs });
    if (row.state === 'pending') return refusal('authorization_pending', 'It is not confirmed yet.');
    await removeDeviceCode(uow.db, row.id);
    const now = row.person_id === null ? undefined : await personById(uow.db, row.person_id);
    if (row.state === 'denied' || now?.active !== 1)
      return refusal('access_denied', 'The sign-in was refused in the browser.');
    return beginCliSession(uow, now, row);
  });
}

async function beginCliSession(uow: UnitOfWork, person: PersonRow, asked: DeviceCodeRow): Promise<Tokens> {
  const { row } = await beginSession(uow, {
    personId: person.id,
    kind: 'cli',
    method: asked.method ?? 'password',
    client: asked.client,
    from: asked.from_address,
  });
  await uow.audit({
    operation: 'session.sign-in',
    targets: [row.id, person.id, asked.id],
    outcome: 'done',
    message: `${person.name} signed in ${asked.client} by device code`,
  });
  return tokensOf(uow, row, person);
}

async function tokensOf(uow: UnitOfWork, row: SessionRow, person: PersonRow): Promise<Tokens> {
  const access = await addAccessToken(uow.db, { sessionId: row.id, limits: {}, untilMs: row.expires_at }, uow.ids);
  const token = await addRefreshToken(uow.db, row.id, uow.ids);
  return {
    accessToken: access.token,
    expiresAtMs: access.expiresAtMs,
    scope: '',
    refresh: { token, sessionUntilMs: row.expires_at, person: person.name },
  };
}

async function forRefreshToken(
  { store, failures }: TokenDeps,
  refreshToken: string,
  asker: Asker,
): Promise<TokenAnswer> {
  const ended = refusal('invalid_grant', 'This sign-in has ended. Sign in again.');
  const known = await findRefreshToken(store.db, refreshToken);
  const session = known === undefined ? undefined : await sessionById(store.db, known.session_id);
  const person = session === undefined ? undefined : await personById(store.db, session.person_id);
  const refused = async (reason: string): Promise<OAuthRefusal> => {
    await failures.note({ what: 'refresh token', presented: person?.name ?? 'a refresh token', reason, ...asker });
    return ended;
  };
  if (session === undefined || person === undefined) return refused('unknown');
  const answer = await store.write({ ...actorOf(person, session.id, asker) }, async (uow) => {
    const token = await findRefreshToken(uow.db, refreshToken);
    const row = await sessionById(uow.db, session.id);
    const owner = await personById(uow.db, person.id);
    if (token === undefined || row === undefined || owner?.active !== 1) return undefined;
    if (token.used_at !== null && row.ended_at === null) return reused(uow, row, owner);
    if (token.used_at !== null || !isSessionLive(row, uow.nowMs)) return undefined;
    await useRefreshToken(uow.db, token.hash, uow.nowMs);
    await noteSessionUse(uow.db, row, { nowMs: uow.nowMs, from: asker.from });
    return tokensOf(uow, row, owner);
  });
  return answer ?? refused('its session has ended');
}

/** Two have the same token, and one of them should not: neither goes on. */
async function reused(uow: UnitOfWork, row: SessionRow, person: PersonRow): Promise<OAuthRefusal> {
  await endSession(uow, row, 'a refresh token was used twice');
  const message = `a refresh token of ${person.name} on ${row.client} was used twice; the session is ended`;
  await uow.audit({ operation: 'session.refresh', targets: [row.id, person.id], outcome: 'refused', message });
  await uow.event('session', row.id, message);
  return refusal('invalid_grant', 'This sign-in was ended: its refresh token was used twice. Sign in again.');
}

async function revoke({ store }: TokenDeps, token: string, asker: Asker): Promise<void> {
  const refresh = await findRefreshToken(store.db, token);
  const access = refresh === undefined ? await findAccessToken(store.db, token) : undefined;
  const sessionId = refresh?.session_id ?? access?.session_id ?? undefined;
  const row = sessionId === undefined ? undefined : await sessionById(store.db, sessionId);
  const person = row === undefined ? undefined : await personById(store.db, row.person_id);
  if (row !== undefined && person !== undefined) {
    if (row.ended_at !== null) return;
    await store.write(actorOf(person, row.id, asker), async (uow) => {
      await endSession(uow, row, 'signed out');
      const message = `${person.name} signed out ${row.client}`;
      await uow.audit({ operation: 'session.sign-out', targets: [row.id], outcome: 'done', message });
    });
  } else if (access?.credential_id !== undefined && access.credential_id !== null) {
    const credentialId = access.credential_id;
    await store.write({ ...strangerActor(asker), credentialId }, async (uow) => {
      await uow.db.deleteFrom('access_tokens').where('hash', '=', secretHash(token)).execute();
      const message = 'a token was given back by its holder';
      await uow.audit({ operation: 'token.revoke', targets: [credentialId], outcome: 'done', message });
    });
  }
}

function actorOf(person: PersonRow, credentialId: string | null, { from, requestId }: Asker): Actor {
  return { name: person.name, id: person.id, credentialId, from, requestId };
}

function strangerActor({ from, requestId }: Asker): Actor {
  return { name: 'nobody', id: 'nobody', credentialId: null, from, requestId };
}
