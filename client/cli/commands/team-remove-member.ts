import { command } from '../command.ts';
import { required } from '../options.ts';
import { printTeam } from '../views/group.ts';

export const teamRemoveMember = command({
  path: 'team remove-member',
  summary: 'Remove a person or service from a team; what was granted to it ends for them at once',
  arguments: { team: required('team', 'its name'), member: required('member', 'person:NAME or service:NAME') },
  examples: ['ppec team remove-member payments person:mia'],
  async run(context, { team, member }) {
    const client = await context.client();
    printTeam(context, await client.call('team.remove-member', { team, member }, { signal: context.signal }));
  },
});
