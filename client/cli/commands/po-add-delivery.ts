import { command } from '../command.ts';
import { required } from '../options.ts';
import { mapOption, sendOrderFile } from '../order-file.ts';
import { printPurchaseOrder } from '../views/purchase-order.ts';

export const poAddDelivery = command({
  path: 'po add-delivery',
  summary: 'Record a delivery as it came; what contradicts the order is shown, and blocks the machines it concerns',
  arguments: {
    po: required('po', 'number of the order'),
    file: required('file', 'a delivery: YAML, JSON, or its serials as CSV'),
  },
  options: { map: mapOption },
  examples: [
    'ppec po add-delivery PO-2026-0042 slip-77.csv',
    'ppec po add-delivery PO-2026-0042 slip-77.csv --map "serial=Service Tag" --map line==1',
  ],
  async run(context, { po, file, map }) {
    const client = await context.client();
    const order = await sendOrderFile(file, map, (document) =>
      client.call('po.add-delivery', { po, ...document }, { signal: context.signal }),
    );
    printPurchaseOrder(context, order);
  },
});
