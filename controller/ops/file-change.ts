// Filing a state change: its plan is made, what it needs is looked up, and both are frozen under one hash.
import type { Change, FrozenPolicy } from '../../shared/api/change.ts';
import { opensAtMs, windowText } from '../../shared/api/execution-window.ts';
import type { AnyOperation } from '../../shared/api/operations.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { PpecError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import { checkersNeeded, requirementFor, tally, type Requirement } from '../domain/policy.ts';
import { changeView } from '../store/changes.ts';
import { fromJson, toJson } from '../store/json.ts';
import { allPolicies, subjectsOfTargets } from '../store/policies.ts';
import type { ChangeRow } from '../store/change-tables.ts';
import { tellCheckers } from './change-mail.ts';
import { carryOut, DriftedChange, missingOf } from './carry-out.ts';
import { changeHash } from './change-hash.ts';
import type { PlanContext, StateChange, WriteContext, Written } from './handler.ts';

export type Asked = { readonly operation: AnyOperation; readonly input: never };

export type Frozen = Pick<
  ChangeRow,
  | 'summary' | 'reason' | 'input' | 'payload' | 'payload_sha256' | 'effect' | 'targets' | 'subjects' | 'policy'
  | 'checkers_needed' | 'expires_at'
>; // prettier-ignore

/** Plans it and freezes everything that is approved. */
export async function freeze(
  handler: StateChange,
  { operation, input }: Asked,
  context: PlanContext & { readonly makerId: string },
): Promise<Frozen> {
  const { uow } = context;
  const plan = await handler.plan(input, context);
  const subjects = plan.subjects ?? (await subjectsOfTargets(uow.db, plan.targets));
  const policy = requirementFor(operation, subjects, await allPolicies(uow.db));
  if (opensAtMs(policy.windows, uow.nowMs) === undefined) {
    throw new PpecError(
      'failed_precondition',
      `It could never run: its policies allow ${policy.windows.map(windowText).join(', and also only ')}. See: ppec policy explain ${operation.id}`,
    );
  }
  const frozen = {
    summary: plan.summary,
    reason: plan.reason,
    input: canonicalJson(input),
    payload: canonicalJson(plan.payload),
    effect: toJson([...plan.effect]),
    targets: toJson([...plan.targets]),
    subjects: toJson([...subjects]),
    policy: toJson(frozenPolicy(policy)),
    checkers_needed: checkersNeeded(policy.demands),
    expires_at: uow.nowMs + policy.openForMs,
  };
  const hash = changeHash({ ...frozen, operation: operation.id, maker_id: context.makerId });
  return { ...frozen, payload_sha256: hash };
}

/** Files it for its checkers; where no policy asks for one, it runs at once. */
export async function fileChange(
  handler: StateChange,
  asked: Asked,
  context: WriteContext,
): Promise<Written<Change> & { readonly isDone: boolean }> {
  const { uow, caller } = context;
  const row: ChangeRow = {
    ...(await freeze(handler, asked, { ...context, makerId: caller.personId })),
    id: newId('change', uow.ids),
    operation: asked.operation.id,
    maker_id: caller.personId,
    state: 'open',
    state_reason: null,
    approvals: toJson([]),
    operation_ids: toJson([]),
    edits: 0,
    runs_at: null,
    break_glass: null,
    review: null,
    created_at: uow.nowMs,
    revision: 1,
  };
  await uow.db.insertInto('changes').values(row).execute();
  await uow.event('change', row.id, `${row.id} filed by ${uow.actor.name}: ${row.summary}`);
  const isDone = tally(fromJson(row.policy).demands, []).isMet;
  const after = isDone ? await runAtOnce(row, handler, context) : row;
  if (!isDone) await tellCheckers(uow, row);
  return {
    output: await changeView(uow.db, after, await missingOf(uow.db, after)),
    targets: [row.id, ...fromJson(row.targets)],
    message: row.summary,
    changeId: row.id,
    isDone,
  };
}

/** What was filed a moment ago is not kept where it cannot run. */
async function runAtOnce(row: ChangeRow, handler: StateChange, context: WriteContext): Promise<ChangeRow> {
  try {
    return await carryOut(row, handler, context);
  } catch (error) {
    throw error instanceof DriftedChange ? error.refusal : error;
  }
}

export function frozenPolicy({ policies, demands, openForMs, windows }: Requirement): FrozenPolicy {
  return {
    policies: [...policies],
    demands: demands.map(({ quorum, checkers }) => ({ quorum, checkers: [...checkers] })),
    openForMs,
    windows: [...windows],
  };
}
