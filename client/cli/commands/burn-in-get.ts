import { command } from '../command.ts';
import { required } from '../options.ts';
import { printBurnIn } from '../views/burn-in.ts';

export const burnInGet = command({
  path: 'burn-in get',
  summary: 'One burn-in with every result, or how far it is',
  arguments: { burnIn: required('burn-in', 'id of the burn-in, or an asset: its newest one') },
  examples: ['ppec burn-in get srv-a', 'ppec burn-in get op_01jdaqv1zfe4rs8pnxzqk3wh2d -o yaml'],
  async run(context, { burnIn }) {
    const client = await context.client();
    printBurnIn(context, await client.call('burn-in.get', { burnIn }, { signal: context.signal }));
  },
});
