import { command } from '../command.ts';
import { defined, optional, required } from '../options.ts';
import { columnOption, vendorColumns } from '../vendor-columns.ts';
import { printVendor } from '../views/vendor.ts';

export const vendorUpdate = command({
  path: 'vendor update',
  summary: 'Change the contact, the notes or the columns of a vendor; columns that are not named stay',
  arguments: { vendor: required('vendor', 'name of the vendor') },
  options: {
    contact: optional('--contact <text>', 'whom to write to'),
    notes: optional('--notes <text>', 'what else to know'),
    column: columnOption,
  },
  examples: ['ppec vendor update "Acme Servers" --contact orders@acme.example --column "invoice.total=Amount due"'],
  async run(context, { vendor, contact, notes, column }) {
    const { signal } = context;
    const client = await context.client();
    const known = await client.call('vendor.get', { vendor }, { signal });
    const columns = column.length === 0 ? undefined : vendorColumns(column, known.columns);
    const input = { vendor, revision: known.revision, ...defined({ contact, notes, columns }) };
    printVendor(context, await client.call('vendor.update', input, { signal }));
  },
});
