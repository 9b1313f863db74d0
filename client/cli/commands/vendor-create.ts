import { command } from '../command.ts';
import { defined, optional, required } from '../options.ts';
import { columnOption, vendorColumns } from '../vendor-columns.ts';
import { printVendor } from '../views/vendor.ts';

export const vendorCreate = command({
  path: 'vendor create',
  summary: 'Register a vendor and the columns of its CSV files',
  arguments: { name: required('name', 'as orders name it') },
  options: {
    contact: optional('--contact <text>', 'whom to write to'),
    notes: optional('--notes <text>', 'what else to know'),
    column: columnOption,
  },
  examples: ['ppec vendor create "Acme Servers" --column "delivery.serial=Service Tag" --column "delivery.line=Pos."'],
  async run(context, { name, contact, notes, column }) {
    const columns = column.length === 0 ? undefined : vendorColumns(column);
    const input = { name, ...defined({ contact, notes, columns }) };
    const client = await context.client();
    printVendor(context, await client.call('vendor.create', input, { signal: context.signal }));
  },
});
