import { command } from '../command.ts';
import { required } from '../options.ts';
import { printNetwork } from '../views/network.ts';

export const networkGet = command({
  path: 'network get',
  summary: 'One network',
  arguments: { network: required('network', 'id or name') },
  examples: ['ppec network get production'],
  async run(context, { network }) {
    const client = await context.client();
    printNetwork(context, await client.call('network.get', { network }, { signal: context.signal }));
  },
});
