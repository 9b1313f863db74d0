// What a change's maker and everybody else may still say about it: an edit plans it anew and voids its approvals.
import type { Change } from '../../shared/api/change.ts';
import { findOperation } from '../../shared/api/operations.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import type { ChangeRow } from '../store/change-tables.ts';
import { addNote, changeDetail, changeView, findChange } from '../store/changes.ts';
import { fromJson, toJson } from '../store/json.ts';
import { missingOf } from './carry-out.ts';
import { tellCheckers } from './change-mail.ts';
import { isMaker, openChange } from './change-ops.ts';
import { freeze } from './file-change.ts';
import type { Handlers, StateChange, WriteContext, Written } from './handler.ts';
import { mayAsk } from './may-check.ts';
import { validInput } from './valid-input.ts';

export function editHandlers(
  stateChange: (operation: string) => StateChange,
): Handlers<'change.edit' | 'change.comment'> {
  return {
    'change.edit': {
      kind: 'write',
      run: async ({ change, input, reason }, context) => {
        const row = await openChange(context.uow, change);
        if (!isMaker(row, context.caller)) {
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
          output: await changeDetail(uow.db, row, await missingOf(uow.db, row)),
          targets: [row.id],
          message: `commented on ${row.id}`,
          changeId: row.id,
        };
      },
    },
  };
}

type Edit = { readonly context: WriteContext; readonly handler: StateChange };

/** Planned anew, as if it were filed now; whoever approved it before approved something else. */
async function edit(row: ChangeRow, wanted: object, { context, handler }: Edit): Promise<Written<Change>> {
  const { uow, caller } = context;
  const operation = findOperation(row.operation);
  assert(operation !== undefined, `${row.operation} is an operation`);
  if (!mayAsk({ roles: new Set(caller.roles), permissions: caller.permissions }, row.operation)) {
    throw new PpecError('permission_denied', `You may not ask for ${row.operation} any more; withdraw it instead.`);
  }
  const input = validInput(operation, wanted);
  const planned = { ...context, editing: row.id, makerId: row.maker_id };
  const frozen = await freeze(handler, { operation, input }, planned);
  const voided = fromJson(row.approvals).map(({ person }) => person);
  const edited = await uow.patchChange(row, { ...frozen, approvals: toJson([]), edits: row.edits + 1 });
  const lost = voided.length === 0 ? '' : `; no longer approved by ${voided.join(', ')}`;
  const text = `was ${row.payload_sha256.slice(0, 12)}… “${row.summary}”, now ${frozen.payload_sha256.slice(0, 12)}… “${frozen.summary}”${lost}`;
  await addNote(uow, edited, { kind: 'edit', text });
  await uow.event('change', row.id, `${row.id} edited by ${uow.actor.name}${lost}: ${frozen.summary}`);
  await tellCheckers(uow, edited);
  return {
    output: await changeView(uow.db, edited, await missingOf(uow.db, edited)),
    targets: [row.id, ...fromJson(frozen.targets)],
    message: `edited: ${text}`,
    changeId: row.id,
  };
}
