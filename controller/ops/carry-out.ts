// Carrying out a change whose checkers have approved it: everything is checked once more, at the moment it runs. What no
// longer holds ends the change as refused, with the reason, and nothing of it happens.
import { opensAtMs, windowText } from '../../shared/api/execution-window.ts';
import { findOperation } from '../../shared/api/operations.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import { requirementFor, tally, type Requirement } from '../domain/policy.ts';
import { fromJson, toJson } from '../store/json.ts';
import { findPerson } from '../store/people.ts';
import { allPolicies } from '../store/policies.ts';
import type { ChangeRow } from '../store/change-tables.ts';
import type { Database } from '../store/schema.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { Kysely } from 'kysely';
import { changeHash } from './change-hash.ts';
import { tellMaker } from './change-mail.ts';
import type { ExecuteContext, StateChange } from './handler.ts';
import { approversOf, humanBehind, mayAsk, rightsNow } from './may-check.ts';

type Db = Kysely<Database>;

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
    const approved = await stillApproved(uow, row);
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
async function stillApproved(uow: UnitOfWork, row: ChangeRow): Promise<Pick<Requirement, 'windows'>> {
  if (changeHash(row) !== row.payload_sha256) throw refused('it is not what its hash says it was');
  const maker = await findPerson(uow.db, row.maker_id);
  const rights = await rightsNow(uow.db, maker.id, null);
  if (rights === undefined) throw refused(`its maker ${maker.name} is no longer active`);
  if (!mayAsk(rights, row.operation)) throw refused(`its maker ${maker.name} is no longer allowed to ask for it`);
  const frozen = fromJson(row.policy);
  const operation = findOperation(row.operation);
  assert(operation !== undefined, `${row.operation} is an operation`);
  const now = requirementFor(operation, fromJson(row.subjects), await allPolicies(uow.db));
  if (row.break_glass === null) {
    const counted = tally(frozen.demands, await approversOf(uow.db, row, frozen.demands));
    if (!counted.isMet) throw refused(`an approval no longer counts: ${counted.missing.join(', ')}`);
    const today = tally(now.demands, await approversOf(uow.db, row, now.demands));
    if (!today.isMet) throw refused(`its policy has become stricter: ${today.missing.join(', ')}`);
  }
  const filedAtMs = row.expires_at - frozen.openForMs;
  if (row.state === 'open' && filedAtMs + now.openForMs <= uow.nowMs) {
    throw refused('its policy has become stricter: it had to be decided sooner');
  }
  return { windows: [...frozen.windows, ...now.windows] };
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
  const maker = humanBehind(row.maker_id);
  const breakGlass = row.break_glass === null ? undefined : fromJson(row.break_glass);
  return {
    changeId: row.id,
    payloadSha256: row.payload_sha256,
    makerId: row.maker_id,
    checkerIds: fromJson(row.approvals)
      .map(({ personId }) => personId)
      .filter((personId) => humanBehind(personId) !== maker),
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
export async function missingOf(db: Db, row: ChangeRow): Promise<readonly string[]> {
  if (row.state !== 'open') return [];
  const { demands } = fromJson(row.policy);
  return tally(demands, await approversOf(db, row, demands)).missing;
}
