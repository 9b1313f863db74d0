// The JSON of an order's row as the API shows it. Rows written by the first schema say less; what they do not say is
// filled in when they are read.
import type { PurchaseOrder } from '../../shared/api/purchase-order.ts';
import { deliveryState } from '../../shared/lifecycle/purchase-order.ts';
import { fromJson } from './json.ts';
import type { Database } from './schema.ts';

type Server = PurchaseOrder['servers'][number];
type Invoice = PurchaseOrder['invoices'][number];
type InvoiceLine = Invoice['lines'][number];

type FirstInvoice = Pick<Invoice, 'number' | 'total'> & {
  readonly lines: readonly Pick<InvoiceLine, 'line' | 'quantity' | 'unitPrice' | 'serials'>[];
};
type FirstOrder = Omit<PurchaseOrder, 'state' | 'stateReason' | 'deliveries' | 'servers' | 'invoices' | 'breaches'> & {
  readonly state?: undefined;
  readonly servers: readonly Omit<Server, 'macs' | 'ekSha256'>[];
  readonly invoices: readonly FirstInvoice[];
};
export type StoredOrder = PurchaseOrder | FirstOrder;

export function orderView(row: Pick<Database['purchase_orders'], 'document'>): PurchaseOrder {
  const stored = fromJson(row.document);
  if (stored.state === undefined) return fromFirst(stored);
  return { ...stored, servers: stored.servers.map((server) => ({ ...server, ekSha256: server.ekSha256 ?? null })) };
}

function fromFirst(order: FirstOrder): PurchaseOrder {
  const deliveries = new Map(
    order.servers.map(({ delivery, line }) => [`${delivery}/${line}`, { delivery, line, date: null, reference: null }]),
  );
  return {
    ...order,
    state: deliveryState(order),
    stateReason: 'as imported',
    deliveries: [...deliveries.values()],
    servers: order.servers.map((server) => ({ ...server, macs: [], ekSha256: null })),
    invoices: order.invoices.map((invoice) => ({
      ...invoice,
      date: null,
      currency: null,
      documentSha256: null,
      receivedSha256: null,
      net: null,
      tax: null,
      lines: invoice.lines.map((line) => ({ ...line, taxPercent: null, tax: null, net: null })),
    })),
    breaches: [],
  };
}
