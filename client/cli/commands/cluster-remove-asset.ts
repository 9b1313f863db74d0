import { command } from '../command.ts';
import { required } from '../options.ts';
import { printCluster } from '../views/group.ts';

export const clusterRemoveAsset = command({
  path: 'cluster remove-asset',
  summary: 'Take a machine out of a cluster; it stays in the project',
  arguments: { cluster: required('cluster', 'its name'), asset: required('asset', 'id, name or serial') },
  examples: ['ppec cluster remove-asset ledger srv-a'],
  async run(context, { cluster, asset }) {
    const client = await context.client();
    printCluster(context, await client.call('cluster.remove-asset', { cluster, asset }, { signal: context.signal }));
  },
});
