// Who may ask for a change and who counts as its checker, asked anew at every decision: a right that was lost since no
// longer counts. A checker has `change.approve` wherever the change reaches, gains nothing by it, and is not its maker.
import { limitsOf } from '../domain/credential-limits.ts';
import { groupsOf, type Approver, type Demand } from '../domain/policy.ts';
import { allPermissions, decideAll, holdsRole, mayApprove, narrowed, type Rights, type Where } from '../domain/rbac.ts';
import { parseHolder } from '../../shared/api/holder.ts';
import { namesBehind, namesWithPermission, rightsOf } from '../store/grants.ts';
import { fromJson } from '../store/json.ts';
import { accountableFor, type PersonRow } from '../store/people.ts';
import { requireRole } from '../store/roles.ts';
import { changeSubjects } from '../store/subjects.ts';
import type { ChangeRow } from '../store/change-tables.ts';
import { PpecError } from '../../shared/errors.ts';
import type { Reader, StateChange } from './handler.ts';
import { gainersOf } from './refuse-gainers.ts';

/** Checkers that are looked for; a region with more of them finds enough among these. */
const candidatesMax = 500;

/** What decides who may check a change, as it is at one moment. */
export type Checked = {
  readonly makerId: string;
  /** All of them must be covered by whoever checks. */
  readonly subjects: readonly Where[];
  /** Names of those who would have more rights by it. */
  readonly gainers: readonly string[];
  readonly nowMs: number;
};

export async function checkedChange(
  db: Reader,
  row: Pick<ChangeRow, 'id' | 'maker_id' | 'payload'>,
  { handler, nowMs }: { readonly handler: StateChange; readonly nowMs: number },
): Promise<Checked> {
  const payload: unknown = JSON.parse(row.payload);
  const gainers = await gainersOf(handler, payload, db);
  return { makerId: row.maker_id, subjects: await changeSubjects(db, row.id), gainers, nowMs };
}

/** Whether two accounts are one person's: maker and checker are compared as people, and a service is its owner. */
export async function isSameHuman(db: Reader, one: string, other: string): Promise<boolean> {
  return one === other || (await accountableFor(db, one)) === (await accountableFor(db, other));
}

/** What a person may now, by the credential they used then; undefined where either is no longer in force. */
async function rightsNow(
  db: Reader,
  person: PersonRow,
  { credentialId, nowMs }: { readonly credentialId: string | null; readonly nowMs: number },
): Promise<Rights | undefined> {
  if (person.active !== 1) return undefined;
  const credential =
    credentialId === null
      ? undefined
      : await db.selectFrom('credentials').selectAll().where('id', '=', credentialId).executeTakeFirst();
  // What a stolen credential has approved is worth nothing once it is revoked; one that has expired was good in its time.
  if (credential !== undefined && credential.revoked_at !== null) return undefined;
  const rights = await rightsOf(db, person.name, nowMs);
  return credential === undefined ? rights : narrowed(rights, limitsOf(fromJson(credential.limits)));
}

export type Who = { readonly name: string; readonly personId: string; readonly rights: Rights };

/** Those of the groups that somebody checks this change for; none where they may not check it at all. */
export async function groupsWith(
  db: Reader,
  { name, personId, rights }: Who,
  { groups, at }: { readonly groups: readonly string[]; readonly at: Checked },
): Promise<Set<string>> {
  const isMaker = await isSameHuman(db, personId, at.makerId);
  if (isMaker || at.gainers.includes(name) || !mayApprove(rights, at.subjects)) return new Set();
  const found = new Set<string>();
  for (const group of groups) {
    const isOf = group.startsWith('team:')
      ? (await namesBehind(db, group)).includes(name)
      : group.includes('.')
        ? decideAll(rights, group, at.subjects).allowed
        : holdsRole(rights, group, at.subjects);
    if (isOf) found.add(group);
  }
  return found;
}

/** A role, a permission, or the members of a team. */
export async function isGroup(db: Reader, name: string): Promise<boolean> {
  const holder = parseHolder(name);
  if (holder?.kind === 'team') {
    return (
      (await db.selectFrom('teams').select('name').where('name', '=', holder.name).executeTakeFirst()) !== undefined
    );
  }
  if (name.includes('.')) return allPermissions.includes(name);
  try {
    await requireRole(db, name);
    return true;
  } catch (error) {
    if (error instanceof PpecError && error.code === 'not_found') return false;
    throw error;
  }
}

/** Who has approved it, each with the groups that they belong to at this moment. */
export async function approversOf(
  db: Reader,
  row: Pick<ChangeRow, 'approvals'>,
  { demands, at }: { readonly demands: readonly Demand[]; readonly at: Checked },
): Promise<Approver[]> {
  const approvers: Approver[] = [];
  const groups = groupsOf(demands);
  for (const { personId, credentialId } of fromJson(row.approvals)) {
    const person = await db.selectFrom('people').selectAll().where('id', '=', personId).executeTakeFirst();
    if (person === undefined) continue;
    const rights = await rightsNow(db, person, { credentialId, nowMs: at.nowMs });
    if (rights === undefined) continue;
    const who = { name: person.name, personId, rights };
    approvers.push({ humanId: await accountableFor(db, personId), groups: await groupsWith(db, who, { groups, at }) });
  }
  return approvers;
}

export type Candidate = Approver & Who;

/** Everybody in force who may check it, with the groups that they check it for. */
export async function candidatesFor(db: Reader, demands: readonly Demand[], at: Checked): Promise<Candidate[]> {
  const names = (await namesWithPermission(db, 'change.approve', at.nowMs)).slice(0, candidatesMax);
  const groups = groupsOf(demands);
  const candidates: Candidate[] = [];
  for (const name of names) {
    const person = await db.selectFrom('people').selectAll().where('name', '=', name).executeTakeFirst();
    if (person?.active !== 1) continue;
    const who = { name, personId: person.id, rights: await rightsOf(db, name, at.nowMs) };
    const checks = await groupsWith(db, who, { groups, at });
    if (checks.size > 0) candidates.push({ ...who, humanId: await accountableFor(db, person.id), groups: checks });
  }
  return candidates;
}
