// Sign-in put together: what HTTP needs to know of it, and nothing of how.
import type { Clock } from '../../shared/clock.ts';
import type { Gathered } from '../audit/gathered.ts';
import { createPasswordHash } from '../crypto/password-hash.ts';
import { createSeal } from '../crypto/sealed-text.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/unit-of-work.ts';
import { signOut, type Visitor } from './begin-session.ts';
import { createAuthenticate, sessionPerson, type Authenticate } from './caller.ts';
import { createDeviceFlow, type DeviceFlow, type SignedInPerson } from './device-flow.ts';
import { createFailures } from './failures.ts';
import { createOidcSignIn, type OidcConfig, type OidcSignIn } from './oidc.ts';
import { createPasswordSignIn, type PasswordSignIn } from './password-sign-in.ts';
import { createPasswords, type Passwords } from './passwords.ts';
import { createTokenGrants, type TokenGrants } from './tokens.ts';

export type Auth = {
  readonly nowMs: () => number;
  readonly authenticate: Authenticate;
  readonly passwords: Passwords;
  readonly password: PasswordSignIn;
  /** Null where no provider is configured. */
  readonly oidc: OidcSignIn | null;
  readonly device: DeviceFlow;
  readonly tokens: TokenGrants;
  readonly signOut: (visitor: Visitor) => Promise<void>;
  /** Who is signed in with this cookie. */
  readonly personOf: (sessionSecret: string) => Promise<SignedInPerson | undefined>;
};

export type AuthDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly gathered: Gathered;
  /** Where people's browsers reach the API: `https://host:7443`. */
  readonly apiUrl: string;
  readonly oidc: OidcConfig | null;
};

export const oidcCallbackPath = '/sign-in/provider/callback';

export function createAuth({ store, clock, log, gathered, apiUrl, oidc }: AuthDeps): Auth {
  const failures = createFailures(gathered);
  const passwords = createPasswords(store, createPasswordHash());
  const common = { store, clock, log, failures };
  return {
    nowMs: () => clock.nowMs(),
    authenticate: createAuthenticate(store),
    passwords,
    password: createPasswordSignIn({ store, passwords, failures }),
    oidc:
      oidc === null
        ? null
        : createOidcSignIn({ ...common, seal: createSeal(), redirectUrl: apiUrl + oidcCallbackPath }, oidc),
    device: createDeviceFlow(store),
    tokens: createTokenGrants({ store, failures }),
    signOut: (visitor) => signOut(store, visitor),
    personOf: (secret) => sessionPerson(store, secret),
  };
}
