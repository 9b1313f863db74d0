import { command } from '../command.ts';
import { required } from '../options.ts';
import { printChange } from '../views/change.ts';

export const changeGet = command({
  path: 'change get',
  summary: 'One change: what will happen to what, and who has approved it',
  arguments: { change: required('change', 'id of the change') },
  examples: ['ppec change get chg_01jdaqv1zfe4rs8pnxzqk3wh2d'],
  async run(context, { change }) {
    const client = await context.client();
    printChange(context, await client.call('change.get', { change }, { signal: context.signal }));
  },
});
