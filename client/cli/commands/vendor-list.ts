import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';

export const vendorList = command({
  path: 'vendor list',
  summary: 'List vendors',
  options: { limit: limitOption },
  examples: ['ppec vendor list'],
  async run(context, { limit }) {
    await printList(context, 'vendor.list', {
      input: {},
      limit,
      columns: [
        { title: 'NAME', value: (vendor) => vendor.name },
        { title: 'CONTACT', value: (vendor) => vendor.contact, shrinks: true },
        { title: 'CSV COLUMNS', value: (vendor) => Object.keys(vendor.columns).join(' ') },
        { title: 'NOTES', value: (vendor) => vendor.notes, shrinks: true },
      ],
      empty: 'No vendors. Register one: ppec vendor create NAME',
    });
  },
});
