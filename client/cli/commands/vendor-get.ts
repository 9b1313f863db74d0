import { command } from '../command.ts';
import { required } from '../options.ts';
import { printVendor } from '../views/vendor.ts';

export const vendorGet = command({
  path: 'vendor get',
  summary: 'One vendor with the columns of its CSV files',
  arguments: { vendor: required('vendor', 'name of the vendor') },
  examples: ['ppec vendor get "Acme Servers"'],
  async run(context, { vendor }) {
    const client = await context.client();
    printVendor(context, await client.call('vendor.get', { vendor }, { signal: context.signal }));
  },
});
