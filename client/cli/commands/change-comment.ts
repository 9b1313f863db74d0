import { command } from '../command.ts';
import { required } from '../options.ts';
import { printChangeDetail } from '../views/change.ts';

export const changeComment = command({
  path: 'change comment',
  summary: 'Say something to whoever reads a change',
  arguments: { change: required('change', 'id of the change') },
  options: { text: required('--text <text>', 'what to say') },
  examples: ['ppec change comment chg_01jdaqv1zfe4rs8pnxzqk3wh2d --text "is the switch port of R12/U20 done?"'],
  async run(context, { change, text }) {
    const client = await context.client();
    printChangeDetail(context, await client.call('change.comment', { change, text }, { signal: context.signal }));
  },
});
