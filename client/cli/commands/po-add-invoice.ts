import { command } from '../command.ts';
import { required } from '../options.ts';
import { mapOption, sendOrderFile } from '../order-file.ts';
import { printPurchaseOrder } from '../views/purchase-order.ts';

export const poAddInvoice = command({
  path: 'po add-invoice',
  summary: 'Record a invoice as it came; what contradicts the order is shown, and blocks the machines it concerns',
  arguments: {
    po: required('po', 'number of the order'),
    file: required('file', 'an invoice: YAML, JSON, or its serials or lines as CSV'),
  },
  options: { map: mapOption },
  examples: [
    'ppec po add-invoice PO-2026-0042 INV-7781.yaml',
    'ppec po add-invoice PO-2026-0042 INV-7781.csv --map total==8400.00',
  ],
  async run(context, { po, file, map }) {
    const client = await context.client();
    const order = await sendOrderFile(file, map, (document) =>
      client.call('po.add-invoice', { po, ...document }, { signal: context.signal }),
    );
    printPurchaseOrder(context, order);
  },
});
