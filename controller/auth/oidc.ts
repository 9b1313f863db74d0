// Signing in at an identity provider: OpenID Connect Core 1.0 §3.1, authorization code with PKCE, state and nonce. What
// belongs to one sign-in travels in a sealed cookie, so that strangers who begin many fill nothing here.
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  discovery,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  type Configuration,
} from 'openid-client';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import type { Clock } from '../../shared/clock.ts';
import { messageOf, PpecError } from '../../shared/errors.ts';
import type { Seal } from '../crypto/sealed-text.ts';
import type { Log } from '../log.ts';
import { addPerson, personById, type PersonRow } from '../store/people.ts';
import { linkIdentity, personOfIdentity } from '../store/sign-in-proofs.ts';
import type { Store } from '../store/unit-of-work.ts';
import { beginBrowserSession, type Begun, type Visitor } from './begin-session.ts';
import type { Failures } from './failures.ts';
import { nameFromClaims, personMatch, type Claims, type MatchBy } from '../domain/oidc-claims.ts';

export type OidcConfig = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the button says. */
  readonly name: string;
  readonly match: MatchBy;
  /** Whether somebody unknown becomes a person, without any grant. */
  readonly create: boolean;
};

export type OidcSignIn = {
  readonly name: string;
  readonly issuer: string;
  /** Where to send the browser, and what its cookie holds meanwhile. */
  readonly begin: (returnTo: string) => Promise<{ readonly url: string; readonly sealed: string }>;
  /** `url` is the whole callback as the browser called it. */
  readonly finish: (
    callback: { readonly url: URL; readonly sealed: string | undefined },
    visitor: Visitor,
  ) => Promise<Begun & { readonly returnTo: string }>;
};

export type OidcDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly failures: Failures;
  readonly seal: Seal;
  readonly log: Log;
  readonly redirectUrl: string;
};

/** Time to sign in at the provider. */
const flowMs = 600_000;
const timeoutSeconds = 10;

const Flow = Type.Object(
  {
    state: Type.String(),
    nonce: Type.String(),
    verifier: Type.String(),
    returnTo: Type.String(),
    untilMs: Type.Integer(),
  },
  { additionalProperties: false },
);
const flowValidator = Compile(Flow);

export function createOidcSignIn(deps: OidcDeps, config: OidcConfig): OidcSignIn {
  const { clock, seal, redirectUrl } = deps;
  const provider = keptProvider(config, deps.log);
  return {
    name: config.name,
    issuer: config.issuer,
    begin: async (returnTo) => {
      const verifier = randomPKCECodeVerifier();
      const [state, nonce] = [randomState(), randomNonce()];
      const url = buildAuthorizationUrl(await provider(), {
        redirect_uri: redirectUrl,
        scope: 'openid email profile',
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      });
      const untilMs = clock.nowMs() + flowMs;
      return { url: url.href, sealed: seal.seal(JSON.stringify({ state, nonce, verifier, returnTo, untilMs })) };
    },
    finish: async ({ url, sealed }, visitor) => {
      const flow = openFlow(seal, sealed);
      if (flow === undefined || flow.untilMs <= clock.nowMs()) {
        throw new PpecError(
          'unauthenticated',
          'This sign-in was not begun in this browser, or took too long. Try again.',
        );
      }
      const claims = await claimsOf(await provider(), new URL(redirectUrl + url.search), { flow, config }).catch(
        async (error: unknown) => {
          const reason = `${config.name}: ${messageOf(error)}`;
          deps.log.info({ error: messageOf(error), cause: causeOf(error) }, 'sign-in at the provider failed');
          await deps.failures.note({ what: 'sign-in', presented: config.name, reason, ...visitor });
          throw new PpecError('unauthenticated', `The sign-in at ${config.name} did not succeed. Try again.`, {
            cause: error,
          });
        },
      );
      const personId = await personFor(deps, { claims, config, visitor });
      const begun = await beginBrowserSession(deps.store, visitor, {
        personId,
        method: 'oidc',
        how: `at ${config.name} as ${claims.subject.slice(0, 80)}`,
        within: (uow, person) =>
          linkIdentity(uow.db, person.id, { issuer: config.issuer, subject: claims.subject, nowMs: uow.nowMs }),
      });
      return { ...begun, returnTo: flow.returnTo };
    },
  };
}

/** The provider's metadata, read when first needed and again after a failure: it may be down when the controller starts. */
function keptProvider(config: OidcConfig, log: Log): () => Promise<Configuration> {
  let known: Promise<Configuration> | undefined;
  return async () => {
    known ??= discovery(new URL(config.issuer), config.clientId, config.clientSecret, undefined, {
      timeout: timeoutSeconds,
      // Only an issuer on this host may speak plain HTTP; the configuration refuses any other.
      ...(config.issuer.startsWith('http://') ? { execute: [allowInsecureRequests] } : {}),
    });
    try {
      return await known;
    } catch (error) {
      known = undefined;
      log.warn(
        { issuer: config.issuer, error: messageOf(error), cause: causeOf(error) },
        'the identity provider cannot be used',
      );
      throw new PpecError('unavailable', `${config.name} cannot be reached. Try again, or sign in with a password.`, {
        cause: error,
      });
    }
  };
}

function causeOf(error: unknown): string | undefined {
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : undefined;
}

type FlowState = {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly returnTo: string;
  readonly untilMs: number;
};

function openFlow(seal: Seal, sealed: string | undefined): FlowState | undefined {
  const text = sealed === undefined ? undefined : seal.open(sealed);
  const flow: unknown = text === undefined ? undefined : JSON.parse(text);
  return flowValidator.Check(flow) ? flow : undefined;
}

/** The library checks state, the issuer (RFC 9207), signature, audience, times and nonce; it throws where one is wrong. */
async function claimsOf(
  provider: Configuration,
  callback: URL,
  { flow, config }: { readonly flow: FlowState; readonly config: OidcConfig },
): Promise<Claims> {
  const tokens = await authorizationCodeGrant(provider, callback, {
    pkceCodeVerifier: flow.verifier,
    expectedState: flow.state,
    expectedNonce: flow.nonce,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  if (claims === undefined || claims.iss !== config.issuer) throw new Error('the ID token is of another issuer');
  const wantsMore = config.match !== 'subject' || config.create;
  const info =
    wantsMore && provider.serverMetadata().userinfo_endpoint !== undefined
      ? await fetchUserInfo(provider, tokens.access_token, claims.sub)
      : {};
  const all: Readonly<Record<string, unknown>> = { ...info, ...claims };
  const text = (name: string): string | null => {
    const value = all[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  return {
    subject: claims.sub,
    email: text('email'),
    isEmailVerified: all['email_verified'] === true,
    username: text('preferred_username'),
  };
}

type Meant = { readonly claims: Claims; readonly config: OidcConfig; readonly visitor: Visitor };

/** Whoever has this subject; else whom the configured claim names; else, where configured, somebody new without rights. */
async function personFor({ store, failures }: OidcDeps, { claims, config, visitor }: Meant): Promise<string> {
  const known = await personOfIdentity(store.db, { issuer: config.issuer, subject: claims.subject });
  if (known !== undefined && (await personById(store.db, known)) !== undefined) return known;
  const matched = await matchedPerson(store, claims, config.match);
  if (matched !== undefined) return matched.id;
  if (config.create) return createPerson(store, { claims, config, visitor });
  const presented = claims.email ?? claims.username ?? claims.subject;
  await failures.note({
    what: 'sign-in',
    presented,
    reason: `${config.name}: nobody here has this identity`,
    ...visitor,
  });
  throw new PpecError(
    'permission_denied',
    `You are signed in at ${config.name} as ${presented}, but nobody here is known by that. Ask an administrator: ppec person update NAME --oidc-subject ${claims.subject}`,
  );
}

async function matchedPerson(store: Store, claims: Claims, match: MatchBy): Promise<PersonRow | undefined> {
  const wanted = personMatch(claims, match);
  if (wanted === undefined) return undefined;
  const rows = await store.db
    .selectFrom('people')
    .selectAll()
    .where('kind', '=', 'person')
    .where((eb) => eb(eb.fn<string>('lower', [wanted.column]), '=', wanted.value.toLowerCase()))
    .limit(2)
    .execute();
  const [row] = rows;
  if (row === undefined || rows.length > 1) return undefined;
  // Whoever has an identity of this issuer already is that one and no other.
  const taken = await store.db
    .selectFrom('identities')
    .select('subject')
    .where('person_id', '=', row.id)
    .executeTakeFirst();
  return taken === undefined ? row : undefined;
}

async function createPerson(store: Store, { claims, config, visitor }: Meant): Promise<string> {
  const { from, requestId } = visitor;
  return store.write({ name: config.name, id: 'oidc', credentialId: null, from, requestId }, async (uow) => {
    const names = await uow.db.selectFrom('people').select('name').execute();
    const name = nameFromClaims(claims, new Set(names.map((row) => row.name)));
    const email = claims.isEmailVerified && claims.email !== null ? { email: claims.email } : {};
    const row = await addPerson(uow.db, { name, ...email }, uow.ids);
    await uow.changelog('person', { id: row.id, after: row });
    await uow.audit({
      operation: 'person.create',
      targets: [row.id],
      outcome: 'done',
      message: `${name} added without any grant, as ${claims.subject.slice(0, 80)} of ${config.name}`,
    });
    return row.id;
  });
}
