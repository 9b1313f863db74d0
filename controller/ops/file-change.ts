// Filing a state change: its plan is made, what it needs is looked up, and both are frozen under one hash.
import type { Change, FrozenPolicy } from '../../shared/api/change.ts';
import { opensAtMs, windowText } from '../../shared/api/execution-window.ts';
import type { AnyOperation } from '../../shared/api/operations.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { PpecError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import { checkersNeeded, tally, type Requirement } from '../domain/policy.ts';
import { changeView } from '../store/changes.ts';
import { fromJson, toJson } from '../store/json.ts';
import { keepSubjects, subjectsAbout, type ChangeSubject } from '../store/subjects.ts';
import type { ChangeRow } from '../store/change-tables.ts';
import { checkReach, type Authorised } from './authorise.ts';
import { carryOut, DriftedChange, missingOf, requirementOf } from './carry-out.ts';
import { changeHash } from './change-hash.ts';
import { tellCheckers } from './change-mail.ts';
import type { PlanContext, StateChange, WriteContext, Written } from './handler.ts';
import { refuseGainers } from './refuse-gainers.ts';
import { accepted } from './valid-input.ts';

export type Asked = { readonly operation: AnyOperation; readonly asked: Authorised };

/** What every part of a change is frozen from, and its own row needs. */
export type Frozen = {
  readonly row: Pick<
    ChangeRow,
    | 'summary' | 'reason' | 'input' | 'payload' | 'payload_sha256' | 'effect' | 'targets' | 'policy' | 'checkers_needed' | 'expires_at'
  >; // prettier-ignore
  /** What it is about. */
  readonly about: readonly ChangeSubject[];
};

/** Plans it and freezes everything that is approved. Whoever files or edits it gains nothing, and has the right everywhere it reaches. */
export async function freeze(handler: StateChange, { operation, asked }: Asked, context: PlanContext): Promise<Frozen> {
  const { uow, caller } = context;
  const plan = await handler.plan(accepted(asked.input), context);
  await refuseGainers(handler, plan.payload, context);
  const reached = await checkReach(uow.db, { operation, scopes: plan.reaches ?? [], rights: caller.rights });
  const about = [...asked.about, ...reached];
  const payload = canonicalJson(plan.payload);
  const subjects = await subjectsAbout(uow.db, about);
  const policy = await requirementOf(uow.db, { operation: operation.id, payload }, { handler, at: { subjects } });
  if (opensAtMs(policy.windows, uow.nowMs) === undefined) {
    throw new PpecError(
      'failed_precondition',
      `It could never run: its policies allow ${policy.windows.map(windowText).join(', and also only ')}. See: ppec policy explain ${operation.id}`,
    );
  }
  const frozen = {
    summary: plan.summary,
    reason: plan.reason,
    input: canonicalJson(asked.input),
    payload,
    effect: toJson([...plan.effect]),
    targets: toJson([...plan.targets]),
    policy: toJson(frozenPolicy(policy)),
    checkers_needed: checkersNeeded(policy.demands),
    expires_at: uow.nowMs + policy.openForMs,
  };
  const hash = changeHash({ ...frozen, about, operation: operation.id, maker_id: caller.personId });
  return { row: { ...frozen, payload_sha256: hash }, about };
}

/** Files it for its checkers; where no policy asks for one, it runs at once. */
export async function fileChange(
  handler: StateChange,
  asked: Asked,
  context: WriteContext,
): Promise<Written<Change> & { readonly isDone: boolean }> {
  const { uow, caller } = context;
  const frozen = await freeze(handler, asked, context);
  const row: ChangeRow = {
    ...frozen.row,
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
  await uow.changelog('change', { id: row.id, after: row, changeId: row.id });
  await keepSubjects(uow.db, row.id, frozen.about);
  await uow.event('change', row.id, `${row.id} filed by ${uow.actor.name}: ${row.summary}`);
  const isDone = tally(fromJson(row.policy).demands, []).isMet;
  const after = isDone ? await runAtOnce(row, handler, context) : row;
  if (!isDone) await tellCheckers(uow, row, handler);
  return {
    output: await changeView(uow.db, after, await missingOf(uow.db, after, { handler, nowMs: uow.nowMs })),
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
