// Checking passwords: slowly for whoever guesses, and never two at the cost of everybody else.
import { PpecError } from '../../shared/errors.ts';
import type { PasswordHash } from '../crypto/password-hash.ts';
import { sourceKey } from '../domain/source-address.ts';
import { createThrottle } from '../domain/throttle.ts';
import type { PersonRow } from '../store/people.ts';
import { passwordOf } from '../store/sign-in-proofs.ts';
import type { Store } from '../store/unit-of-work.ts';

export type Attempt = {
  readonly name: string;
  readonly person: PersonRow | undefined;
  readonly password: string;
  readonly from: string;
};

export type Checked = {
  readonly isRight: boolean;
  /** The hash it was checked against: whoever acts on the answer makes sure that it is still the one. */
  readonly phc: string | undefined;
  /** The password hashed with today's parameters, where the kept one was made with less. */
  readonly newPhc: string | undefined;
};

export type Passwords = {
  readonly hash: (password: string) => Promise<string>;
  /** Throws `resource_exhausted` with the time to wait, where there were too many failures before. */
  readonly check: (attempt: Attempt) => Promise<Checked>;
};

const hourMs = 3_600_000;
/** A person waits a minute at most; a guesser gets 1 500 guesses a day at an account and per address. */
const accountRule = { freeFailures: 5, baseMs: 1000, capMs: 60_000, forgetMs: hourMs };
const sourceRule = { freeFailures: 20, baseMs: 1000, capMs: 60_000, forgetMs: hourMs };
const keysMax = 20_000;

export function createPasswords(store: Store, hasher: PasswordHash): Passwords {
  const accounts = createThrottle(accountRule, keysMax);
  const sources = createThrottle(sourceRule, keysMax);
  return {
    hash: (password) => hasher.hash(password),
    check: async ({ name, person, password, from }) => {
      const source = sourceKey(from);
      const account = await accountKey(store, person, { name, source });
      const nowMs = store.nowMs();
      const waitMs = Math.max(accounts.waitMs(account, nowMs), sources.waitMs(source, nowMs));
      if (waitMs > 0) throw slowedDown(waitMs);
      // Counted before it is known, or a hundred guesses at once would all be the first.
      accounts.failed(account, nowMs);
      sources.failed(source, nowMs);
      try {
        // A service has no sign-in, whatever is kept for it.
        const phc = person?.kind === 'person' ? await passwordOf(store.db, person.id) : undefined;
        const { isRight, isOutgrown } = await hasher.verify(password, phc);
        if (isRight) {
          accounts.succeeded(account);
          sources.forgiven(source);
        }
        return { isRight, phc, newPhc: isRight && isOutgrown ? await hasher.hash(password) : undefined };
      } catch (error) {
        accounts.forgiven(account);
        sources.forgiven(source);
        throw error;
      }
    },
  };
}

/**
 * Where a person signed in from before, only failures from there count: somebody elsewhere who fails on purpose does not
 * keep them out.
 */
async function accountKey(
  store: Store,
  person: PersonRow | undefined,
  { name, source }: { readonly name: string; readonly source: string },
): Promise<string> {
  if (person === undefined) return `name ${name.slice(0, 80).toLowerCase()}`;
  const before = await store.db
    .selectFrom('sessions')
    .select('from_address')
    .where('person_id', '=', person.id)
    .distinct()
    .limit(200)
    .execute();
  const isKnown = before.some(({ from_address }) => from_address !== null && sourceKey(from_address) === source);
  return isKnown ? `${person.id} from ${source}` : person.id;
}

function slowedDown(waitMs: number): PpecError {
  const seconds = Math.ceil(waitMs / 1000);
  return new PpecError(
    'resource_exhausted',
    `Too many attempts failed. Wait ${seconds} second${seconds === 1 ? '' : 's'} and try again.`,
    { retryAfterMs: waitMs },
  );
}
