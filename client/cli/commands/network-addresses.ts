import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { required } from '../options.ts';
import { relative } from '../output/time.ts';

export const networkAddresses = command({
  path: 'network addresses',
  summary: 'List the addresses allocated from a network',
  arguments: { network: required('network', 'id or name') },
  options: { limit: limitOption },
  examples: ['ppec network addresses production'],
  async run(context, { network, limit }) {
    await printList(context, 'address.list', {
      input: { network },
      limit,
      columns: [
        { title: 'ADDRESS', value: (address) => address.address },
        { title: 'STATE', value: (address) => address.state },
        { title: 'ASSET', value: (address) => address.asset ?? address.assetId },
        { title: 'SINCE', value: (address) => relative(address.since, context.clock.nowMs()) },
      ],
      empty: 'No address of this network is allocated.',
    });
  },
});
