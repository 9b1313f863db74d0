// A purchase order as details and tables.
import type { PurchaseOrder } from '../../../shared/api/purchase-order.ts';
import type { CommandContext } from '../command.ts';
import type { Output } from '../output/output.ts';
import type { Tone } from '../output/style.ts';
import { oneLine, plural } from '../output/text.ts';

type Server = PurchaseOrder['servers'][number];
type State = PurchaseOrder['state'];

const stateTones: Readonly<Record<State, Tone>> = {
  placed: 'plain',
  delivering: 'plain',
  delivered: 'good',
  closed: 'plain',
  cancelled: 'warn',
};

export function orderTone(state: State): Tone {
  return stateTones[state] ?? 'plain';
}

export function serverPlace(server: Server): string | null {
  const parts = [server.rack, server.slot].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join('/');
}

export function printPurchaseOrder({ output }: CommandContext, po: PurchaseOrder): void {
  output.value(po, (value) => {
    const head = output.details([
      ['order', value.number, 'bold'],
      ['state', `${value.state}: ${value.stateReason}`, orderTone(value.state)],
      ['vendor', value.vendor],
      ['date', value.orderedOn],
      ['revision', value.revision],
      ['sha256', value.documentSha256],
    ]);
    const parts = [head, linesTable(output, value), deliveriesTable(output, value), invoicesTable(output, value)];
    return [...parts, serversTable(output, value), breachText(output, value)].filter((part) => part !== '').join('\n');
  });
}

function linesTable(output: Output, value: PurchaseOrder): string {
  return output.table(
    [
      { title: 'LINE', value: (line) => line.line, align: 'right' },
      { title: 'CLASS', value: (line) => line.class },
      { title: 'ORDERED', value: (line) => line.quantity, align: 'right' },
      { title: 'DELIVERED', value: (line) => deliveredOn(value, line.line), align: 'right' },
      { title: 'BILLED', value: (line) => billedOn(value, line.line), align: 'right' },
      { title: `EACH ${value.currency}`, value: (line) => line.unitPrice, align: 'right' },
    ],
    value.lines,
  );
}

function deliveriesTable(output: Output, value: PurchaseOrder): string {
  if (value.deliveries.length === 0) return 'No delivery yet.\n';
  return output.table(
    [
      { title: 'DELIVERY', value: (entry) => entry.delivery, align: 'right' },
      { title: 'LINE', value: (entry) => entry.line, align: 'right' },
      { title: 'SERVERS', value: (entry) => serversOf(value, entry).length, align: 'right' },
      { title: 'DATE', value: (entry) => entry.date },
      { title: 'REFERENCE', value: (entry) => entry.reference, shrinks: true },
    ],
    value.deliveries,
  );
}

function invoicesTable(output: Output, value: PurchaseOrder): string {
  if (value.invoices.length === 0) return 'No invoice yet.\n';
  return output.table(
    [
      { title: 'INVOICE', value: (invoice) => invoice.number },
      { title: 'DATE', value: (invoice) => invoice.date },
      { title: 'BILLED', value: (invoice) => sum(invoice.lines.map((line) => line.quantity)), align: 'right' },
      { title: 'TAX', value: (invoice) => invoice.tax, align: 'right' },
      { title: 'TOTAL', value: (invoice) => `${invoice.total} ${invoice.currency ?? value.currency}`, align: 'right' },
    ],
    value.invoices,
  );
}

function serversTable(output: Output, value: PurchaseOrder): string {
  if (value.servers.length === 0) return '';
  return output.table(
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
}

function breachText(output: Output, { breaches, vendor, number }: PurchaseOrder): string {
  if (breaches.length === 0) return '';
  const lines = breaches.map(({ sentence }) => `  ${output.paint('✗', 'bad')} ${oneLine(sentence)}\n`);
  const head = `${plural(breaches.length, 'contradiction')}; the machines concerned do not become SPAREs`;
  const way = `Settle it with ${oneLine(vendor)}, then: ppec po amend ${oneLine(number)} FILE --reason TEXT\n`;
  return `${head}:\n${lines.join('')}${way}`;
}

function serversOf(po: PurchaseOrder, entry: { readonly delivery: number; readonly line: number }): Server[] {
  return po.servers.filter(({ delivery, line }) => delivery === entry.delivery && line === entry.line);
}

function deliveredOn(po: PurchaseOrder, line: number): number {
  return po.servers.filter((server) => server.line === line).length;
}

function billedOn(po: PurchaseOrder, line: number): number {
  return sum(
    po.invoices.flatMap((invoice) => invoice.lines.filter((each) => each.line === line)).map((each) => each.quantity),
  );
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
