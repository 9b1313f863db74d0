import { command } from '../command.ts';
import { required } from '../options.ts';
import { printTeam } from '../views/group.ts';

export const teamGet = command({
  path: 'team get',
  summary: 'One team',
  arguments: { team: required('team', 'its name') },
  examples: ['ppec team get payments'],
  async run(context, { team }) {
    const client = await context.client();
    printTeam(context, await client.call('team.get', { team }, { signal: context.signal }));
  },
});
