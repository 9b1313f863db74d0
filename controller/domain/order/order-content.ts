// An order's document as the API shows it, and back again: amounts in one form, servers in one list, nothing lost. Pure.
import type { PurchaseOrder } from '../../../shared/api/purchase-order.ts';
import { serialKey } from '../../../shared/hardware/identity.ts';
import { formatMoney, formatPercent } from './money.ts';
import { quantityOf } from './order-breaches.ts';
import type { DeliveryEntry, InvoiceEntry, OrderDocument, ServerEntry } from './order-document.ts';
import { macsOf } from './order-problems.ts';

export type OrderContent = Pick<
  PurchaseOrder,
  'number' | 'vendor' | 'currency' | 'orderedOn' | 'lines' | 'deliveries' | 'servers' | 'invoices'
>;
type Invoice = OrderContent['invoices'][number];

/** `receivedSha256`: of the bytes by which each invoice came, by its place; null where it is not known. */
export function contentOf(order: OrderDocument, receivedSha256: (invoiceIndex: number) => string | null): OrderContent {
  const invoices = (order.invoices ?? []).map((invoice, index) => invoiceContent(invoice, receivedSha256(index)));
  const deliveries = merged(order.deliveries ?? []);
  return {
    number: order.number,
    vendor: order.vendor,
    currency: order.currency,
    orderedOn: order.ordered ?? null,
    lines: order.lines.map((line) => ({ ...line, unitPrice: formatMoney(line.unitPrice) })),
    deliveries: deliveries.map(({ delivery, line, date, reference }) => ({
      delivery,
      line,
      date: date ?? null,
      reference: reference ?? null,
    })),
    servers: withInvoices(
      deliveries.flatMap(({ delivery, line, servers }) =>
        servers.map((server) => ({
          serial: server.serial,
          line,
          delivery,
          name: server.name ?? null,
          datacenter: server.datacenter ?? null,
          rack: server.rack ?? null,
          slot: server.slot ?? null,
          macs: macsOf(server),
          ekSha256: server.ekSha256?.toLowerCase() ?? null,
          invoice: null,
        })),
      ),
      invoices,
    ),
    invoices,
  };
}

function withInvoices(servers: OrderContent['servers'], invoices: readonly Invoice[]): OrderContent['servers'] {
  const billedBy = new Map<string, string>();
  for (const { number, lines } of invoices)
    for (const { serials } of lines)
      for (const serial of serials) {
        const key = serialKey(serial);
        if (!billedBy.has(key)) billedBy.set(key, number);
      }
  return servers.map((server) => ({ ...server, invoice: billedBy.get(serialKey(server.serial)) ?? null }));
}

/** One entry per delivery and line: a document may have it in parts. */
function merged(entries: readonly DeliveryEntry[]): DeliveryEntry[] {
  const byKey = new Map<string, DeliveryEntry>();
  for (const entry of entries) {
    const key = `${entry.delivery}/${entry.line}`;
    const before = byKey.get(key);
    byKey.set(key, before === undefined ? entry : { ...before, servers: [...before.servers, ...entry.servers] });
  }
  return [...byKey.values()];
}

function invoiceContent(invoice: InvoiceEntry, receivedSha256: string | null): Invoice {
  const money = (value: string | number | undefined): string | null =>
    value === undefined ? null : formatMoney(value);
  return {
    number: invoice.number,
    date: invoice.date ?? null,
    currency: invoice.currency ?? null,
    documentSha256: invoice.documentSha256 ?? null,
    receivedSha256,
    net: money(invoice.net),
    tax: money(invoice.tax),
    total: formatMoney(invoice.total),
    lines: invoice.lines.map((line) => ({
      line: line.line,
      quantity: quantityOf(line),
      unitPrice: formatMoney(line.unitPrice),
      taxPercent: line.taxPercent === undefined ? null : formatPercent(line.taxPercent),
      tax: money(line.tax),
      net: money(line.net),
      serials: line.serials ?? [],
    })),
  };
}

/** The document of an order: reading it again gives the same order. */
export function documentOf(order: OrderContent): OrderDocument {
  const servers = new Map<string, OrderContent['servers']>();
  for (const server of order.servers) {
    const key = `${server.delivery}/${server.line}`;
    const list = servers.get(key) ?? [];
    list.push(server);
    servers.set(key, list);
  }
  return {
    number: order.number,
    vendor: order.vendor,
    currency: order.currency,
    ...stated({ ordered: order.orderedOn }),
    lines: order.lines,
    deliveries: order.deliveries.map((entry) => ({
      delivery: entry.delivery,
      line: entry.line,
      ...stated({ date: entry.date, reference: entry.reference }),
      servers: (servers.get(`${entry.delivery}/${entry.line}`) ?? []).map(serverEntry),
    })),
    invoices: order.invoices.map(invoiceEntry),
  };
}

function serverEntry(server: OrderContent['servers'][number]): ServerEntry {
  const { name, datacenter, rack, slot, macs, ekSha256 } = server;
  const members = { name, datacenter, rack, slot, macs: macs.length === 0 ? null : macs, ekSha256 };
  return { serial: server.serial, ...stated(members) };
}

function invoiceEntry(invoice: Invoice): InvoiceEntry {
  const { date, currency, documentSha256, net, tax } = invoice;
  return {
    number: invoice.number,
    ...stated({ date, currency, documentSha256, net, tax }),
    total: invoice.total,
    lines: invoice.lines.map((line) => ({
      line: line.line,
      unitPrice: line.unitPrice,
      quantity: line.quantity,
      ...stated({ taxPercent: line.taxPercent, tax: line.tax, net: line.net }),
      ...stated({ serials: line.serials.length === 0 ? null : line.serials }),
    })),
  };
}

type Stated<T> = { -readonly [K in keyof T]?: Exclude<T[K], null> };

/** The members that say something: a document leaves out what it does not say. */
function stated<T extends object>(members: T): Stated<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fromEntries forgets the names it keeps
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null)) as Stated<T>;
}
