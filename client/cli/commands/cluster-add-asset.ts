import { command } from '../command.ts';
import { required } from '../options.ts';
import { printCluster } from '../views/group.ts';

export const clusterAddAsset = command({
  path: 'cluster add-asset',
  summary: 'Add a BAREMETAL of its project to a cluster',
  arguments: { cluster: required('cluster', 'its name'), asset: required('asset', 'id, name or serial') },
  examples: ['ppec cluster add-asset ledger srv-a'],
  async run(context, { cluster, asset }) {
    const client = await context.client();
    printCluster(context, await client.call('cluster.add-asset', { cluster, asset }, { signal: context.signal }));
  },
});
