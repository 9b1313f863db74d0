// An order as a document again: whole as YAML or JSON, or one kind of rows as CSV in our own names. Pure.
import { stringify } from 'yaml';

import { csvFields, type CsvKind } from '../../../shared/api/vendor.ts';
import { harmless } from './csv-cell.ts';
import { documentOf, type OrderContent } from './order-content.ts';

export type ExportFormat = 'yaml' | 'json' | 'csv';
type Row = Readonly<Record<string, string | number | null>>;

/** Reading the YAML or the JSON again gives the same order. */
export function exportOrder(order: OrderContent, format: ExportFormat, kind: CsvKind): string {
  if (format === 'json') return `${JSON.stringify(documentOf(order), undefined, 2)}\n`;
  if (format === 'yaml') return stringify(documentOf(order), { lineWidth: 0, aliasDuplicateObjects: false });
  const fields = csvFields[kind];
  return [fields.join(','), ...rowsOf(order, kind).map((row) => fields.map((field) => cell(row[field])).join(','))]
    .map((line) => `${line}\n`)
    .join('');
}

function rowsOf(order: OrderContent, kind: CsvKind): Row[] {
  if (kind === 'order') {
    const { number, vendor, currency, orderedOn: ordered } = order;
    return order.lines.map((line) => ({ number, vendor, currency, ordered, ...line }));
  }
  if (kind === 'delivery') {
    const entries = new Map(order.deliveries.map((entry) => [`${entry.delivery}/${entry.line}`, entry]));
    return order.servers.map(({ macs, ...server }) => {
      const entry = entries.get(`${server.delivery}/${server.line}`);
      return { ...server, date: entry?.date ?? null, reference: entry?.reference ?? null, macs: macs.join(' ') };
    });
  }
  return order.invoices.flatMap(({ lines, net, tax, ...invoice }) =>
    lines.flatMap(({ serials, ...line }): Row[] => {
      const head = { ...invoice, invoiceNet: net, invoiceTax: tax };
      // One row per serial where that says everything; amounts of the whole line cannot be told per serial.
      const isWhole = line.quantity !== serials.length || line.tax !== null || line.net !== null;
      if (serials.length === 0 || (isWhole && serials.length > 1)) return [{ ...head, ...line, serial: null }];
      return serials.map((serial) => ({ ...head, ...line, quantity: isWhole ? line.quantity : null, serial }));
    }),
  );
}

function cell(value: string | number | null | undefined): string {
  const text = harmless(String(value ?? ''));
  return /[",;\t\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
