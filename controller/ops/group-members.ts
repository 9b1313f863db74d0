// Joining and leaving a team or a project. Joining gives all that is granted to it, so a checker approves it; leaving takes
// it away, at once.
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import type { EffectLine } from '../../shared/api/change.ts';
import { parseHolder } from '../../shared/api/holder.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import { requireHolder, scopeOf } from '../store/grants.ts';
import { addMember, isMember, removeMember } from '../store/groups.ts';
import type { GrantRow } from '../store/rights-tables.ts';
import { subjectOfScope } from '../store/subjects.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { Approved, ExecuteContext, Plan, Reader } from './handler.ts';

const payloadValidator = Compile(Type.Object({ group: Type.String(), member: Type.String() }));

export type Joining = { readonly group: string; readonly member: string; readonly reason: string };

export async function planJoining(uow: UnitOfWork, { group, member, reason }: Joining): Promise<Plan> {
  await requireHolder(uow.db, member);
  if (await isMember(uow.db, group, member))
    throw new PpecError('already_exists', `${member} is a member of ${group} already.`);
  const grants = await grantsOf(uow, group);
  const line = (label: string, text: string): EffectLine => ({ target: group, label, text, destructive: false });
  return {
    summary: `add ${member} to ${group}`,
    reason,
    payload: { group, member },
    targets: [group, member],
    // What the group holds elsewhere is given with it.
    reaches: grants.map(scopeOf),
    effect: [
      line('member', member),
      ...grants.slice(0, grantsShownMax).map(({ role, scope }) => line('gets', `${role} at ${scope}`)),
      ...(grants.length > grantsShownMax ? [line('gets', `and ${grants.length - grantsShownMax} more`)] : []),
      ...(grants.length === 0 ? [line('gets', 'nothing now; whatever is granted to it later')] : []),
    ],
  };
}

const grantsShownMax = 100;

export async function join({ change, payload }: Approved, { uow }: ExecuteContext): Promise<string[]> {
  assert(payloadValidator.Check(payload), `the payload of ${change.id} is what was frozen`);
  await requireHolder(uow.db, payload.member);
  await refuseNewReach(uow, change.id, payload.group);
  await addMember(uow, payload.group, payload.member);
  await memberEvent(uow, payload.group, `${payload.member} joined ${payload.group}`);
  return [];
}

/** What was granted to the group since is more than was shown. */
async function refuseNewReach(uow: UnitOfWork, changeId: string, group: string): Promise<void> {
  const grants = await grantsOf(uow, group);
  const known = await uow.db.selectFrom('change_subjects').selectAll().where('change_id', '=', changeId).execute();
  const covered = new Set(known.map(({ kind, name }) => `${kind} ${name}`));
  const beyond = grants.map(scopeOf).find((scope) => {
    const { kind, name } = subjectOfScope(scope);
    return !covered.has(`${kind} ${name}`);
  });
  if (beyond === undefined) return;
  throw new PpecError('failed_precondition', `${group} was granted more since this was filed. File it anew.`);
}

function grantsOf(uow: UnitOfWork, group: string): Promise<GrantRow[]> {
  return uow.db
    .selectFrom('grants')
    .selectAll()
    .where('holder', '=', group)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', uow.nowMs)]))
    .orderBy('id')
    .execute();
}

/** Whoever joins has more rights, now or later. */
export function joiningGainers(payload: unknown, _db: Reader): Promise<string[]> {
  assert(payloadValidator.Check(payload), 'the payload of a membership is what was frozen');
  return Promise.resolve([parseHolder(payload.member)?.name ?? '']);
}

export async function leave(uow: UnitOfWork, group: string, member: string): Promise<string> {
  await removeMember(uow, group, member);
  const message = `${member} removed from ${group}`;
  await memberEvent(uow, group, message);
  return message;
}

async function memberEvent(uow: UnitOfWork, group: string, message: string): Promise<void> {
  const holder = parseHolder(group);
  await uow.changelog(holder?.kind ?? 'team', {
    id: holder?.name ?? group,
    before: { members: null },
    after: { members: message },
    changeId: null,
  });
  await uow.event(holder?.kind ?? 'team', holder?.name ?? group, message);
}
