import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { defined, optional } from '../options.ts';

export const clusterList = command({
  path: 'cluster list',
  summary: 'List clusters',
  options: {
    project: optional('--project <project>', 'only those of this project'),
    limit: limitOption,
  },
  examples: ['ppec cluster list'],
  async run(context, { limit, ...filter }) {
    await printList(context, 'cluster.list', {
      input: defined(filter),
      limit,
      columns: [
        { title: 'CLUSTER', value: (cluster) => cluster.name },
        { title: 'PROJECT', value: (cluster) => cluster.project },
        { title: 'TEAM', value: (cluster) => cluster.team },
        { title: 'MACHINES', value: (cluster) => String(cluster.assets), align: 'right' },
        { title: 'ABOUT', value: (cluster) => cluster.description, shrinks: true },
      ],
      empty: 'No clusters that you may see. Create one: ppec cluster create NAME --project PROJECT',
    });
  },
});
