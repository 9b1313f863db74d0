import { command } from '../command.ts';
import { defined, optional, required } from '../options.ts';
import { mapOption, sendOrderFile } from '../order-file.ts';
import { printPurchaseOrder } from '../views/purchase-order.ts';

export const poImport = command({
  path: 'po import',
  summary: 'Import a purchase order; every problem is told with its line and column, and nothing is kept',
  arguments: { file: required('file', 'the order document: YAML, JSON, or its lines as CSV') },
  options: {
    vendor: optional('--vendor <vendor>', 'whose CSV file it is: its columns are read as that vendor calls them'),
    map: mapOption,
  },
  examples: [
    'ppec po import PO-2026-0042.yaml',
    'ppec po import PO-2026-0042.csv --vendor "Acme Servers" --map number==PO-2026-0042',
  ],
  async run(context, { file, map, vendor }) {
    const client = await context.client();
    const order = await sendOrderFile(file, map, (document) =>
      client.call('po.import', { ...document, ...defined({ vendor }) }, { signal: context.signal }),
    );
    printPurchaseOrder(context, order);
  },
});
