import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';

export const networkList = command({
  path: 'network list',
  summary: 'List networks',
  options: { limit: limitOption },
  examples: ['ppec network list'],
  async run(context, { limit }) {
    await printList(context, 'network.list', {
      input: {},
      limit,
      columns: [
        { title: 'NAME', value: (network) => network.name },
        { title: 'KIND', value: (network) => network.kind },
        { title: 'CIDR', value: (network) => network.cidr },
        { title: 'GATEWAY', value: (network) => network.gateway },
        { title: 'RANGE', value: (network) => `${network.rangeStart}–${network.rangeEnd}` },
        { title: 'USED', value: (network) => network.used, align: 'right' },
        {
          title: 'FREE',
          value: (network) => network.free,
          align: 'right',
          tone: (network) => (network.free === 0 ? 'bad' : 'plain'),
        },
      ],
      empty: 'No networks. Create one: ppec network create production --kind production --cidr 10.20.0.0/24',
    });
  },
});
