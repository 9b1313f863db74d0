// How the first people come to be: on the controller's own machine, by whoever may write its data folder.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { RoleName } from '../shared/api/role-names.ts';
import { systemClock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Config } from './config.ts';
import { strongRng } from './strong-rng.ts';
import { openDatabase } from './store/database.ts';
import { addCredential } from './store/credentials.ts';
import { addGrant } from './store/grants.ts';
import { addPerson } from './store/people.ts';
import { createStore, systemActor } from './store/unit-of-work.ts';

/** Adds a person with roles at region and a credential, on the controller's own machine. */
export async function addPersonLocally(
  config: Config,
  person: { readonly name: string; readonly roles: readonly RoleName[] },
): Promise<{ credentialId: string; secret: string }> {
  await mkdir(config.dataDirectory, { recursive: true, mode: 0o700 });
  const db = await openDatabase(join(config.dataDirectory, 'ppec.db'));
  const ids: IdSource = { clock: systemClock, rng: strongRng };
  const store = createStore({ db, ids, committed: () => undefined });
  try {
    return await store.write(systemActor('local'), async (uow) => {
      const row = await addPerson(uow.db, person, ids);
      const grants: string[] = [];
      for (const role of new Set(person.roles)) {
        const holder = `person:${row.name}`;
        const scope = { kind: 'region' } as const;
        const grant = { holder, role, scope, expiresAtMs: null, createdBy: 'local', changeId: null };
        grants.push((await addGrant(uow.db, grant, ids)).id);
      }
      const { row: credential, secret } = await addCredential(
        uow.db,
        { personId: row.id, label: 'first', limits: {}, sources: [], expiresAtMs: null },
        ids,
      );
      await uow.changelog('person', { id: row.id, after: row });
      await uow.changelog('credential', { id: credential.id, after: credential });
      await uow.audit({
        operation: 'person.create',
        targets: [row.id, credential.id, ...grants],
        outcome: 'done',
        message: `${row.name} added as ${person.roles.join(', ')} at region on the controller's machine`,
      });
      return { credentialId: credential.id, secret };
    });
  } finally {
    await db.destroy();
  }
}
