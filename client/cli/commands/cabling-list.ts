import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { defined, optional } from '../options.ts';

export const cablingList = command({
  path: 'cabling list',
  summary: 'List switch ports and where they lead',
  options: {
    switch: optional('--switch <switch>', 'only ports of this switch'),
    rack: optional('--rack <rack>', 'only ports of this rack'),
    datacenter: optional('--datacenter <datacenter>', 'only ports of this datacenter'),
    limit: limitOption,
  },
  examples: ['ppec cabling list --rack R12', 'ppec cabling list --switch leaf-1 -o json'],
  async run(context, { limit, ...filter }) {
    await printList(context, 'cabling.list', {
      input: defined(filter),
      limit,
      columns: [
        { title: 'SWITCH', value: (row) => row.switch },
        { title: 'PORT', value: (row) => row.port },
        { title: 'DATACENTER', value: (row) => row.datacenter },
        { title: 'RACK', value: (row) => row.rack },
        { title: 'SLOT', value: (row) => row.slot },
        { title: 'NIC', value: (row) => row.nic },
        { title: 'COMMENT', value: (row) => row.comment, shrinks: true },
      ],
      empty:
        Object.keys(defined(filter)).length === 0
          ? 'The cabling table is empty. Fill it: ppec cabling import FILE'
          : 'No row of the cabling table is like that.',
    });
  },
});
