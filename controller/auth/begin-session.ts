// The one way a browser session begins, however the person proved who they are: the session of the old cookie ends, so
// that nobody can have planted it (session fixation).
import { PpecError } from '../../shared/errors.ts';
import type { SignInMethod } from '../../shared/api/session.ts';
import { personById, type PersonRow } from '../store/people.ts';
import { beginSession, endSession, sessionBySecret, type SessionRow } from '../store/sessions.ts';
import type { Actor, Store, UnitOfWork } from '../store/unit-of-work.ts';
import { presentedText } from './presented-text.ts';

/** Who is at the browser. */
export type Visitor = {
  readonly from: string;
  readonly requestId: string;
  /** As the browser calls itself. */
  readonly userAgent: string;
  /** Of the cookie it has already. */
  readonly oldSecret: string | undefined;
};

export type Begun = { readonly row: SessionRow; readonly secret: string; readonly person: PersonRow };

export type Proof = {
  readonly personId: string;
  readonly method: SignInMethod;
  readonly how: string;
  /** Checks and writes what belongs to the proof, in the same transaction. */
  readonly within?: (uow: UnitOfWork, person: PersonRow) => Promise<void>;
};

/** Throws `unauthenticated` where the person is no longer active. */
export async function beginBrowserSession(store: Store, visitor: Visitor, proof: Proof): Promise<Begun> {
  const person = await personById(store.db, proof.personId);
  if (person === undefined) throw new PpecError('unauthenticated', 'There is no such person any more.');
  return store.write(visitorActor(person, visitor), async (uow) => {
    const now = await personById(uow.db, person.id);
    if (now?.active !== 1 || now.kind !== 'person') {
      throw new PpecError('unauthenticated', 'You are not active here any more.');
    }
    await proof.within?.(uow, now);
    await endOld(uow, visitor.oldSecret);
    const { row, secret } = await beginSession(uow, {
      personId: now.id,
      kind: 'browser',
      method: proof.method,
      client: presentedText(visitor.userAgent),
      from: visitor.from,
    });
    await uow.audit({
      operation: 'session.sign-in',
      targets: [row.id, now.id],
      outcome: 'done',
      message: `${now.name} signed in ${proof.how}`,
    });
    return { row, secret, person: now };
  });
}

async function endOld(uow: UnitOfWork, secret: string | undefined): Promise<void> {
  const old = secret === undefined ? undefined : await sessionBySecret(uow.db, secret);
  if (old === undefined) return;
  await endSession(uow, old, 'signed in anew');
}

export function visitorActor(person: PersonRow, { from, requestId }: Pick<Visitor, 'from' | 'requestId'>): Actor {
  return { name: person.name, id: person.id, credentialId: null, from, requestId };
}

/** Ends the session of a browser's cookie. */
export async function signOut(store: Store, visitor: Visitor): Promise<void> {
  const row = visitor.oldSecret === undefined ? undefined : await sessionBySecret(store.db, visitor.oldSecret);
  const person = row === undefined ? undefined : await personById(store.db, row.person_id);
  if (row === undefined || person === undefined || row.ended_at !== null) return;
  await store.write({ ...visitorActor(person, visitor), credentialId: row.id }, async (uow) => {
    await endSession(uow, row, 'signed out');
    await uow.audit({
      operation: 'session.sign-out',
      targets: [row.id],
      outcome: 'done',
      message: `${person.name} signed out`,
    });
  });
}
