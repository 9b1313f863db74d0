// Changes as tables and details.
import type { Change, ChangeDetail } from '../../../shared/api/change.ts';
import { isPending } from '../../../shared/lifecycle/change.ts';
import type { CommandContext } from '../command.ts';
import { demandsText, hoursText, renderEffect } from '../output/effect.ts';
import type { Output } from '../output/output.ts';
import { toneOf } from '../output/style.ts';
import type { Column } from '../output/table.ts';
import { oneLine } from '../output/text.ts';
import { dateTime, due, relative } from '../output/time.ts';

export function changeColumns(nowMs: number): readonly Column<Change>[] {
  return [
    { title: 'CHANGE', value: (change) => change.id },
    { title: 'STATE', value: (change) => stateText(change), tone: (change) => toneOf(change.state) },
    { title: 'APPROVED', value: (change) => `${change.approvals.length} of ${change.checkersNeeded}` },
    { title: 'MAKER', value: (change) => change.maker },
    { title: 'FILED', value: (change) => relative(change.createdAt, nowMs) },
    { title: 'DUE', value: (change) => dueText(change, nowMs) },
    { title: 'SUMMARY', value: (change) => change.summary, shrinks: true },
    { title: 'REASON', value: (change) => change.reason, shrinks: true },
  ];
}

function stateText(change: Change): string {
  if (change.breakGlass === null) return change.state;
  return `${change.state}, glass broken${change.review === null ? ', to review' : ''}`;
}

function dueText({ state, expiresAt, runsAt }: Change, nowMs: number): string | null {
  if (state === 'open') return `decide ${due(expiresAt, nowMs)}`;
  return state === 'approved' && runsAt !== null ? `runs ${due(runsAt, nowMs)}` : null;
}

type Detail = Parameters<Output['details']>[0][number];

export function renderChange(change: Change, output: Output, nowMs: number): string {
  const { policy, breakGlass, review } = change;
  const details = output.details([
    ['change', change.id, 'bold'],
    ['summary', change.summary],
    ['operation', change.operation],
    ['reason', change.reason],
    ['maker', `${change.maker}, ${dateTime(change.createdAt)}${editsText(change.edits)}`],
    ['state', change.state, toneOf(change.state)],
    ['because', change.stateReason],
    ['needs', demandsText(policy)],
    ...change.approvals.map(({ person, at, from }): Detail => [
      'approved',
      `${person}, ${dateTime(at)}, from ${from ?? 'unknown'}`,
      'good',
    ]),
    ['missing', change.missing.join('; ')],
    ...(breakGlass === null ? [] : [brokenLine(breakGlass)]),
    ...(review === null ? [] : [reviewLine(review)]),
    ['policy', policiesText(change)],
    ['hours', hoursText(policy)],
    ['runs', change.state === 'approved' && change.runsAt !== null ? due(change.runsAt, nowMs) : null],
    ['expires', isPending(change.state) ? due(change.expiresAt, nowMs) : null],
    ['sha256', change.payloadSha256],
    ['operations', change.operationIds.join(' ')],
  ]);
  return `${details}effect\n${renderEffect(change.effect, output.paint)}`;
}

function editsText(edits: number): string {
  return edits === 0 ? '' : `, edited ${edits === 1 ? 'once' : `${edits} times`}`;
}

function brokenLine({ person, at, reason }: NonNullable<Change['breakGlass']>): Detail {
  return ['BREAK-GLASS', `${person}, ${dateTime(at)}: ${reason}`, 'bad'];
}

function reviewLine({ person, at, note }: NonNullable<Change['review']>): Detail {
  return ['reviewed', `${person}, ${dateTime(at)}: ${note}`];
}

function policiesText({ policy }: Change): string {
  return policy.policies
    .map(({ id, operation, scope, version }) =>
      id === null ? 'the built-in one' : `${operation} in ${scope}, version ${version} (${id})`,
    )
    .join('; ');
}

export function printChange({ output, clock }: CommandContext, change: Change): void {
  output.value(change, (value) => renderChange(value, output, clock.nowMs()));
}

/** With the payload, so that everything the hash covers is shown, and with what was said. */
export function printChangeDetail({ output, clock }: CommandContext, change: ChangeDetail): void {
  output.value(change, (value) => {
    const payload = JSON.stringify(value.payload, undefined, 2) ?? 'null';
    const shown = payload.split('\n').map((line) => `  ${oneLine(line)}\n`);
    const notes = value.notes.map(
      ({ at, person, from, kind, text }) =>
        `  ${dateTime(at)}  ${oneLine(person)}${from === null ? '' : ` from ${oneLine(from)}`}  ${kind}: ${oneLine(text)}\n`,
    );
    const said = notes.length === 0 ? '' : `notes\n${notes.join('')}`;
    return `${renderChange(value, output, clock.nowMs())}payload\n${shown.join('')}${said}`;
  });
}
