import { command } from '../command.ts';
import { followBurnIn } from '../follow-burn-in.ts';
import { required } from '../options.ts';

export const burnInWatch = command({
  path: 'burn-in watch',
  summary: 'Watch a burn-in to its end, and see what is wrong; exit 1 where something failed',
  arguments: { burnIn: required('burn-in', 'id of the burn-in, or an asset: its newest one') },
  examples: ['ppec burn-in watch srv-a'],
  async run(context, { burnIn }) {
    const client = await context.client();
    const { id } = await client.call('burn-in.get', { burnIn }, { signal: context.signal });
    return followBurnIn(context, id);
  },
});
