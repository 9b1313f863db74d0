import { command } from '../command.ts';
import { required } from '../options.ts';
import { printPolicy } from '../views/policy.ts';

export const policyGet = command({
  path: 'policy get',
  summary: 'One policy',
  arguments: { policy: required('policy', 'id of the policy') },
  examples: ['ppec policy get pol_01jdaqv1zfe4rs8pnxzqk3wh2d'],
  async run(context, { policy }) {
    const client = await context.client();
    printPolicy(context, await client.call('policy.get', { policy }, { signal: context.signal }));
  },
});
