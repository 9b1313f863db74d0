import { windowText } from '../../../shared/api/execution-window.ts';
import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { roughDuration } from '../output/time.ts';
import { policyText } from '../views/policy.ts';

export const policyList = command({
  path: 'policy list',
  summary: 'What state changes need before they run',
  options: { limit: limitOption },
  examples: ['ppec policy list'],
  async run(context, { limit }) {
    await printList(context, 'policy.list', {
      input: {},
      limit,
      columns: [
        { title: 'OPERATION', value: (policy) => policy.operation },
        { title: 'SCOPE', value: (policy) => policy.scope },
        { title: 'NEEDS', value: policyText },
        { title: 'OPEN FOR', value: (policy) => roughDuration(policy.openForMs) },
        { title: 'HOURS', value: (policy) => (policy.window === null ? null : windowText(policy.window)) },
        { title: 'REASON', value: (policy) => policy.reason, shrinks: true },
        { title: 'POLICY', value: (policy) => policy.id },
      ],
      empty: 'No policies: every state change needs one checker within 24 hours. Set one: ppec policy set --help',
    });
  },
});
