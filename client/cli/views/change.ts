// Changes as tables and details.
import type { Change } from '../../../shared/api/change.ts';
import type { CommandContext } from '../command.ts';
import { approvalsText, renderEffect } from '../output/effect.ts';
import type { Output } from '../output/output.ts';
import { toneOf } from '../output/style.ts';
import type { Column } from '../output/table.ts';
import { dateTime, due, relative } from '../output/time.ts';

export function changeColumns(nowMs: number): readonly Column<Change>[] {
  return [
    { title: 'CHANGE', value: (change) => change.id },
    { title: 'STATE', value: (change) => change.state, tone: (change) => toneOf(change.state) },
    { title: 'APPROVED', value: (change) => `${change.approvals.length} of ${change.checkersNeeded}` },
    { title: 'MAKER', value: (change) => change.maker },
    { title: 'FILED', value: (change) => relative(change.createdAt, nowMs) },
    { title: 'SUMMARY', value: (change) => change.summary, shrinks: true },
    { title: 'REASON', value: (change) => change.reason, shrinks: true },
  ];
}

export function renderChange(change: Change, output: Output, nowMs: number): string {
  const details = output.details([
    ['change', change.id, 'bold'],
    ['summary', change.summary],
    ['reason', change.reason],
    ['maker', `${change.maker}, ${dateTime(change.createdAt)}`],
    ['state', change.state, toneOf(change.state)],
    ['because', change.stateReason],
    ['approvals', approvalsText(change)],
    ['expires', change.state === 'open' ? due(change.expiresAt, nowMs) : null],
    ['sha256', change.payloadSha256],
    ['operations', change.operationIds.join(' ')],
  ]);
  return `${details}effect\n${renderEffect(change.effect, output.paint)}`;
}

export function printChange({ output, clock }: CommandContext, change: Change): void {
  output.value(change, (value) => renderChange(value, output, clock.nowMs()));
}
