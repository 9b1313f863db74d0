// A password set on the controller's own machine, by whoever may write its data folder: for the first person, and for
// whoever is locked out of everything else.
import { join } from 'node:path';

import { systemClock } from '../shared/clock.ts';
import { PpecError } from '../shared/errors.ts';
import { changePassword } from './auth/password-sign-in.ts';
import type { Config } from './config.ts';
import { createPasswordHash } from './crypto/password-hash.ts';
import { passwordProblem } from './domain/password.ts';
import { openDatabase } from './store/database.ts';
import { findPerson } from './store/people.ts';
import { createStore, systemActor } from './store/unit-of-work.ts';
import { strongRng } from './strong-rng.ts';

/** Answers how many sessions ended with the old password. Works beside a running controller. */
export async function setPasswordLocally(config: Config, name: string, password: string): Promise<number> {
  const db = await openDatabase(join(config.dataDirectory, 'ppec.db'));
  const ids = { clock: systemClock, rng: strongRng };
  const store = createStore({ db, ids, committed: () => undefined });
  try {
    const person = await findPerson(db, name);
    if (person.kind !== 'person') {
      throw new PpecError(
        'failed_precondition',
        `${person.name} is a service and does not sign in; make it a credential.`,
      );
    }
    const problem = passwordProblem(password, person);
    if (problem !== undefined) throw new PpecError('invalid_argument', problem);
    const phc = await createPasswordHash().hash(password);
    return await store.write(systemActor('local'), async (uow) => {
      const ended = await changePassword(uow, person.id, { phc, exceptSession: null });
      await uow.audit({
        operation: 'person.set-password',
        targets: [person.id],
        outcome: 'done',
        message: `the password of ${person.name} set on the controller's machine; ${ended} sessions ended`,
      });
      return ended;
    });
  } finally {
    await db.destroy();
  }
}
