import { networkKinds } from '../../../shared/api/network.ts';
import { command } from '../command.ts';
import { defined, many, optional, required, requiredChoice } from '../options.ts';
import { printNetwork } from '../views/network.ts';

export const networkCreate = command({
  path: 'network create',
  summary: 'Create a network; it must not overlap another one',
  arguments: { name: required('name', 'name of the network') },
  options: {
    kind: requiredChoice('--kind <kind>', networkKinds, 'what it is for'),
    cidr: required('--cidr <cidr>', 'addresses with prefix length, 10.20.0.0/24'),
    gateway: optional('--gateway <address>', 'default route of its machines'),
    rangeStart: optional('--range-start <address>', 'first address to allocate'),
    rangeEnd: optional('--range-end <address>', 'last address to allocate'),
    dns: many('--dns <address>', 'name server; may be repeated'),
  },
  examples: ['ppec network create production --kind production --cidr 10.20.0.0/24 --gateway 10.20.0.1'],
  async run(context, { name, kind, cidr, dns, ...range }) {
    const input = { name, kind, cidr, ...defined(range), ...(dns.length === 0 ? {} : { dns: [...dns] }) };
    const client = await context.client();
    printNetwork(context, await client.call('network.create', input, { signal: context.signal }));
  },
});
