// The effect of a change: what will happen to what, line by line, as it was frozen at filing.
import type { Change, EffectLine } from '../../../shared/api/change.ts';
import type { Paint } from './style.ts';
import { oneLine, padEnd, plural, widthOf } from './text.ts';

/** One line per effect; with several targets each target has a heading. What destroys data is marked with `!`. */
export function renderEffect(effect: readonly EffectLine[], paint: Paint): string {
  const width = Math.max(0, ...effect.map((line) => widthOf(oneLine(line.label))));
  const targets = new Set(effect.map((line) => line.target));
  let current: string | undefined;
  return effect
    .map((line) => {
      const heading = targets.size > 1 && line.target !== current ? `  ${paint(oneLine(line.target), 'bold')}\n` : '';
      current = line.target;
      const indent = targets.size > 1 ? '  ' : '';
      const mark = line.destructive ? paint('!', 'bad') : ' ';
      const label = paint(padEnd(oneLine(line.label), width), 'dim');
      return `${heading}${indent}${mark} ${label}  ${paint(oneLine(line.text), line.destructive ? 'bad' : 'plain')}\n`;
    })
    .join('');
}

/** `This changes state and needs 1 checker.` */
export function checkersSentence(change: Change): string {
  if (change.checkersNeeded === 0) return 'This changes state; the policy asks for no checker.';
  return `This changes state and needs ${plural(change.checkersNeeded, 'checker')}.`;
}

/** `1 of 2 approvals (kim)`. */
export function approvalsText(change: Change): string {
  const names = change.approvals.map((approval) => approval.person).join(', ');
  return `${change.approvals.length} of ${change.checkersNeeded}${names === '' ? '' : ` (${names})`}`;
}
