// Signing in with a name and a password, and choosing the first password with a one-time token.
import { PpecError } from '../../shared/errors.ts';
import { passwordProblem } from '../domain/password.ts';
import type { Reader } from '../ops/handler.ts';
import { revokeCredentialsOf } from '../store/credentials.ts';
import { rightsOf } from '../store/grants.ts';
import { personById, type PersonRow } from '../store/people.ts';
import { endSession, liveSessions } from '../store/sessions.ts';
import { findSetUpToken, keepPassword, passwordOf, removeSetUpTokens } from '../store/sign-in-proofs.ts';
import type { Store, UnitOfWork } from '../store/unit-of-work.ts';
import { beginBrowserSession, type Begun, type Visitor } from './begin-session.ts';
import type { Failures } from './failures.ts';
import type { Passwords } from './passwords.ts';

export type PasswordSignIn = {
  /** Throws `unauthenticated`, without saying which of the two is wrong, or `resource_exhausted` with the time to wait. */
  readonly signIn: (given: { name: string; password: string }, visitor: Visitor) => Promise<Begun>;
  /** Whose token it is, where it still works. */
  readonly setUpFor: (token: string) => Promise<{ readonly name: string } | undefined>;
  readonly setUp: (given: { token: string; password: string }, visitor: Visitor) => Promise<Begun>;
};

export type PasswordDeps = { readonly store: Store; readonly passwords: Passwords; readonly failures: Failures };

export function createPasswordSignIn(deps: PasswordDeps): PasswordSignIn {
  const { store } = deps;
  return {
    signIn: (given, visitor) => signIn(deps, given, visitor),
    setUpFor: async (token) => {
      const person = await setUpPerson(store.db, token, store.nowMs());
      return person === undefined ? undefined : { name: person.name };
    },
    setUp: (given, visitor) => setUp(deps, given, visitor),
  };
}

async function signIn(
  { store, passwords, failures }: PasswordDeps,
  { name, password }: { readonly name: string; readonly password: string },
  visitor: Visitor,
): Promise<Begun> {
  const refuse = async (reason: string): Promise<never> => {
    await failures.note({ what: 'sign-in', presented: name, reason, ...visitor });
    throw new PpecError('unauthenticated', 'Name or password is wrong.');
  };
  const person = await store.db.selectFrom('people').selectAll().where('name', '=', name).executeTakeFirst();
  const checked = await passwords
    .check({ name, person, password, from: visitor.from })
    .catch(async (error: unknown) => {
      await failures.note({ what: 'sign-in', presented: name, reason: 'slowed down', ...visitor });
      throw error;
    });
  if (person === undefined) return refuse('no such person');
  if (!checked.isRight) return refuse(checked.phc === undefined ? 'no password is set' : 'wrong password');
  if (person.active !== 1) return refuse('not active');
  return beginBrowserSession(store, visitor, {
    personId: person.id,
    method: 'password',
    how: 'with a password',
    within: async (uow) => {
      if ((await passwordOf(uow.db, person.id)) !== checked.phc) {
        throw new PpecError('unauthenticated', 'The password was changed meanwhile.');
      }
      if (checked.newPhc !== undefined)
        await keepPassword(uow.db, person.id, { phc: checked.newPhc, nowMs: uow.nowMs });
    },
  });
}

async function setUp(
  { store, passwords, failures }: PasswordDeps,
  { token, password }: { readonly token: string; readonly password: string },
  visitor: Visitor,
): Promise<Begun> {
  const used = new PpecError('unauthenticated', 'This link was used, or its time is over. Ask for a new one.');
  const person = await setUpPerson(store.db, token, store.nowMs());
  if (person === undefined) {
    await failures.note({
      what: 'set-up',
      presented: 'a set-up token',
      reason: 'unknown, used or expired',
      ...visitor,
    });
    throw used;
  }
  const problem = passwordProblem(password, person);
  if (problem !== undefined) throw new PpecError('invalid_argument', problem);
  const phc = await passwords.hash(password);
  return beginBrowserSession(store, visitor, {
    personId: person.id,
    method: 'set-up',
    how: 'by a set-up link and chose a password',
    within: async (uow) => {
      if ((await setUpPerson(uow.db, token, uow.nowMs))?.id !== person.id) throw used;
      await removeSetUpTokens(uow.db, person.id);
      await changePassword(uow, person.id, { phc, exceptSession: null });
      // Whoever had been signed in as them before, has nothing left of it.
      await revokeCredentialsOf(uow, person.id);
    },
  });
}

/**
 * Whose link this is. One that was made while they held no rights, without a second person, does not work any more when they do.
 */
async function setUpPerson(db: Reader, token: string, nowMs: number): Promise<PersonRow | undefined> {
  const found = await findSetUpToken(db, token, nowMs);
  const person = found === undefined ? undefined : await personById(db, found.person_id);
  if (found === undefined || person?.active !== 1) return undefined;
  if (found.agreed === 1) return person;
  return (await rightsOf(db, person.name, nowMs)).held.length === 0 ? person : undefined;
}

/** Keeps a new password and ends what was signed in with the old one. Answers how many sessions that were. */
export async function changePassword(
  uow: UnitOfWork,
  personId: string,
  { phc, exceptSession }: { readonly phc: string; readonly exceptSession: string | null },
): Promise<number> {
  await keepPassword(uow.db, personId, { phc, nowMs: uow.nowMs });
  return endSessionsOf(uow, personId, { because: 'the password was changed', exceptSession });
}

export async function endSessionsOf(
  uow: UnitOfWork,
  personId: string,
  { because, exceptSession }: { readonly because: string; readonly exceptSession: string | null },
): Promise<number> {
  const ending = (await liveSessions(uow.db, personId, uow.nowMs)).filter(({ id }) => id !== exceptSession);
  for (const row of ending) await endSession(uow, row, because);
  return ending.length;
}
