import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';

export const teamList = command({
  path: 'team list',
  summary: 'List teams',
  options: {
    limit: limitOption,
  },
  examples: ['ppec team list'],
  async run(context, { limit }) {
    await printList(context, 'team.list', {
      input: {},
      limit,
      columns: [
        { title: 'TEAM', value: (team) => team.name },
        { title: 'MEMBERS', value: (team) => team.members.join(' '), shrinks: true },
        { title: 'PROJECTS', value: (team) => team.projects.join(' '), shrinks: true },
        { title: 'ABOUT', value: (team) => team.description, shrinks: true },
      ],
      empty: 'No teams that you may see. Create one: ppec team create NAME',
    });
  },
});
