import { command } from '../command.ts';
import { required } from '../options.ts';
import { printPurchaseOrder } from '../views/purchase-order.ts';

export const poReopen = command({
  path: 'po reopen',
  summary: 'Open a closed or cancelled order again',
  arguments: { po: required('po', 'number of the order') },
  options: { reason: required('--reason <text>', 'why; kept in the audit') },
  examples: ['ppec po reopen PO-2026-0042 --reason "a late invoice came"'],
  async run(context, input) {
    const client = await context.client();
    printPurchaseOrder(context, await client.call('po.reopen', input, { signal: context.signal }));
  },
});
