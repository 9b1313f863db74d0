import { command } from '../command.ts';
import { required } from '../options.ts';
import { printPurchaseOrder } from '../views/purchase-order.ts';

export const poGet = command({
  path: 'po get',
  summary: 'One purchase order: its state, lines, deliveries, invoices, servers and contradictions',
  arguments: { po: required('po', 'number of the order') },
  examples: ['ppec po get PO-2026-0042'],
  async run(context, { po }) {
    const client = await context.client();
    printPurchaseOrder(context, await client.call('po.get', { po }, { signal: context.signal }));
  },
});
