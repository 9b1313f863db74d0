import { command } from '../command.ts';
import { required } from '../options.ts';
import { printCluster } from '../views/group.ts';

export const clusterGet = command({
  path: 'cluster get',
  summary: 'One cluster',
  arguments: { cluster: required('cluster', 'its name') },
  examples: ['ppec cluster get payments'],
  async run(context, { cluster }) {
    const client = await context.client();
    printCluster(context, await client.call('cluster.get', { cluster }, { signal: context.signal }));
  },
});
