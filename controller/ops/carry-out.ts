// Carrying out a change whose checkers have approved it: everything is checked once more, at the moment it runs. What no
// longer holds ends the change as refused, with the reason, and nothing of it happens.
import { opensAtMs, windowText } from '../../shared/api/execution-window.ts';
import { findOperation } from '../../shared/api/operations.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import { policySubject, requirementFor, tally, type Requirement } from '../domain/policy.ts';
import { decideAll } from '../domain/rbac.ts';
import { rightsOf } from '../store/grants.ts';
import { fromJson, toJson } from '../store/json.ts';
import { findPerson } from '../store/people.ts';
import { allPolicies } from '../store/policies.ts';
import type { ChangeRow } from '../store/change-tables.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import { changeHash } from './change-hash.ts';
import { tellMaker } from './change-mail.ts';
import type { ExecuteContext, Reader, StateChange } from './handler.ts';
import { approversOf, checkedChange, type Checked } from './may-check.ts';

/** An approved change that can no longer be carried out: its transaction is undone, and it is closed in one of its own. */
export class DriftedChange extends Error {
  /** As it is without that transaction. */
  readonly before: ChangeRow;
  /** What the transaction wrote about who decided; that stays known. */
  readonly decided: Pick<ChangeRow, 'approvals' | 'break_glass'>;
  readonly refusal: PpecError;

  constructor(before: ChangeRow, decided: ChangeRow, refusal: PpecError) {
    super(refusal.message);
    this.before = before;
    this.decided = { approvals: decided.approvals, break_glass: decided.break_glass };
    this.refusal = refusal;
  }
}

/**
 * Runs it, or, outside the hours of its policy, puts it down for their beginning. `before`: the row as it is outside this
 * transaction. Throws `DriftedChange` where it can no longer run.
 */
export async function carryOut(
  row: ChangeRow,
  handler: StateChange,
  context: ExecuteContext & { readonly before?: ChangeRow },
): Promise<ChangeRow> {
  const { uow, deps, before = row } = context;
  try {
    const approved = await stillApproved(uow, row, handler);
    const runsAtMs = opensAtMs(approved.windows, uow.nowMs);
    if (runsAtMs === undefined) throw refused(`its policies' hours never meet: ${hoursOf(approved.windows)}`);
    if (runsAtMs > uow.nowMs) return await putDown(uow, row, { runsAtMs, hours: hoursOf(approved.windows) });
    const payload: unknown = JSON.parse(row.payload);
    const operationIds = await handler.execute({ change: row, payload, approval: approvalOf(row) }, { uow, deps });
    const executed = await uow.patchChange(row, {
      state: 'executed',
      state_reason: null,
      operation_ids: toJson(operationIds),
    });
    await uow.event('change', row.id, `${row.id} executed, approved by ${deciders(row)}: ${row.summary}`);
    await tellMaker(uow, executed);
    return executed;
  } catch (error) {
    if (!(error instanceof PpecError) || error.code === 'internal') throw error;
    throw new DriftedChange(before, row, error);
  }
}

/** Everything but the targets, which the operation itself checks. Answers the policy of this moment beside the frozen one. */
async function stillApproved(
  uow: UnitOfWork,
  row: ChangeRow,
  handler: StateChange,
): Promise<Pick<Requirement, 'windows'>> {
  const about = await uow.db.selectFrom('change_subjects').selectAll().where('change_id', '=', row.id).execute();
  if (changeHash({ ...row, about }) !== row.payload_sha256) throw refused('it is not what its hash says it was');
  const at = await checkedChange(uow.db, row, { handler, nowMs: uow.nowMs });
  await checkMaker(uow, row, at);
  const frozen = fromJson(row.policy);
  const now = await requirementOf(uow.db, row, { handler, at });
  if (row.break_glass === null) {
    const counted = tally(frozen.demands, await approversOf(uow.db, row, { demands: frozen.demands, at }));
    if (!counted.isMet) throw refused(`an approval no longer counts: ${counted.missing.join(', ')}`);
    const today = tally(now.demands, await approversOf(uow.db, row, { demands: now.demands, at }));
    if (!today.isMet) throw refused(`its policy has become stricter: ${today.missing.join(', ')}`);
  }
  const filedAtMs = row.expires_at - frozen.openForMs;
  if (row.state === 'open' && filedAtMs + now.openForMs <= uow.nowMs) {
    throw refused('its policy has become stricter: it had to be decided sooner');
  }
  return { windows: [...frozen.windows, ...now.windows] };
}

/** The maker must still be there, still be allowed to ask, and gain nothing by it. */
async function checkMaker(uow: UnitOfWork, row: ChangeRow, { subjects, gainers }: Checked): Promise<void> {
  const maker = await findPerson(uow.db, row.maker_id);
  if (maker.active !== 1) throw refused(`its maker ${maker.name} is no longer active`);
  const operation = findOperation(row.operation);
  assert(operation !== undefined, `${row.operation} is an operation`);
  const rights = await rightsOf(uow.db, maker.name, uow.nowMs);
  if (!decideAll(rights, operation.permission, subjects).allowed) {
    throw refused(`its maker ${maker.name} is no longer allowed to ask for it`);
  }
  if (gainers.includes(maker.name)) throw refused(`its maker ${maker.name} would have more rights by it`);
}

type Asking = { readonly handler: StateChange; readonly at: Pick<Checked, 'subjects'> };

/** What its policies ask for at this moment. */
export async function requirementOf(
  db: Reader,
  row: Pick<ChangeRow, 'operation' | 'payload'>,
  { handler, at }: Asking,
): Promise<Requirement> {
  const operation = findOperation(row.operation);
  assert(operation !== undefined, `${row.operation} is an operation`);
  const payload: unknown = JSON.parse(row.payload);
  const subjects = (await handler.subjects?.(payload, db)) ?? at.subjects.map(policySubject);
  return requirementFor(operation, subjects, await allPolicies(db));
}

async function putDown(
  uow: UnitOfWork,
  row: ChangeRow,
  { runsAtMs, hours }: { readonly runsAtMs: number; readonly hours: string },
): Promise<ChangeRow> {
  if (row.break_glass !== null) throw refused(`its policy lets it run only ${hours}`);
  if (row.state === 'approved') return uow.patchChange(row, { runs_at: runsAtMs });
  const approved = await uow.patchChange(row, {
    state: 'approved',
    state_reason: `waits for its hours: ${hours}`,
    runs_at: runsAtMs,
  });
  await uow.event('change', row.id, `${row.id} approved by ${deciders(row)}, waits for its hours: ${row.summary}`);
  await tellMaker(uow, approved);
  return approved;
}

function hoursOf(windows: Requirement['windows']): string {
  return [...new Set(windows.map(windowText))].join(', and also only ');
}

function refused(why: string): PpecError {
  return new PpecError('failed_precondition', `${why[0]?.toUpperCase() ?? ''}${why.slice(1)}. File it anew.`);
}

function approvalOf(row: ChangeRow): Parameters<StateChange['execute']>[0]['approval'] {
  const breakGlass = row.break_glass === null ? undefined : fromJson(row.break_glass);
  return {
    changeId: row.id,
    payloadSha256: row.payload_sha256,
    makerId: row.maker_id,
    checkerIds: fromJson(row.approvals)
      .map(({ personId }) => personId)
      .filter((personId) => personId !== row.maker_id),
    ...(breakGlass === undefined ? {} : { breakGlass: breakGlass.personId }),
  };
}

function deciders(row: ChangeRow): string {
  if (row.break_glass !== null) return `${fromJson(row.break_glass).person}, who broke the glass`;
  return (
    fromJson(row.approvals)
      .map(({ person }) => person)
      .join(', ') || 'its policy'
  );
}

/** Whose approval an open change still waits for, in words. */
export async function missingOf(
  db: Reader,
  row: ChangeRow,
  { handler, nowMs }: { readonly handler: StateChange; readonly nowMs: number },
): Promise<readonly string[]> {
  if (row.state !== 'open') return [];
  const { demands } = fromJson(row.policy);
  const at = await checkedChange(db, row, { handler, nowMs });
  return tally(demands, await approversOf(db, row, { demands, at })).missing;
}
