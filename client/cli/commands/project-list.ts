import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { defined, optional } from '../options.ts';

export const projectList = command({
  path: 'project list',
  summary: 'List projects',
  options: {
    team: optional('--team <team>', 'only those of this team'),
    limit: limitOption,
  },
  examples: ['ppec project list'],
  async run(context, { limit, ...filter }) {
    await printList(context, 'project.list', {
      input: defined(filter),
      limit,
      columns: [
        { title: 'PROJECT', value: (project) => project.name },
        { title: 'TEAM', value: (project) => project.team },
        { title: 'CLUSTERS', value: (project) => project.clusters.join(' '), shrinks: true },
        { title: 'ABOUT', value: (project) => project.description, shrinks: true },
      ],
      empty: 'No projects that you may see. Create one: ppec project create NAME --team TEAM',
    });
  },
});
