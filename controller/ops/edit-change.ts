// What a change's maker and everybody else may still say about it: an edit plans it anew and voids its approvals.
import type { Change } from '../../shared/api/change.ts';
import { findOperation } from '../../shared/api/operations.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import type { ChangeRow } from '../store/change-tables.ts';
import { addNote, changeDetail, changeView, findChange } from '../store/changes.ts';
import { keepSubjects } from '../store/subjects.ts';
import { fromJson, toJson } from '../store/json.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import { missingOf } from './carry-out.ts';
import { tellCheckers } from './change-mail.ts';
import { authorise } from './authorise.ts';
import { isMaker, openChange } from './change-ops.ts';
import { freeze } from './file-change.ts';
import type { Handlers, StateChange, WriteContext, Written } from './handler.ts';
import { validInput } from './valid-input.ts';

export function editHandlers(
  stateChange: (operation: string) => StateChange,
): Handlers<'change.edit' | 'change.comment'> {
  return {
    'change.edit': {
      kind: 'write',
      run: async ({ change, input, reason }, context) => {
        const row = await openChange(context.uow, change);
        if (!(await isMaker(context.uow, row, context.caller))) {
          throw new PpecError('permission_denied', 'Only its maker edits a change. Comment on it: ppec change comment');
        }
        const filed: unknown = JSON.parse(row.input);
        const wanted = Object.assign({}, input ?? filed, reason === undefined ? {} : { reason });
        return edit(row, wanted, { context, handler: stateChange(row.operation) });
      },
    },
    'change.comment': {
      kind: 'write',
      run: async ({ change, text }, { uow }) => {
        const row = await findChange(uow.db, change);
        await addNote(uow, row, { kind: 'comment', text });
        await uow.event('change', row.id, `${row.id} ${uow.actor.name} says: ${text.slice(0, 200)}`);
        return {
          output: await changeDetail(uow.db, row, await missing(uow, row, stateChange(row.operation))),
          targets: [row.id],
          message: `commented on ${row.id}`,
          changeId: row.id,
        };
      },
    },
  };
}

function missing(uow: UnitOfWork, row: ChangeRow, handler: StateChange): Promise<readonly string[]> {
  return missingOf(uow.db, row, { handler, nowMs: uow.nowMs });
}

type Edit = { readonly context: WriteContext; readonly handler: StateChange };

/** Planned anew, as if it were filed now; whoever approved it before approved something else. */
async function edit(row: ChangeRow, wanted: object, { context, handler }: Edit): Promise<Written<Change>> {
  const { uow, caller } = context;
  const operation = findOperation(row.operation);
  assert(operation !== undefined, `${row.operation} is an operation`);
  // As if it were filed now: by somebody who may ask for that, wherever it reaches now.
  const asked = await authorise(uow.db, { operation, input: validInput(operation, wanted), rights: caller.rights });
  const { row: frozen, about } = await freeze(handler, { operation, asked }, { ...context, editing: row.id });
  const voided = fromJson(row.approvals).map(({ person }) => person);
  const edited = await uow.patchChange(row, { ...frozen, approvals: toJson([]), edits: row.edits + 1 });
  const lost = voided.length === 0 ? '' : `; no longer approved by ${voided.join(', ')}`;
  const text = `was ${row.payload_sha256.slice(0, 12)}… “${row.summary}”, now ${frozen.payload_sha256.slice(0, 12)}… “${frozen.summary}”${lost}`;
  await keepSubjects(uow.db, row.id, about);
  await addNote(uow, edited, { kind: 'edit', text });
  await uow.event('change', row.id, `${row.id} edited by ${uow.actor.name}${lost}: ${frozen.summary}`);
  await tellCheckers(uow, edited, handler);
  return {
    output: await changeView(uow.db, edited, await missing(uow, edited, handler)),
    targets: [row.id, ...fromJson(frozen.targets)],
    message: `edited: ${text}`,
    changeId: row.id,
  };
}
