import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { relative } from '../output/time.ts';
import { orderTone } from '../views/purchase-order.ts';

export const poList = command({
  path: 'po list',
  summary: 'List purchase orders',
  options: { limit: limitOption },
  examples: ['ppec po list'],
  async run(context, { limit }) {
    await printList(context, 'po.list', {
      input: {},
      limit,
      columns: [
        { title: 'NUMBER', value: (po) => po.number },
        { title: 'VENDOR', value: (po) => po.vendor, shrinks: true },
        { title: 'STATE', value: (po) => po.state, tone: (po) => orderTone(po.state) },
        { title: 'ORDERED', value: (po) => po.lines.reduce((sum, line) => sum + line.quantity, 0), align: 'right' },
        { title: 'DELIVERED', value: (po) => po.servers.length, align: 'right' },
        { title: 'INVOICES', value: (po) => po.invoices.map((invoice) => invoice.number).join(' '), shrinks: true },
        {
          title: 'BREACHES',
          value: (po) => po.breaches.length || null,
          align: 'right',
          tone: () => 'bad',
        },
        { title: 'DATE', value: (po) => po.orderedOn },
        { title: 'IMPORTED', value: (po) => relative(po.createdAt, context.clock.nowMs()) },
      ],
      empty: 'No purchase orders. Import one: ppec po import FILE',
    });
  },
});
