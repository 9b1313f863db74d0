// A purchase order as details and tables.
import type { PurchaseOrder } from '../../../shared/api/purchase-order.ts';
import type { CommandContext } from '../command.ts';

type Server = PurchaseOrder['servers'][number];

export function serverPlace(server: Server): string | null {
  const parts = [server.rack, server.slot].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join('/');
}

export function printPurchaseOrder({ output }: CommandContext, po: PurchaseOrder): void {
  output.value(po, (value) => {
    const head = output.details([
      ['order', value.number, 'bold'],
      ['vendor', value.vendor],
      ['date', value.orderedOn],
      ['invoices', value.invoices.map((invoice) => `${invoice.number} ${invoice.total} ${value.currency}`).join(', ')],
      ['sha256', value.documentSha256],
    ]);
    const lines = output.table(
      [
        { title: 'LINE', value: (line) => line.line, align: 'right' },
        { title: 'CLASS', value: (line) => line.class },
        { title: 'ORDERED', value: (line) => line.quantity, align: 'right' },
        { title: 'DELIVERED', value: (line) => deliveredOn(value, line.line), align: 'right' },
        { title: `EACH ${value.currency}`, value: (line) => line.unitPrice, align: 'right' },
      ],
      value.lines,
    );
    if (value.servers.length === 0) return `${head}\n${lines}\nNo delivery yet.\n`;
    const servers = output.table(
      [
        { title: 'SERIAL', value: (server) => server.serial },
        { title: 'NAME', value: (server) => server.name },
        { title: 'LINE', value: (server) => server.line, align: 'right' },
        { title: 'DELIVERY', value: (server) => server.delivery, align: 'right' },
        { title: 'PLACE', value: serverPlace },
        { title: 'INVOICE', value: (server) => server.invoice },
      ],
      value.servers,
    );
    return `${head}\n${lines}\n${servers}`;
  });
}

function deliveredOn(po: PurchaseOrder, line: number): number {
  return po.servers.filter((server) => server.line === line).length;
}
