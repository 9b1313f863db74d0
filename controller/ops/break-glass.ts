// Breaking the glass: in an emergency one person runs an open change without its checkers. Everything else is checked as
// ever, everybody who could have checked it is told, and it stays listed until somebody else has reviewed it.
import type { Change } from '../../shared/api/change.ts';
import { PpecError } from '../../shared/errors.ts';
import { movesRights } from '../domain/policy.ts';
import { addNote, changeView, findChange } from '../store/changes.ts';
import { fromJson, toJson } from '../store/json.ts';
import { carryOut } from './carry-out.ts';
import { tellBrokenGlass } from './change-mail.ts';
import { checkHash, isMaker, openChange } from './change-ops.ts';
import type { Handlers, StateChange, Written } from './handler.ts';
import { isSameHuman } from './may-check.ts';

export function breakGlassHandlers(
  stateChange: (operation: string) => StateChange,
): Handlers<'change.break-glass' | 'change.review'> {
  return {
    'change.break-glass': {
      kind: 'write',
      run: async ({ change, payloadSha256, reason }, { uow, caller, deps }): Promise<Written<Change>> => {
        const row = await openChange(uow, change);
        if (movesRights(row.operation)) {
          throw new PpecError(
            'failed_precondition',
            `${row.operation} moves rights: the glass is not broken for that.`,
          );
        }
        checkHash(row, payloadSha256);
        if (reason.trim().length < 20) {
          throw new PpecError('invalid_argument', 'Say why this cannot wait, in at least 20 characters.');
        }
        const broken = { person: uow.actor.name, personId: caller.personId, at: uow.nowMs, reason };
        const marked = await uow.patchChange(row, { break_glass: toJson(broken) });
        await addNote(uow, row, { kind: 'break-glass', text: reason });
        await uow.event('alert', row.id, `BREAK-GLASS by ${uow.actor.name}: ${row.summary}: ${reason}`);
        await tellBrokenGlass(uow, row, reason);
        const after = await carryOut(marked, stateChange(row.operation), { uow, deps, before: row });
        return {
          output: await changeView(uow.db, after),
          targets: [row.id, ...fromJson(row.targets)],
          message: `BREAK-GLASS, executed without its checkers: ${row.summary}: ${reason}`,
          changeId: row.id,
        };
      },
    },
    'change.review': {
      kind: 'write',
      run: async ({ change, note }, { uow, caller }) => {
        const row = await findChange(uow.db, change);
        const broken = row.break_glass === null ? undefined : fromJson(row.break_glass);
        if (broken === undefined) {
          throw new PpecError(
            'failed_precondition',
            `Nobody broke the glass for ${row.id}; there is nothing to review.`,
          );
        }
        if (row.review !== null) {
          throw new PpecError('already_exists', `${row.id} was reviewed by ${fromJson(row.review).person}.`);
        }
        const isEither =
          (await isSameHuman(uow.db, caller.personId, broken.personId)) || (await isMaker(uow, row, caller));
        if (isEither) {
          throw new PpecError(
            'permission_denied',
            'Somebody who neither filed this change nor broke the glass must review it.',
          );
        }
        const review = { person: uow.actor.name, personId: caller.personId, at: uow.nowMs, note };
        const reviewed = await uow.patchChange(row, { review: toJson(review) });
        await addNote(uow, row, { kind: 'review', text: note });
        await uow.event('change', row.id, `${row.id} reviewed by ${uow.actor.name}: ${note.slice(0, 200)}`);
        return {
          output: await changeView(uow.db, reviewed),
          targets: [row.id],
          message: `reviewed: ${note}`,
          changeId: row.id,
        };
      },
    },
  };
}
