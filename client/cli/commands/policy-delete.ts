import { command } from '../command.ts';
import { required } from '../options.ts';
import { printFiled } from '../views/policy.ts';

export const policyDelete = command({
  path: 'policy delete',
  summary: 'Ask to delete a policy; a checker must approve',
  arguments: { policy: required('policy', 'id of the policy') },
  options: { reason: required('--reason <text>', 'why; the checker and the audit read it') },
  examples: ['ppec policy delete pol_01jdaqv1zfe4rs8pnxzqk3wh2d --reason "the project has ended"'],
  async run(context, { policy, reason }) {
    const client = await context.client();
    printFiled(context, await client.call('policy.delete', { policy, reason }, { signal: context.signal }));
  },
});
