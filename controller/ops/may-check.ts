// Who may ask for a change and who counts as its checker, asked anew at every decision: a right that was lost since no
// longer counts.
import { findOperation, operations } from '../../shared/api/operations.ts';
import { roleNames } from '../../shared/api/person.ts';
import { groupsOf, type Approver, type Demand } from '../domain/policy.ts';
import { effectiveRoles, permissionsOf } from '../domain/rbac.ts';
import type { Db } from '../store/database.ts';
import { fromJson } from '../store/json.ts';
import type { PersonRow } from '../store/people.ts';
import type { ChangeRow } from '../store/change-tables.ts';

type Reader = Pick<Db, 'selectFrom'>;

export type Rights = { readonly roles: ReadonlySet<string>; readonly permissions: ReadonlySet<string> };

const peopleMax = 2000;

/**
 * The person behind an account: maker and checker are compared as people. The account of a service stands for the person
 * who owns the service; every account is a person's own as yet.
 */
export function humanBehind(personId: string): string {
  return personId;
}

function rightsOfPerson(person: PersonRow, restricted: Parameters<typeof effectiveRoles>[1]): Rights | undefined {
  if (person.active !== 1) return undefined;
  const roles = effectiveRoles(fromJson(person.roles), restricted);
  return { roles: new Set(roles), permissions: permissionsOf(roles) };
}

/** What a person may now, by the credential they used then; undefined where either is no longer in force. */
export async function rightsNow(
  db: Reader,
  personId: string,
  credentialId: string | null,
): Promise<Rights | undefined> {
  const person = await db.selectFrom('people').selectAll().where('id', '=', personId).executeTakeFirst();
  if (person === undefined) return undefined;
  const credential =
    credentialId === null
      ? undefined
      : await db.selectFrom('credentials').selectAll().where('id', '=', credentialId).executeTakeFirst();
  // What a stolen credential has approved is worth nothing once it is revoked; one that has expired was good in its time.
  if (credential !== undefined && credential.revoked_at !== null) return undefined;
  return rightsOfPerson(person, credential?.roles == null ? null : fromJson(credential.roles));
}

/** Whether somebody with these rights may ask for this operation. */
export function mayAsk(rights: Rights, operation: string): boolean {
  const permission = findOperation(operation)?.permission;
  return permission !== undefined && rights.permissions.has(permission);
}

/** Those of the groups that somebody with these rights checks for: whoever checks anything may approve changes. */
export function groupsWith(rights: Rights, groups: readonly string[]): Set<string> {
  if (!rights.permissions.has('change.approve')) return new Set();
  return new Set(groups.filter((group) => (group.includes('.') ? rights.permissions : rights.roles).has(group)));
}

export function isGroup(name: string): boolean {
  return name.includes('.')
    ? operations.some(({ permission }) => permission === name)
    : roleNames.some((role) => role === name);
}

/** Who has approved it, each with the groups that they belong to at this moment. */
export async function approversOf(
  db: Reader,
  row: Pick<ChangeRow, 'approvals' | 'maker_id'>,
  demands: readonly Demand[],
): Promise<Approver[]> {
  const approvers: Approver[] = [];
  const groups = groupsOf(demands);
  for (const { personId, credentialId } of fromJson(row.approvals)) {
    const rights = await rightsNow(db, personId, credentialId);
    const humanId = humanBehind(personId);
    if (rights === undefined || humanId === humanBehind(row.maker_id)) continue;
    approvers.push({ humanId, groups: groupsWith(rights, groups) });
  }
  return approvers;
}

export type Candidate = Approver & { readonly personId: string; readonly name: string; readonly isAdmin: boolean };

/** Everybody in force, with the groups that they check for. */
export async function candidatesFor(db: Reader, demands: readonly Demand[]): Promise<Candidate[]> {
  const people = await db
    .selectFrom('people')
    .selectAll()
    .where('active', '=', 1)
    .orderBy('name')
    .limit(peopleMax)
    .execute();
  const groups = groupsOf(demands);
  return people.flatMap((person) => {
    const rights = rightsOfPerson(person, null);
    if (rights === undefined) return [];
    const humanId = humanBehind(person.id);
    const isAdmin = rights.permissions.has('person.create');
    return [{ personId: person.id, name: person.name, humanId, isAdmin, groups: groupsWith(rights, groups) }];
  });
}
