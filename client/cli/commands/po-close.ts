import { command } from '../command.ts';
import { required } from '../options.ts';
import { printPurchaseOrder } from '../views/purchase-order.ts';

export const poClose = command({
  path: 'po close',
  summary: 'Close an order: nothing more is expected, and it takes no more documents',
  arguments: { po: required('po', 'number of the order') },
  options: { reason: required('--reason <text>', 'why; kept in the audit') },
  examples: ['ppec po close PO-2026-0042 --reason "all delivered and paid"'],
  async run(context, input) {
    const client = await context.client();
    printPurchaseOrder(context, await client.call('po.close', input, { signal: context.signal }));
  },
});
