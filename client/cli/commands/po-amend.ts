import { command } from '../command.ts';
import { integer, required } from '../options.ts';
import { sendOrderFile } from '../order-file.ts';
import { printPurchaseOrder } from '../views/purchase-order.ts';

export const poAmend = command({
  path: 'po amend',
  summary: 'Replace the document of an order with a corrected one; a document with a problem changes nothing',
  arguments: { po: required('po', 'number of the order'), file: required('file', 'the whole order, YAML or JSON') },
  options: {
    reason: required('--reason <text>', 'why; kept in the audit'),
    revision: integer(
      '--revision <n>',
      { min: 1, max: 1_000_000_000 },
      'refuse if the order is at another revision; the present one unless told',
    ),
  },
  examples: [
    'ppec po amend PO-2026-0042 corrected.yaml --reason "credit note CN-12"',
    'ppec po export PO-2026-0042 > corrected.yaml   # what to correct',
  ],
  async run(context, { po, file, reason, revision }) {
    const { signal } = context;
    const client = await context.client();
    const expected = revision ?? (await client.call('po.get', { po }, { signal })).revision;
    const order = await sendOrderFile(file, [], ({ fileName, text }) =>
      client.call('po.amend', { po, revision: expected, reason, fileName, text }, { signal }),
    );
    printPurchaseOrder(context, order);
  },
});
