import { command } from '../command.ts';
import { required } from '../options.ts';
import { peerColumns } from '../views/burn-in.ts';

export const burnInPeers = command({
  path: 'burn-in peers',
  summary: 'How the machines of a class compare: each figure of their newest burn-ins, beside the median of the others',
  options: { class: required('--class <class>', 'name of the class; all its versions') },
  examples: ['ppec burn-in peers --class compute-large'],
  async run({ client, output, signal }, { class: name }) {
    const found = await (await client()).call('burn-in.peers', { class: name }, { signal });
    output.value(found, ({ items }) =>
      items.length === 0
        ? `No machine of ${name} has figures yet. Begin a burn-in: ppec asset burn-in ASSET --profile standard\n`
        : output.table(
            peerColumns,
            items.toSorted((a, b) => a.figure.localeCompare(b.figure, 'en') || (a.percent ?? 0) - (b.percent ?? 0)),
          ),
    );
  },
});
