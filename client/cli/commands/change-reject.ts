import { command } from '../command.ts';
import { required } from '../options.ts';
import { printChange } from '../views/change.ts';

export const changeReject = command({
  path: 'change reject',
  summary: 'Reject a change, with a reason its maker will read',
  arguments: { change: required('change', 'id of the change') },
  options: { reason: required('--reason <text>', 'why') },
  examples: ['ppec change reject chg_01jdaqv1zfe4rs8pnxzqk3wh2d --reason "wrong rack"'],
  async run(context, { change, reason }) {
    const client = await context.client();
    printChange(context, await client.call('change.reject', { change, reason }, { signal: context.signal }));
  },
});
