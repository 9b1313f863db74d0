import { command } from '../command.ts';
import { defined, optional, required } from '../options.ts';
import { printTeam } from '../views/group.ts';

export const teamCreate = command({
  path: 'team create',
  summary: 'Create a team',
  arguments: { name: required('name', 'its name; never changes') },
  options: {
    description: optional('--description <text>', 'what it is for'),
  },
  examples: ['ppec team create storage --description "Block and object storage"'],
  async run(context, { name, description }) {
    const client = await context.client();
    const input = { name, ...defined({ description }) };
    printTeam(context, await client.call('team.create', input, { signal: context.signal }));
  },
});
