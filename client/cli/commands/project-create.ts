import { command } from '../command.ts';
import { defined, optional, required } from '../options.ts';
import { printProject } from '../views/group.ts';

export const projectCreate = command({
  path: 'project create',
  summary: 'Create a project of a team',
  arguments: { name: required('name', 'its name; never changes') },
  options: {
    team: required('--team <team>', 'the team it belongs to'),
    description: optional('--description <text>', 'what it is for'),
  },
  examples: ['ppec project create payments --team finance'],
  async run(context, { name, team, description }) {
    const client = await context.client();
    const input = { name, team, ...defined({ description }) };
    printProject(context, await client.call('project.create', input, { signal: context.signal }));
  },
});
