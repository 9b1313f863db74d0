// Policies in details, and the answer to: which one holds?
import type { ExecutionWindow } from '../../../shared/api/execution-window.ts';
import { weekdays, windowText } from '../../../shared/api/execution-window.ts';
import type { Change } from '../../../shared/api/change.ts';
import type { Policy, PolicyExplanation } from '../../../shared/api/policy.ts';
import { PpecError } from '../../../shared/errors.ts';
import type { CommandContext } from '../command.ts';
import { checkersSentence, demandsText, hoursText, renderEffect } from '../output/effect.ts';
import { dateTime, roughDuration } from '../output/time.ts';

export function printPolicy({ output }: CommandContext, policy: Policy): void {
  output.value(policy, (value) =>
    output.details([
      ['policy', value.id, 'bold'],
      ['operation', value.operation],
      ['scope', value.scope],
      ['needs', policyText(value)],
      ['open for', roughDuration(value.openForMs)],
      ['hours', value.window === null ? null : windowText(value.window)],
      ['reason', value.reason],
      ['version', `${value.version}, ${dateTime(value.updatedAt)}`],
    ]),
  );
}

export function policyText({ quorum, checkers }: Pick<Policy, 'quorum' | 'checkers'>): string {
  return demandsText({ demands: quorum === 0 ? [] : [{ quorum, checkers }] });
}

export function printExplanation({ output }: CommandContext, explanation: PolicyExplanation): void {
  output.value(explanation, ({ operation, asset, floor, requirement, considered, mayCheckNow }) => {
    const details = output.details([
      ['operation', operation, 'bold'],
      ['asset', asset],
      ['needs', demandsText(requirement)],
      ['open for', roughDuration(requirement.openForMs)],
      ['hours', hoursText(requirement)],
      ['floor', floor === 0 ? 'none: a policy may let it run at once' : `never fewer than ${floor}`],
      ['may check', mayCheckNow.join(', ') || 'nobody'],
    ]);
    const table = output.table(
      [
        { title: '', value: ({ holds }) => (holds ? '→' : ' ') },
        { title: 'OPERATION', value: (each) => each.operation },
        { title: 'SCOPE', value: (each) => each.scope },
        { title: 'WHY', value: (each) => each.why, shrinks: true },
        { title: 'POLICY', value: (each) => each.id ?? 'built-in' },
      ],
      considered,
    );
    return `${details}\n${table}`;
  });
}

/** A change that was filed, and how it goes on. */
export function printFiled({ output }: CommandContext, filed: Change): void {
  output.value(filed, (change) => {
    const head = `${checkersSentence(change)}\n${renderEffect(change.effect, output.paint)}`;
    if (change.state !== 'open') return `${head}${change.id} is ${change.state}.\n`;
    return `${head}Filed as change ${change.id}.\nA checker approves it: ppec change approve ${change.id}\n`;
  });
}

/** `mon-fri 08:00-16:00`, `sat,sun 22:00-24:00`. */
export function readWindow(text: string): ExecutionWindow {
  const [, days = '', from = '', to = ''] = /^([a-z,-]+) (\d\d:\d\d)-(\d\d:\d\d)$/i.exec(text) ?? [];
  const named = days.toLowerCase().split(',').flatMap(daysOf);
  if (days === '' || named.some((day) => day === undefined)) {
    throw new PpecError(
      'invalid_argument',
      `--hours: '${text}' is no DAYS FROM-TO; write "mon-fri 08:00-16:00" (UTC).`,
    );
  }
  return { days: weekdays.filter((day) => named.includes(day)), from, to };
}

function daysOf(part: string): readonly ((typeof weekdays)[number] | undefined)[] {
  const [first, last] = part.split('-').map((name) => weekdays.findIndex((day) => day === name));
  if (first === undefined || first < 0 || (last !== undefined && last < first)) return [undefined];
  return weekdays.slice(first, (last ?? first) + 1);
}
