import { command } from '../command.ts';
import { defined, optional, required } from '../options.ts';
import { printCluster } from '../views/group.ts';

export const clusterCreate = command({
  path: 'cluster create',
  summary: 'Create a cluster of a project',
  arguments: { name: required('name', 'its name; never changes') },
  options: {
    project: required('--project <project>', 'the project it belongs to'),
    description: optional('--description <text>', 'what it is for'),
  },
  examples: ['ppec cluster create ledger --project payments'],
  async run(context, { name, project, description }) {
    const client = await context.client();
    const input = { name, project, ...defined({ description }) };
    printCluster(context, await client.call('cluster.create', input, { signal: context.signal }));
  },
});
