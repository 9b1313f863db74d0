// People and services.
import type { Kysely } from 'kysely';

import type { Person, PersonKind } from '../../shared/api/person.ts';
import { PpecError } from '../../shared/errors.ts';
import { newId, type IdSource } from '../../shared/ids.ts';
import type { Database } from './schema.ts';
import type { UnitOfWork } from './unit-of-work.ts';

type Db = Kysely<Database>;
export type PersonRow = Database['people'];

export async function findPerson(db: Db, reference: string): Promise<PersonRow> {
  const row = await db
    .selectFrom('people')
    .selectAll()
    .where((eb) => eb.or([eb('id', '=', reference), eb('name', '=', reference)]))
    .executeTakeFirst();
  if (row === undefined) throw new PpecError('not_found', `There is no person '${reference}'.`);
  return row;
}

export async function personById(db: Db, id: string): Promise<PersonRow | undefined> {
  return db.selectFrom('people').selectAll().where('id', '=', id).executeTakeFirst();
}

export type NewPerson = {
  readonly name: string;
  readonly kind?: PersonKind;
  readonly ownerId?: string;
  readonly email?: string;
};

export async function addPerson(db: Db, person: NewPerson, ids: IdSource): Promise<PersonRow> {
  const taken = await db.selectFrom('people').select('id').where('name', '=', person.name).executeTakeFirst();
  if (taken !== undefined) throw new PpecError('already_exists', `There is a person '${person.name}' already.`);
  const row: PersonRow = {
    id: newId('person', ids),
    name: person.name,
    active: 1,
    created_at: ids.clock.nowMs(),
    kind: person.kind ?? 'person',
    owner_id: person.ownerId ?? null,
    email: person.email ?? null,
    sign_in_open_until: null,
  };
  await db.insertInto('people').values(row).execute();
  return row;
}

/** The person who answers for what this one does: the owner of a service, else the person. */
export async function accountableFor(db: Db, personId: string): Promise<string> {
  return (await personById(db, personId))?.owner_id ?? personId;
}

/** These names, with those of their owners and of all services of the same owners. */
export async function namesOfSameHumans(db: Db, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const rows = await db.selectFrom('people').select(['id', 'owner_id']).where('name', 'in', names).execute();
  const humans = rows.map((row) => row.owner_id ?? row.id);
  if (humans.length === 0) return [...names];
  const all = await db
    .selectFrom('people')
    .select('name')
    .where((eb) => eb.or([eb('id', 'in', humans), eb('owner_id', 'in', humans)]))
    .execute();
  return [...new Set([...names, ...all.map(({ name }) => name)])];
}

export async function personView(db: Db, row: PersonRow): Promise<Person> {
  const owner = row.owner_id === null ? undefined : await personById(db, row.owner_id);
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    owner: owner?.name ?? row.owner_id,
    email: row.email,
    active: row.active === 1,
    createdAt: row.created_at,
  };
}

export async function patchPerson(uow: UnitOfWork, row: PersonRow, patch: Partial<PersonRow>): Promise<PersonRow> {
  const next = { ...row, ...patch };
  await uow.db.updateTable('people').set(patch).where('id', '=', row.id).execute();
  await uow.changelog('person', { id: row.id, before: row, after: next });
  return next;
}
