import { stringify } from 'yaml';

import { command } from '../command.ts';
import { required } from '../options.ts';

export const classFromAsset = command({
  path: 'class from-asset',
  summary: 'The class that a known-good machine meets exactly, as a file to review and create',
  arguments: { asset: required('asset', 'id, name or serial') },
  options: { name: required('--name <name>', 'name of the class') },
  examples: ['ppec class from-asset srv-a --name compute-large   # review it, then class create -f'],
  async run(context, { asset, name }) {
    const client = await context.client();
    const { spec } = await client.call('class.derive', { asset }, { signal: context.signal });
    // The form that `class create -f` takes, in every output format but JSON.
    context.output.value({ name, spec }, (file) => stringify(file));
  },
});
