import { command } from '../command.ts';
import { defined, optional, required } from '../options.ts';
import { printExplanation } from '../views/policy.ts';

export const policyExplain = command({
  path: 'policy explain',
  summary: 'Which policy holds for an operation, why, and who may check it now',
  arguments: { operation: required('operation', 'a state-changing operation, `asset.provision`') },
  options: {
    asset: optional('--asset <asset>', 'on this asset'),
    project: optional('--project <project>', 'for this project'),
  },
  examples: ['ppec policy explain asset.provision --project payments', 'ppec policy explain asset.waive --asset srv-b'],
  async run(context, { operation, asset, project }) {
    const client = await context.client();
    const input = { verb: operation, ...defined({ asset, project }) };
    printExplanation(context, await client.call('policy.explain', input, { signal: context.signal }));
  },
});
