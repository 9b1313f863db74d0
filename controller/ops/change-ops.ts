// Changes: the checker's side of maker-checker, and what their maker may still do.
import type { Change } from '../../shared/api/change.ts';
import { PpecError } from '../../shared/errors.ts';
import { isPending } from '../../shared/lifecycle/change.ts';
import { groupsOf, tally } from '../domain/policy.ts';
import { addNote, changeDetail, changeView, findChange } from '../store/changes.ts';
import { fromJson, toJson } from '../store/json.ts';
import type { ChangeRow } from '../store/change-tables.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import { accountableFor } from '../store/people.ts';
import { visibleChanges } from '../store/visibility.ts';
import { carryOut, missingOf } from './carry-out.ts';
import { tellMaker } from './change-mail.ts';
import type { Caller, Handlers, OpsDeps, StateChange, WriteContext, Written } from './handler.ts';
import { approversOf, checkedChange, groupsWith, isSameHuman } from './may-check.ts';
import { refuseGainers } from './refuse-gainers.ts';
import { defaultLimit, pageOf } from './page.ts';

type ChangeIds = 'change.list' | 'change.get' | 'change.approve' | 'change.reject' | 'change.withdraw';

/** `stateChange` finds what an approved change carries out. */
export function changeHandlers(stateChange: (operation: string) => StateChange): Handlers<ChangeIds> {
  const missing = ({ db, clock }: OpsDeps, row: ChangeRow): Promise<readonly string[]> =>
    missingOf(db, row, { handler: stateChange(row.operation), nowMs: clock.nowMs() });
  return {
    'change.list': {
      kind: 'read',
      run: async ({ limit = defaultLimit, cursor, state, toReview }, { deps, caller }) => {
        let query = deps.db
          .selectFrom('changes')
          .selectAll()
          .where(visibleChanges(caller.rights, 'change.list', 'changes.id'));
        if (state !== undefined) query = query.where('state', '=', state);
        if (toReview === true)
          query = query
            .where('state', '=', 'executed')
            .where('break_glass', 'is not', null)
            .where('review', 'is', null);
        if (cursor !== undefined) query = query.where('id', '<', cursor);
        const rows = await query
          .orderBy('id', 'desc')
          .limit(limit + 1)
          .execute();
        return pageOf(rows, limit, async (row) => changeView(deps.db, row, await missing(deps, row)));
      },
    },
    'change.get': {
      kind: 'read',
      run: async ({ change }, { deps }) => {
        const row = await findChange(deps.db, change);
        return changeDetail(deps.db, row, await missing(deps, row));
      },
    },
    'change.approve': {
      kind: 'write',
      run: async (input, context) => {
        const row = await pendingChange(context.uow, input.change);
        const handler = stateChange(row.operation);
        await checkApproval(row, input.payloadSha256, { context, handler });
        return approve(row, context, handler);
      },
    },
    'change.reject': {
      kind: 'write',
      run: async ({ change, reason }, context) => {
        const { uow, caller } = context;
        const row = await pendingChange(uow, change);
        if (await isMaker(uow, row, caller)) {
          throw new PpecError('permission_denied', 'You filed this change; withdraw it instead: ppec change withdraw');
        }
        await checkGroup(row, context, stateChange(row.operation));
        return close(uow, row, { state: 'rejected', reason: `${uow.actor.name}: ${reason}` });
      },
    },
    'change.withdraw': {
      kind: 'write',
      run: async ({ change }, { uow, caller }) => {
        const row = await pendingChange(uow, change);
        if (!(await isMaker(uow, row, caller))) {
          throw new PpecError(
            'permission_denied',
            'Only its maker withdraws a change; reject it instead: ppec change reject',
          );
        }
        return close(uow, row, { state: 'withdrawn', reason: 'withdrawn by its maker' });
      },
    },
  };
}

/** One of which something may still become. */
async function pendingChange(uow: UnitOfWork, id: string): Promise<ChangeRow> {
  const row = await findChange(uow.db, id);
  if (!isPending(row.state)) {
    throw new PpecError(
      'failed_precondition',
      `${row.id} is ${row.state}${row.state_reason === null ? '' : ` (${row.state_reason})`}; only an open change can be decided.`,
    );
  }
  return row;
}

/** One that waits for its checkers. */
export async function openChange(uow: UnitOfWork, id: string): Promise<ChangeRow> {
  const row = await pendingChange(uow, id);
  if (row.state !== 'open') {
    throw new PpecError(
      'failed_precondition',
      `${row.id} is approved already and ${row.state_reason ?? 'waits'}. Withdraw it, and file it anew.`,
    );
  }
  if (row.expires_at <= uow.nowMs) {
    throw new PpecError('failed_precondition', `${row.id} has expired. Ask its maker to file it anew.`);
  }
  return row;
}

/** As people, whatever credentials and accounts they use. */
export function isMaker(uow: UnitOfWork, row: ChangeRow, caller: Caller): Promise<boolean> {
  return isSameHuman(uow.db, row.maker_id, caller.personId);
}

export function checkHash(row: ChangeRow, payloadSha256: string): void {
  if (payloadSha256 === row.payload_sha256) return;
  throw new PpecError(
    'conflict',
    `You approve ${payloadSha256.slice(0, 12)}…, ${row.id} is ${row.payload_sha256.slice(0, 12)}…. Look at it again: ppec change get ${row.id}`,
  );
}

type Approving = { readonly context: WriteContext; readonly handler: StateChange };

async function checkApproval(row: ChangeRow, payloadSha256: string, { context, handler }: Approving): Promise<void> {
  const { uow, caller } = context;
  if (await isMaker(uow, row, caller)) {
    const what = row.maker_id === caller.personId ? 'You' : 'A service of yours';
    throw new PpecError('permission_denied', `${what} filed this change; a different person must check it.`);
  }
  if (row.state === 'approved') {
    throw new PpecError('failed_precondition', `${row.id} is approved already and ${row.state_reason ?? 'waits'}.`);
  }
  if (row.expires_at <= uow.nowMs) {
    throw new PpecError('failed_precondition', `${row.id} has expired. Ask its maker to file it anew.`);
  }
  checkHash(row, payloadSha256);
  await refuseGainers(handler, JSON.parse(row.payload), context);
  const me = await accountableFor(uow.db, caller.personId);
  const { demands } = fromJson(row.policy);
  const at = await checkedChange(uow.db, row, { handler, nowMs: uow.nowMs });
  const counting = await approversOf(uow.db, row, { demands, at });
  if (counting.some(({ humanId, groups }) => humanId === me && groups.size > 0)) {
    throw new PpecError('already_exists', 'You have approved this change already.');
  }
  await checkGroup(row, context, handler);
}

/** Throws `permission_denied` where what the caller says of it would count for nothing. */
async function checkGroup(row: ChangeRow, { uow, caller }: WriteContext, handler: StateChange): Promise<void> {
  const groups = groupsOf(fromJson(row.policy).demands);
  if (groups.length === 0) return;
  const at = await checkedChange(uow.db, row, { handler, nowMs: uow.nowMs });
  // Rejecting moves no rights: those who would gain by it may do that, too.
  const who = { name: uow.actor.name, personId: caller.personId, rights: caller.rights };
  if ((await groupsWith(uow.db, who, { groups, at: { ...at, gainers: [] } })).size > 0) return;
  throw new PpecError(
    'permission_denied',
    `You are none of those who check this change: ${groups.join(', ')}. See: ppec policy explain ${row.operation}`,
  );
}

async function approve(row: ChangeRow, context: WriteContext, handler: StateChange): Promise<Written<Change>> {
  const { uow, caller, deps } = context;
  const { credentialId, from, name } = uow.actor;
  const approval = { person: name, personId: caller.personId, credentialId, from, at: uow.nowMs };
  // An earlier approval of the same person that no longer counts gives way to this one.
  const others = fromJson(row.approvals).filter(({ personId }) => personId !== caller.personId);
  const approved = await uow.patchChange(row, { approvals: toJson([...others, approval]) });
  await addNote(uow, row, { kind: 'approval', text: `approved ${row.payload_sha256.slice(0, 12)}…` });
  const { demands } = fromJson(row.policy);
  const at = await checkedChange(uow.db, row, { handler, nowMs: uow.nowMs });
  const counted = tally(demands, await approversOf(uow.db, approved, { demands, at }));
  const facts = { targets: [row.id, ...fromJson(row.targets)], changeId: row.id };
  if (!counted.isMet) {
    await uow.event('change', row.id, `${row.id} approved by ${name}, still needs ${counted.missing.join(', ')}`);
    const output = await changeView(uow.db, approved, counted.missing);
    return { ...facts, output, message: `${row.id} approved, still needs ${counted.missing.join(', ')}` };
  }
  const after = await carryOut(approved, handler, { uow, deps, before: row });
  const became = after.state === 'executed' ? 'and started' : `; it ${after.state_reason ?? 'waits'}`;
  return { ...facts, output: await changeView(uow.db, after), message: `approved ${became}: ${row.summary}` };
}

export async function close(
  uow: UnitOfWork,
  row: ChangeRow,
  end: { readonly state: ChangeRow['state']; readonly reason: string } & Partial<
    Pick<ChangeRow, 'approvals' | 'break_glass'>
  >,
): Promise<Written<Change>> {
  const { state, reason, ...decided } = end;
  const closed = await uow.patchChange(row, { state, state_reason: reason, ...decided });
  await uow.event('change', row.id, `${row.id} ${state}: ${reason}`);
  if (state !== 'withdrawn') await tellMaker(uow, closed);
  return {
    output: await changeView(uow.db, closed),
    targets: [row.id, ...fromJson(row.targets)],
    message: `${state}: ${reason}`,
    changeId: row.id,
  };
}
