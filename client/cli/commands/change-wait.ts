import { waitForChange } from '../../sdk/follow.ts';
import { command } from '../command.ts';
import { followChange } from '../follow.ts';
import { integer, required } from '../options.ts';
import { approvalsText } from '../output/effect.ts';
import { due } from '../output/time.ts';

export const changeWait = command({
  path: 'change wait',
  summary: 'Wait until a change is decided, then watch its work to the end; exit 1 unless all of it went well',
  arguments: { change: required('change', 'id of the change') },
  options: { timeout: integer('--timeout <seconds>', { min: 1, max: 604_800 }, 'how long to wait for a decision') },
  examples: ['ppec change wait chg_01jdaqv1zfe4rs8pnxzqk3wh2d', 'ppec change wait chg_01jd… --timeout 600'],
  async run(context, { change: id, timeout }) {
    const { output, signal, clock } = context;
    const client = await context.client();
    let approvals = -1;
    const change = await waitForChange(client, id, {
      signal,
      clock,
      timeoutMs: timeout === undefined ? undefined : timeout * 1000,
      onUpdate: (seen) => {
        if (seen.state !== 'open' || seen.approvals.length === approvals) return;
        approvals = seen.approvals.length;
        output.say(
          `${seen.id} waits: ${approvalsText(seen)} approved, open until ${due(seen.expiresAt, clock.nowMs())}`,
        );
      },
    });
    const status = await followChange(context, change);
    if (output.format !== 'table') output.value(await client.call('change.get', { change: id }, { signal }), () => '');
    return status;
  },
});
