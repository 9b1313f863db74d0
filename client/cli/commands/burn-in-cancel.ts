import { command } from '../command.ts';
import { required } from '../options.ts';

export const burnInCancel = command({
  path: 'burn-in cancel',
  summary: 'End a burn-in that runs; what it found so far is kept',
  arguments: { burnIn: required('burn-in', 'id of the burn-in, or an asset: its newest one') },
  examples: ['ppec burn-in cancel srv-a'],
  async run({ client, output, signal }, { burnIn }) {
    const found = await (await client()).call('burn-in.cancel', { burnIn }, { signal });
    output.value(
      found,
      ({ id, asset }) => `${asset} is told to end ${id}. See what it found: ppec burn-in watch ${id}\n`,
    );
  },
});
