import type { Change } from '../../../shared/api/change.ts';
import { PpecError } from '../../../shared/errors.ts';
import { command, type CommandContext } from '../command.ts';
import { followChange } from '../follow.ts';
import { flag, optional, required } from '../options.ts';
import { renderEffect } from '../output/effect.ts';
import { oneLine } from '../output/text.ts';
import { printChange } from '../views/change.ts';

export const changeApprove = command({
  path: 'change approve',
  summary: 'Approve exactly what is shown; you must not be its maker',
  arguments: { change: required('change', 'id of the change') },
  options: {
    yes: flag('--yes', 'do not ask'),
    sha256: optional('--sha256 <hash>', 'approve only if the change has this hash: what a script has looked at'),
    wait: flag('--wait', 'watch the work to its end'),
  },
  examples: [
    'ppec change approve chg_01jdaqv1zfe4rs8pnxzqk3wh2d',
    'ppec --context checker change approve chg_01jdaqv1zfe4rs8pnxzqk3wh2d --yes --wait',
  ],
  async run(context, { change: id, yes, sha256, wait }) {
    const { output, signal } = context;
    const client = await context.client();
    const change = await client.call('change.get', { change: id }, { signal });
    assertApprovable(change, sha256);
    if (!(await isConfirmed(context, change, yes))) {
      output.note('Not approved; nothing has changed.');
      return 1;
    }
    const approved = await client.call(
      'change.approve',
      { change: change.id, payloadSha256: change.payloadSha256 },
      { signal },
    );
    if (output.format !== 'table') printChange(context, approved);
    output.say(approvedText(approved));
    if (wait && approved.state !== 'open') return followChange(context, approved);
    if (approved.operationIds.length > 0) output.say(`Watch: ppec change wait ${approved.id}`);
    return 0;
  },
});

function assertApprovable(change: Change, sha256: string | undefined): void {
  if (change.state !== 'open') {
    const why = change.stateReason === null ? '' : ` (${change.stateReason})`;
    throw new PpecError(
      'failed_precondition',
      `${change.id} is ${change.state}${why}; only an open change can be approved.`,
    );
  }
  if (sha256 !== undefined && sha256 !== change.payloadSha256) {
    throw new PpecError(
      'conflict',
      `${change.id} has the hash ${change.payloadSha256}, not the one you approve; look at it again: ppec change get ${change.id}`,
    );
  }
}

// What is approved is on the screen before the question, and the hash ties the answer to exactly that.
async function isConfirmed({ output, prompt }: CommandContext, change: Change, yes: boolean): Promise<boolean> {
  const facts = [
    `${oneLine(change.summary)} · ${oneLine(change.maker)}: “${oneLine(change.reason)}”`,
    `You approve exactly this (sha256 ${change.payloadSha256}):`,
    renderEffect(change.effect, output.paint).trimEnd(),
  ].join('\n');
  if (yes) {
    output.say(facts);
    return true;
  }
  output.note(facts);
  return prompt.confirm('Yes?');
}

function approvedText(change: Change): string {
  if (change.state === 'open') return `approved · still needs ${change.missing.map(oneLine).join('; ')}`;
  if (change.state === 'approved') return `approved · ${oneLine(change.stateReason ?? 'waits')}`;
  const running = change.operationIds.length === 0 ? '' : ` · ${change.operationIds.join(', ')} running`;
  return `approved · ${change.state}${running}`;
}
