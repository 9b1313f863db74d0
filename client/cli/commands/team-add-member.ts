import { command } from '../command.ts';
import { required } from '../options.ts';
import { printFiled } from '../views/filed.ts';

export const teamAddMember = command({
  path: 'team add-member',
  summary: 'Ask to add a person or service to a team, with all that is granted to it; a checker must approve',
  arguments: { team: required('team', 'its name'), member: required('member', 'person:NAME or service:NAME') },
  options: { reason: required('--reason <text>', 'why; the checker and the audit read it') },
  examples: ['ppec team add-member payments person:mia --reason "joined on Monday"'],
  async run(context, { team, member, reason }) {
    const client = await context.client();
    printFiled(context, await client.call('team.add-member', { team, member, reason }, { signal: context.signal }));
  },
});
