// Whoever gives somebody another way to sign in could use it themselves. So for people who hold rights a second person agrees
// first: an administrator alone can then be neither maker nor checker under their names.
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import { rightsOf } from '../store/grants.ts';
import { patchPerson, personById, findPerson, type PersonRow } from '../store/people.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { Handlers } from './handler.ts';

/** How long after the approval. */
const openMs = 86_400_000;

const opened = Compile(Type.Object({ personId: Type.String() }, { additionalProperties: false }));

export const openSignInHandlers: Handlers<'person.open-sign-in'> = {
  'person.open-sign-in': {
    kind: 'state-change',
    plan: async ({ person, reason }, { uow }) => {
      const row = await findPerson(uow.db, person);
      if (row.kind !== 'person') {
        throw new PpecError('failed_precondition', `${row.name} is a service and does not sign in.`);
      }
      const line = (label: string, text: string) => ({ target: row.name, label, text, destructive: false });
      const { held } = await rightsOf(uow.db, row.name, uow.nowMs);
      const roles = [...new Set(held.map(({ role }) => role))].toSorted().join(', ');
      return {
        summary: `let ${row.name} be given another way to sign in`,
        reason,
        payload: { personId: row.id },
        targets: [row.id],
        effect: [
          line('person', row.name),
          line('holds', roles === '' ? 'nothing now' : roles),
          line('then', 'one set-up link, or one change of address or identity at the provider, within a day'),
          line('ask', `${row.name} whether they asked for it`),
        ],
      };
    },
    execute: async ({ change, payload, approval }, { uow }) => {
      assert(opened.Check(payload), `the payload of ${change.id} is what was frozen`);
      const row = await personById(uow.db, payload.personId);
      assert(row !== undefined, `person ${payload.personId} exists`);
      await patchPerson(uow, row, { sign_in_open_until: uow.nowMs + openMs });
      await uow.event('alert', row.id, `${row.name} may be given another way to sign in (${approval.changeId})`);
      return [];
    },
  },
};

/**
 * Takes the one use of what was agreed to. False where nobody has to agree: they hold no rights. Throws `failed_precondition`
 * where a second person has to.
 */
export async function useOpenSignIn(uow: UnitOfWork, row: PersonRow): Promise<boolean> {
  const { held } = await rightsOf(uow.db, row.name, uow.nowMs);
  if (held.length === 0) return false;
  if ((row.sign_in_open_until ?? 0) <= uow.nowMs) {
    throw new PpecError(
      'failed_precondition',
      `${row.name} holds rights, and whoever does this could use them. A second person must agree first: ppec person open-sign-in ${row.name}`,
    );
  }
  await patchPerson(uow, row, { sign_in_open_until: null });
  return true;
}
