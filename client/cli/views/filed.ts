// A change that was filed, as whatever files one prints it.
import type { Change } from '../../../shared/api/change.ts';
import type { CommandContext } from '../command.ts';
import { checkersSentence, renderEffect } from '../output/effect.ts';

export function printFiled({ output }: CommandContext, filed: Change): void {
  output.value(
    filed,
    (change) =>
      `${checkersSentence(change)}\n${renderEffect(change.effect, output.paint)}Filed as change ${change.id}.\nA checker approves it: ppec change approve ${change.id}\n`,
  );
}
