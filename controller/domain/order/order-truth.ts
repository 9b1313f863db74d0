// Where the deliveries, the invoices and the machines of an order do not meet. Not all of it is wrong: an invoice may come
// before its machines and after them. Pure.
import { truthKinds, type TruthEntry, type TruthKind } from '../../../shared/api/delivery-report.ts';
import type { PurchaseOrder } from '../../../shared/api/purchase-order.ts';
import { serialKey } from '../../../shared/hardware/identity.ts';
import { wholeSentence, type Billed } from './report-claims.ts';
import type { Machine, ReportAsset } from './report-machines.ts';

/** The serials of all invoices by key; of one that is billed twice, the first. */
export function billedSerials({ invoices }: Pick<PurchaseOrder, 'invoices'>): Map<string, Billed> {
  const billed = new Map<string, Billed>();
  for (const { number, lines } of invoices)
    for (const { line, serials } of lines)
      for (const serial of serials) {
        const key = serialKey(serial);
        if (!billed.has(key)) billed.set(key, { serial, line, invoice: number });
      }
  return billed;
}

export function hasBooted(state: ReportAsset['state'] | null | undefined): boolean {
  return state !== null && state !== undefined && state !== 'ORDERED';
}

type Compared = {
  readonly order: PurchaseOrder;
  readonly machines: readonly Machine[];
  readonly billed: ReadonlyMap<string, Billed>;
  readonly assets: readonly ReportAsset[];
};

/** By kind, then in the order of the documents. */
export function orderTruth({ order, machines, billed, assets }: Compared): TruthEntry[] {
  const delivered = new Map(machines.map((machine) => [machine.key, machine]));
  const states = new Map(assets.map((asset) => [serialKey(asset.serial), asset.state]));
  const entries = [
    ...order.breaches
      .filter(({ rule }) => rule === 'serial-elsewhere')
      .map(({ serial, line, invoice, sentence }): TruthEntry => ({
        kind: 'on-two-orders',
        serial,
        line,
        invoice,
        sentence: wholeSentence(sentence),
      })),
    ...order.lines.flatMap((line) => overDelivered(line, machines)),
    ...[...new Set(order.servers.map(({ serial }) => serialKey(serial)))].flatMap((key) => {
      const machine = delivered.get(key);
      return machine === undefined ? [] : deliveredTruth(order.number, machine, billed.get(key));
    }),
    ...[...billed].flatMap(([key, bill]): TruthEntry[] => {
      if (delivered.has(key)) return [];
      const seen = hasBooted(states.get(key))
        ? 'though a machine with it has booted'
        : 'and no machine with it has booted';
      const sentence = `${bill.serial} is billed by ${bill.invoice} and on no delivery, ${seen}.`;
      return [{ kind: 'billed-not-delivered', ...bill, sentence }];
    }),
  ];
  const rank = ({ kind }: { readonly kind: TruthKind }): number => truthKinds.indexOf(kind);
  return entries.toSorted((a, b) => rank(a) - rank(b));
}

function overDelivered({ line, quantity }: PurchaseOrder['lines'][number], machines: readonly Machine[]): TruthEntry[] {
  const count = machines.filter(({ shown }) => shown.line === line).length;
  if (count <= quantity) return [];
  const sentence = `Line ${line} orders ${quantity} and ${count} were delivered: ${count - quantity} too many.`;
  return [{ kind: 'over-delivered', serial: null, line, invoice: null, sentence }];
}

function deliveredTruth(number: string, { shown }: Machine, bill: Billed | undefined): TruthEntry[] {
  const { serial, line, delivery } = shown;
  const isSeen = hasBooted(shown.state);
  if (bill === undefined) {
    const came = `${serial} came with delivery ${delivery ?? '?'} of ${number}`;
    const sentence = isSeen ? `${came}, has booted, and is on no invoice.` : `${came} and is on no invoice.`;
    return [{ kind: isSeen ? 'seen-not-billed' : 'delivered-not-billed', serial, line, invoice: null, sentence }];
  }
  if (isSeen) return [];
  const sentence = `${serial} is billed by ${bill.invoice} and has never booted.`;
  return [{ kind: 'billed-not-seen', serial, line, invoice: bill.invoice, sentence }];
}
