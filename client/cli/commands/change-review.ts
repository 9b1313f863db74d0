import { command } from '../command.ts';
import { required } from '../options.ts';
import { printChange } from '../views/change.ts';

export const changeReview = command({
  path: 'change review',
  summary: 'Review a change for which the glass was broken; you must be neither its maker nor who broke it',
  arguments: { change: required('change', 'id of the change') },
  options: { note: required('--note <text>', 'what came of looking into it') },
  examples: [
    'ppec change list --to-review',
    'ppec change review chg_01jdaqv1zfe4rs8pnxzqk3wh2d --note "justified: incident 4711"',
  ],
  async run(context, { change, note }) {
    const client = await context.client();
    printChange(context, await client.call('change.review', { change, note }, { signal: context.signal }));
  },
});
