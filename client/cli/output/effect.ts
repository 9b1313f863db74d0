// The effect of a change: what will happen to what, line by line, as it was frozen at filing; and what it needs.
import { windowText } from '../../../shared/api/execution-window.ts';
import type { Change, EffectLine, FrozenPolicy } from '../../../shared/api/change.ts';
import type { Paint } from './style.ts';
import { oneLine, padEnd, plural, widthOf } from './text.ts';

/** The group of all who check anything. */
const anyChecker = 'change.approve';

/** One line per effect; a target with several has a heading. What destroys data is marked with `!`. */
export function renderEffect(effect: readonly EffectLine[], paint: Paint): string {
  const targets = new Map<string, EffectLine[]>();
  for (const line of effect) targets.set(line.target, [...(targets.get(line.target) ?? []), line]);
  if (targets.size <= 1) return renderLines(effect, (line) => line.label, paint);
  const isBulk = [...targets.values()].filter((lines) => lines.length === 1).length > 1;
  if (!isBulk) {
    return [...targets]
      .map(([target, lines]) => {
        const text = renderLines(lines, (line) => line.label, paint)
          .replaceAll(/^/gm, '  ')
          .trimEnd();
        return `  ${paint(oneLine(target), 'bold')}\n${text}\n`;
      })
      .join('');
  }
  return renderLines(effect, (line) => `${line.target}  ${line.label}`, paint);
}

function renderLines(lines: readonly EffectLine[], headOf: (line: EffectLine) => string, paint: Paint): string {
  const width = Math.max(0, ...lines.map((line) => widthOf(oneLine(headOf(line)))));
  return lines
    .map((line) => {
      const mark = line.destructive ? paint('!', 'bad') : ' ';
      const label = paint(padEnd(oneLine(headOf(line)), width), 'dim');
      return `${mark} ${label}  ${paint(oneLine(line.text), line.destructive ? 'bad' : 'plain')}\n`;
    })
    .join('');
}

/** `This changes state and needs 1 checker.` */
export function checkersSentence(change: Change): string {
  if (change.policy.demands.length === 0) return 'This changes state; the policy asks for no checker.';
  return `This changes state and needs ${demandsText(change.policy)}.`;
}

/** `2 of approver and site-ops, each at least once`; several demands are all to be met. */
export function demandsText({ demands }: Pick<FrozenPolicy, 'demands'>): string {
  if (demands.length === 0) return 'no checker';
  return demands
    .map(({ quorum, checkers }) => {
      if (checkers.join() === anyChecker) return plural(quorum, 'checker');
      const each = checkers.length > 1 ? ', each at least once' : '';
      return `${quorum} of ${checkers.map(oneLine).join(' and ')}${each}`;
    })
    .join('; and ');
}

export function hoursText({ windows }: Pick<FrozenPolicy, 'windows'>): string {
  return windows.map(windowText).join(', and also only ');
}

/** `1 of 2 approvals (kim)`. */
export function approvalsText(change: Change): string {
  const names = change.approvals.map((approval) => approval.person).join(', ');
  return `${change.approvals.length} of ${change.checkersNeeded}${names === '' ? '' : ` (${names})`}`;
}
