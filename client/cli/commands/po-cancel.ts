import { command } from '../command.ts';
import { required } from '../options.ts';
import { printPurchaseOrder } from '../views/purchase-order.ts';

export const poCancel = command({
  path: 'po cancel',
  summary: 'Cancel an order: none of its machines becomes a SPARE; refused while one works',
  arguments: { po: required('po', 'number of the order') },
  options: { reason: required('--reason <text>', 'why; kept in the audit') },
  examples: ['ppec po cancel PO-2026-0042 --reason "the vendor cannot deliver"'],
  async run(context, input) {
    const client = await context.client();
    printPurchaseOrder(context, await client.call('po.cancel', input, { signal: context.signal }));
  },
});
