// Changes and the operations that run from them: the checker's side of maker-checker.
import { createHash } from 'node:crypto';

import { canonicalJson } from '../../shared/canonical-json.ts';
import { PpecError } from '../../shared/errors.ts';
import { findOperation } from '../../shared/api/operations.ts';
import { decideAll } from '../domain/rbac.ts';
import { rightsOf } from '../store/grants.ts';
import { fromJson, toJson } from '../store/json.ts';
import { missing } from '../store/missing.ts';
import { findPerson } from '../store/people.ts';
import { changeView, findChange, operationView } from '../store/records.ts';
import { changeSubjects } from '../store/subjects.ts';
import type { ChangeRow } from '../store/schema.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import { ofVisibleAssets, visibleChanges } from '../store/visibility.ts';
import { assertAnotherPerson } from './accountable.ts';
import type { Handler, Handlers, Plan, WriteContext, Written } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';
import { refuseGainers } from './refuse-gainers.ts';
import type { Change } from '../../shared/api/change.ts';

type ChangeIds =
  | 'change.list'
  | 'change.get'
  | 'change.approve'
  | 'change.reject'
  | 'change.withdraw'
  | 'operation.list'
  | 'operation.get';

type StateChange = Extract<Handler, { kind: 'state-change' }>;

/** What the checker approves: the operation, its frozen payload and what was shown, in one hash. */
export function payloadHash(operation: string, plan: Pick<Plan, 'payload' | 'effect' | 'targets'>): string {
  const { payload, effect, targets } = plan;
  return createHash('sha256').update(canonicalJson({ operation, payload, effect, targets })).digest('hex');
}

/** `stateChange` finds what an approved change carries out. */
export function changeHandlers(stateChange: (operation: string) => StateChange): Handlers<ChangeIds> {
  return {
    'change.list': {
      kind: 'read',
      run: async ({ limit = defaultLimit, cursor, state }, { deps, caller }) => {
        let query = deps.db
          .selectFrom('changes')
          .selectAll()
          .where(visibleChanges(caller.rights, 'change.list', 'changes.id'));
        if (state !== undefined) query = query.where('state', '=', state);
        if (cursor !== undefined) query = query.where('id', '<', cursor);
        const rows = await query
          .orderBy('id', 'desc')
          .limit(limit + 1)
          .execute();
        return pageOf(rows, limit, (row) => changeView(deps.db, row));
      },
    },
    'change.get': {
      kind: 'read',
      run: async ({ change }, { deps }) => changeView(deps.db, await findChange(deps.db, change)),
    },
    'change.approve': {
      kind: 'write',
      run: async (input, context) => {
        const row = await openChange(context.uow, input.change);
        checkApproval(row, input.payloadSha256, context);
        await assertAnotherPerson(row.maker_id, context);
        return approve(row, context, stateChange(row.operation));
      },
    },
    'change.reject': {
      kind: 'write',
      run: async ({ change, reason }, { uow, caller }) => {
        const row = await openChange(uow, change);
        if (row.maker_id === caller.personId) {
          throw new PpecError('permission_denied', 'You filed this change; withdraw it instead: ppec change withdraw');
        }
        return close(uow, row, { state: 'rejected', reason: `${uow.actor.name}: ${reason}` });
      },
    },
    'change.withdraw': {
      kind: 'write',
      run: async ({ change }, { uow, caller }) => {
        const row = await openChange(uow, change);
        if (row.maker_id !== caller.personId) {
          throw new PpecError(
            'permission_denied',
            'Only its maker withdraws a change; reject it instead: ppec change reject',
          );
        }
        return close(uow, row, { state: 'withdrawn', reason: 'withdrawn by its maker' });
      },
    },
    'operation.list': {
      kind: 'read',
      run: async ({ limit = defaultLimit, cursor, state }, { deps, caller }) => {
        let query = deps.db
          .selectFrom('operations')
          .selectAll()
          .where(ofVisibleAssets(caller.rights, 'operation.list', 'operations.asset_id'));
        if (state !== undefined) query = query.where('state', '=', state);
        if (cursor !== undefined) query = query.where('id', '<', cursor);
        const rows = await query
          .orderBy('id', 'desc')
          .limit(limit + 1)
          .execute();
        return pageOf(rows, limit, (row) => operationView(deps.db, row));
      },
    },
    'operation.get': {
      kind: 'read',
      run: async ({ operation }, { deps }) => {
        const row = await deps.db.selectFrom('operations').selectAll().where('id', '=', operation).executeTakeFirst();
        if (row === undefined) throw missing('operation', operation);
        return operationView(deps.db, row);
      },
    },
  };
}

async function openChange(uow: UnitOfWork, id: string): Promise<ChangeRow> {
  const row = await findChange(uow.db, id);
  if (row.state !== 'open') {
    throw new PpecError(
      'failed_precondition',
      `${row.id} is ${row.state}${row.state_reason === null ? '' : ` (${row.state_reason})`}; only an open change can be decided.`,
    );
  }
  return row;
}

function checkApproval(row: ChangeRow, payloadSha256: string, { uow, caller }: WriteContext): void {
  if (row.maker_id === caller.personId) {
    throw new PpecError('permission_denied', 'You filed this change; a different person must check it.');
  }
  if (row.expires_at <= uow.nowMs) {
    throw new PpecError('failed_precondition', `${row.id} has expired. Ask its maker to file it anew.`);
  }
  if (payloadSha256 !== row.payload_sha256) {
    throw new PpecError(
      'conflict',
      `You approve ${payloadSha256.slice(0, 12)}…, ${row.id} is ${row.payload_sha256.slice(0, 12)}…. Look at it again: ppec change get ${row.id}`,
    );
  }
  if (fromJson(row.approvals).some((approval) => approval.personId === caller.personId)) {
    throw new PpecError('already_exists', 'You have approved this change already.');
  }
}

async function approve(row: ChangeRow, context: WriteContext, handler: StateChange): Promise<Written<Change>> {
  const { uow, caller } = context;
  await refuseGainers(handler, JSON.parse(row.payload), context);
  const approvals = [...fromJson(row.approvals), { person: uow.actor.name, personId: caller.personId, at: uow.nowMs }];
  const approved = await uow.patchChange(row, { approvals: toJson(approvals) });
  const targets = [row.id, ...fromJson(row.targets)];
  if (approvals.length < row.checkers_needed) {
    return {
      output: await changeView(uow.db, approved),
      targets,
      message: `${row.id} approved, ${row.checkers_needed - approvals.length} more needed`,
      changeId: row.id,
    };
  }
  const refusal = await refusalOf(uow, row);
  if (refusal !== undefined) return close(uow, approved, { state: 'refused', reason: refusal });
  try {
    const payload: unknown = JSON.parse(row.payload);
    const approval = {
      changeId: row.id,
      payloadSha256: row.payload_sha256,
      makerId: row.maker_id,
      checkerIds: approvals.map(({ personId }) => personId),
    };
    const operationIds = await handler.execute({ change: approved, payload, approval }, context);
    const executed = await uow.patchChange(approved, {
      state: 'executed',
      state_reason: null,
      operation_ids: toJson(operationIds),
    });
    await uow.event('change', row.id, `${row.id} approved by ${uow.actor.name}: ${row.summary}`);
    return {
      output: await changeView(uow.db, executed),
      targets,
      message: `approved and started: ${row.summary}`,
      changeId: row.id,
    };
  } catch (error) {
    // Nothing was written by a handler that refuses: it checks every target before it starts the first.
    if (!(error instanceof PpecError) || error.code === 'internal') throw error;
    throw new DriftedChange(row, error);
  }
}

/** An approved change that can no longer be carried out: its transaction is undone, and it is closed in one of its own. */
export class DriftedChange extends Error {
  readonly row: ChangeRow;
  readonly refusal: PpecError;

  constructor(row: ChangeRow, refusal: PpecError) {
    super(refusal.message);
    this.row = row;
    this.refusal = refusal;
  }
}

/** The maker must still be there and still be allowed to ask. */
async function refusalOf(uow: UnitOfWork, row: ChangeRow): Promise<string | undefined> {
  const maker = await findPerson(uow.db, row.maker_id);
  if (maker.active !== 1) return `its maker ${maker.name} is no longer active`;
  const rights = await rightsOf(uow.db, maker.name, uow.nowMs);
  const permission = findOperation(row.operation)?.permission ?? row.operation;
  const decision = decideAll(rights, permission, await changeSubjects(uow.db, row.id));
  return decision.allowed ? undefined : `its maker ${maker.name} is no longer allowed to ask for it`;
}

export async function close(
  uow: UnitOfWork,
  row: ChangeRow,
  end: { readonly state: ChangeRow['state']; readonly reason: string },
): Promise<Written<Change>> {
  const closed = await uow.patchChange(row, { state: end.state, state_reason: end.reason });
  await uow.event('change', row.id, `${row.id} ${end.state}: ${end.reason}`);
  return {
    output: await changeView(uow.db, closed),
    targets: [row.id, ...fromJson(row.targets)],
    message: `${end.state}: ${end.reason}`,
    changeId: row.id,
  };
}
