import { command } from '../command.ts';
import { required } from '../options.ts';
import { printFiled } from '../views/filed.ts';

export const grantDelete = command({
  path: 'grant delete',
  summary: 'Ask to take a grant away; a checker must approve',
  arguments: { grant: required('grant', 'its id') },
  options: { reason: required('--reason <text>', 'why; the checker and the audit read it') },
  examples: ['ppec grant delete grt_01jdaqv1zfe4rs8pnxzqk3wh2d --reason "left the team"'],
  async run(context, { grant, reason }) {
    const client = await context.client();
    printFiled(context, await client.call('grant.delete', { grant, reason }, { signal: context.signal }));
  },
});
