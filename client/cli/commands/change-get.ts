import { command } from '../command.ts';
import { required } from '../options.ts';
import { printChangeDetail } from '../views/change.ts';

export const changeGet = command({
  path: 'change get',
  summary: 'One change: what will happen to what, and who has approved it; everything its hash covers',
  arguments: { change: required('change', 'id of the change') },
  examples: ['ppec change get chg_01jdaqv1zfe4rs8pnxzqk3wh2d'],
  async run(context, { change }) {
    const client = await context.client();
    printChangeDetail(context, await client.call('change.get', { change }, { signal: context.signal }));
  },
});
