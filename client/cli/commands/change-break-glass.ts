import { PpecError } from '../../../shared/errors.ts';
import { command } from '../command.ts';
import { followChange } from '../follow.ts';
import { flag, required } from '../options.ts';
import { oneLine } from '../output/text.ts';
import { printChange, renderChange } from '../views/change.ts';

export const changeBreakGlass = command({
  path: 'change break-glass',
  summary: 'In an emergency: run an open change without its checkers; everybody is told',
  arguments: { change: required('change', 'id of the change') },
  options: {
    reason: required('--reason <text>', 'why it cannot wait for its checkers; 20 characters or more'),
    yes: flag('--yes', 'do not ask'),
    wait: flag('--wait', 'watch the work to its end'),
  },
  examples: [
    'ppec change break-glass chg_01jdaqv1zfe4rs8pnxzqk3wh2d --reason "payments is down, no approver can be reached"',
  ],
  async run(context, { change: id, reason, yes, wait }) {
    const { output, signal, prompt, clock } = context;
    if (reason.trim().length < 20) {
      throw new PpecError('invalid_argument', '--reason: say why it cannot wait, in at least 20 characters.');
    }
    const client = await context.client();
    const change = await client.call('change.get', { change: id }, { signal });
    output.note(renderChange(change, output, clock.nowMs()).trimEnd());
    output.note(`This runs ${oneLine(change.id)} with nobody's approval. All approvers and admins are told.`);
    if (!yes && !(await prompt.confirm('Break the glass?'))) {
      output.note('Not run; nothing has changed.');
      return 1;
    }
    const input = { change: change.id, payloadSha256: change.payloadSha256, reason };
    const broken = await client.call('change.break-glass', input, { signal });
    printChange(context, broken);
    if (wait) return followChange(context, broken);
    return broken.state === 'refused' ? 1 : 0;
  },
});
