import { command } from '../command.ts';
import { required } from '../options.ts';
import { printChange } from '../views/change.ts';

export const changeWithdraw = command({
  path: 'change withdraw',
  summary: 'Withdraw a change you filed',
  arguments: { change: required('change', 'id of the change') },
  examples: ['ppec change withdraw chg_01jdaqv1zfe4rs8pnxzqk3wh2d'],
  async run(context, { change }) {
    const client = await context.client();
    printChange(context, await client.call('change.withdraw', { change }, { signal: context.signal }));
  },
});
