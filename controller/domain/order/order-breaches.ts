// Order truth: what the documents of one order contradict each other in, or the region's other orders. One table of rules,
// each a function over the whole order; a breach names what it is about, so that exactly those machines are held. Pure.
import type { OrderBreach, OrderRule, PurchaseOrder } from '../../../shared/api/purchase-order.ts';
import { serialKey } from '../../../shared/hardware/identity.ts';
import { amountOf, formatAmount, taxesOn, type Amount } from './money.ts';
import type { InvoiceEntry, InvoiceLineEntry, OrderDocument } from './order-document.ts';

/** What the order's documents do not say themselves. */
export type BreachContext = {
  /** Where a serial is ordered already (`PO-1 line 2`), on another order. */
  readonly serialElsewhere: (serialKeyText: string) => string | undefined;
  /** The same vendor's other order that has an invoice of this number. */
  readonly invoiceElsewhere: (invoiceKeyText: string) => string | undefined;
  /** The digest of the bytes by which an invoice came, by its place in the order. */
  readonly receivedSha256: (invoiceIndex: number) => string | undefined;
  /** The order's own document, and the one that is kept under its number. */
  readonly document: { readonly sha256: string; readonly keptSha256: string } | undefined;
};

export const noContext: BreachContext = {
  serialElsewhere: () => undefined,
  invoiceElsewhere: () => undefined,
  receivedSha256: () => undefined,
  document: undefined,
};

/** An invoice's number as a key: vendors and clerks differ in case and spaces. */
export function invoiceKey(number: string): string {
  return number.toUpperCase().replaceAll(/\s+/g, '');
}

type Found = {
  readonly path: readonly (string | number)[];
  readonly serial?: string;
  readonly line?: number;
  readonly invoice?: string;
  readonly sentence: string;
};
type Delivered = { readonly serial: string; readonly delivery: number; readonly line: number };
type Facts = {
  readonly order: OrderDocument;
  readonly context: BreachContext;
  readonly lines: ReadonlyMap<number, OrderDocument['lines'][number]>;
  /** By serial key, the first delivery that brings it. */
  readonly delivered: ReadonlyMap<string, Delivered>;
  readonly deliveredCount: ReadonlyMap<number, number>;
};
type Rule = { readonly rule: OrderRule; readonly find: (facts: Facts) => Found[] };

const rules: readonly Rule[] = [
  { rule: 'known-line', find: knownLine },
  { rule: 'delivered-once', find: deliveredOnce },
  { rule: 'serial-elsewhere', find: serialElsewhere },
  { rule: 'over-delivered', find: overDelivered },
  { rule: 'invoiced-once', find: invoicedOnce },
  { rule: 'billed-line', find: billedLine },
  { rule: 'billed-delivered', find: billedDelivered },
  { rule: 'billed-serials', find: billedSerials },
  { rule: 'over-billed', find: overBilled },
  { rule: 'price', find: price },
  { rule: 'net', find: net },
  { rule: 'tax', find: tax },
  { rule: 'total', find: total },
  { rule: 'currency', find: currency },
  { rule: 'invoice-number', find: invoiceNumber },
  { rule: 'document-digest', find: documentDigest },
];

/** Every breach of every rule, in the order of the rules. */
export function orderBreaches(order: OrderDocument, context: BreachContext): OrderBreach[] {
  const facts = factsOf(order, context);
  return rules.flatMap(({ rule, find }) =>
    find(facts).map(({ path, serial, line, invoice, sentence }) => ({
      rule,
      path: path.join('/'),
      serial: serial ?? null,
      line: line ?? null,
      invoice: invoice ?? null,
      sentence,
    })),
  );
}

/**
 * Whether a breach is about this machine: its serial, its order line, the invoice that bills it, or the one line of that
 * invoice; `path` says which.
 */
export function concerns(
  breach: OrderBreach,
  server: Pick<PurchaseOrder['servers'][number], 'serial' | 'line'>,
  order: Pick<PurchaseOrder, 'invoices'>,
): boolean {
  const key = serialKey(server.serial);
  if (breach.serial !== null) return serialKey(breach.serial) === key;
  if (breach.invoice === null) return breach.line === null || breach.line === server.line;
  return billedAt(breach, order).some((serial) => serialKey(serial) === key);
}

/** The breaches of every machine of an order, by serial key: `concerns` for all of them at once. */
export function breachesBySerial(
  order: Pick<PurchaseOrder, 'servers' | 'invoices' | 'breaches'>,
): Map<string, OrderBreach[]> {
  const found = new Map<string, OrderBreach[]>();
  for (const breach of order.breaches) {
    const serials =
      breach.serial !== null
        ? [breach.serial]
        : breach.invoice !== null
          ? billedAt(breach, order)
          : order.servers
              .filter(({ line }) => breach.line === null || breach.line === line)
              .map(({ serial }) => serial);
    for (const key of new Set(serials.map(serialKey))) {
      const list = found.get(key) ?? [];
      list.push(breach);
      found.set(key, list);
    }
  }
  return found;
}

/** The serials billed by the invoice, or the line of it, that a breach points to. */
function billedAt({ path }: OrderBreach, { invoices }: Pick<PurchaseOrder, 'invoices'>): string[] {
  const [, i, , l] = /^invoices\/(\d+)(\/lines\/(\d+))?/.exec(path) ?? [];
  const lines = invoices[Number(i)]?.lines ?? [];
  return lines.flatMap(({ serials }, index) => (l === undefined || index === Number(l) ? serials : []));
}

function factsOf(order: OrderDocument, context: BreachContext): Facts {
  const delivered = new Map<string, Delivered>();
  const deliveredCount = new Map<number, number>();
  for (const { delivery, line, servers } of order.deliveries ?? []) {
    deliveredCount.set(line, (deliveredCount.get(line) ?? 0) + servers.length);
    for (const { serial } of servers) {
      const key = serialKey(serial);
      if (!delivered.has(key)) delivered.set(key, { serial, delivery, line });
    }
  }
  return { order, context, lines: new Map(order.lines.map((line) => [line.line, line])), delivered, deliveredCount };
}

type DeliveredServer = { readonly path: (string | number)[]; readonly serial: string } & Delivered;

function* deliveredServers({ order }: Facts): Generator<DeliveredServer> {
  for (const [d, { delivery, line, servers }] of (order.deliveries ?? []).entries())
    for (const [s, { serial }] of servers.entries())
      yield { path: ['deliveries', d, 'servers', s, 'serial'], serial, delivery, line };
}

type Billed = { readonly path: (string | number)[]; readonly invoice: InvoiceEntry; readonly line: InvoiceLineEntry };

function billedLines({ order }: Facts): Billed[] {
  return (order.invoices ?? []).flatMap((invoice, i) =>
    invoice.lines.map((line, l) => ({ path: ['invoices', i, 'lines', l], invoice, line })),
  );
}

function billedSerialsOf(facts: Facts): (Billed & { readonly serial: string })[] {
  return billedLines(facts).flatMap((billed) =>
    (billed.line.serials ?? []).map((serial, s) => ({ ...billed, path: [...billed.path, 'serials', s], serial })),
  );
}

function knownLine(facts: Facts): Found[] {
  const deliveries = (facts.order.deliveries ?? []).flatMap(({ delivery, line }, d): Found[] =>
    facts.lines.has(line)
      ? []
      : [{ path: ['deliveries', d, 'line'], line, sentence: `delivery ${delivery}: the order has no line ${line}` }],
  );
  const invoices = billedLines(facts)
    .filter(({ line }) => !facts.lines.has(line.line))
    .map(({ path, invoice, line }) => ({
      path: [...path, 'line'],
      line: line.line,
      invoice: invoice.number,
      sentence: `invoice ${invoice.number}: the order has no line ${line.line}`,
    }));
  return [...deliveries, ...invoices];
}

function deliveredOnce(facts: Facts): Found[] {
  const seen = new Map<string, Delivered>();
  const found: Found[] = [];
  for (const { path, serial, delivery, line } of deliveredServers(facts)) {
    const key = serialKey(serial);
    const before = seen.get(key);
    if (before === undefined) seen.set(key, { serial, delivery, line });
    else {
      const first = `delivery ${before.delivery} of line ${before.line}`;
      const again = `delivery ${delivery} of line ${line}`;
      const where = first === again ? `twice on ${first}` : `on ${first} and on ${again}`;
      found.push({ path, serial, sentence: `serial ${serial} is there twice: ${where}` });
    }
  }
  return found;
}

function serialElsewhere(facts: Facts): Found[] {
  return [...deliveredServers(facts)].flatMap(({ path, serial }): Found[] => {
    const elsewhere = facts.context.serialElsewhere(serialKey(serial));
    if (elsewhere === undefined) return [];
    const advice = 'A serial belongs to one order: remove it here or there';
    return [{ path, serial, sentence: `serial ${serial} is already on ${elsewhere}. ${advice}` }];
  });
}

/** The machines beyond what their line orders, in the order of their deliveries; one that came twice counts once here. */
function overDelivered(facts: Facts): Found[] {
  const sofar = new Map<number, number>();
  const seen = new Set<string>();
  return [...deliveredServers(facts)].flatMap(({ path, serial, line }): Found[] => {
    const ordered = facts.lines.get(line)?.quantity;
    if (ordered === undefined || seen.has(serialKey(serial))) return [];
    seen.add(serialKey(serial));
    const count = (sofar.get(line) ?? 0) + 1;
    sofar.set(line, count);
    if (count <= ordered) return [];
    const brought = facts.deliveredCount.get(line) ?? count;
    const sentence = `serial ${serial} is one too many: line ${line} orders ${ordered}, the deliveries bring ${brought}`;
    return [{ path, serial, sentence }];
  });
}

function invoicedOnce(facts: Facts): Found[] {
  const first = new Map<string, string>();
  return billedSerialsOf(facts).flatMap(({ path, invoice, serial }): Found[] => {
    const key = serialKey(serial);
    const before = first.get(key);
    if (before === undefined) {
      first.set(key, invoice.number);
      return [];
    }
    const again = before === invoice.number ? `twice by ${before}` : `by ${before} and by ${invoice.number}`;
    return [{ path, serial, sentence: `serial ${serial} is billed twice: ${again}` }];
  });
}

function billedLine(facts: Facts): Found[] {
  return billedSerialsOf(facts).flatMap(({ path, invoice, line, serial }): Found[] => {
    const server = facts.delivered.get(serialKey(serial));
    if (server === undefined || server.line === line.line) return [];
    const sentence = `invoice ${invoice.number}: serial ${serial} was delivered for line ${server.line} and is billed as line ${line.line}`;
    return [{ path, serial, sentence }];
  });
}

/** A machine may be billed before it comes; not when nothing more can come. */
function billedDelivered(facts: Facts): Found[] {
  return billedSerialsOf(facts).flatMap(({ path, invoice, line, serial }): Found[] => {
    const ordered = facts.lines.get(line.line)?.quantity;
    const isWhole = ordered !== undefined && (facts.deliveredCount.get(line.line) ?? 0) >= ordered;
    if (!isWhole || facts.delivered.has(serialKey(serial))) return [];
    const sentence = `invoice ${invoice.number}: serial ${serial} was never delivered, and line ${line.line} is delivered whole`;
    return [{ path, serial, sentence }];
  });
}

function billedSerials(facts: Facts): Found[] {
  return billedLines(facts).flatMap(({ path, invoice, line }): Found[] => {
    const named = line.serials?.length ?? 0;
    const quantity = quantityOf(line);
    if (named <= quantity) return [];
    const sentence = `invoice ${invoice.number}: it bills ${quantity} of line ${line.line} and names ${named} serials`;
    return [{ path: [...path, 'quantity'], line: line.line, invoice: invoice.number, sentence }];
  });
}

function overBilled(facts: Facts): Found[] {
  const sofar = new Map<number, number>();
  return billedLines(facts).flatMap(({ path, invoice, line }): Found[] => {
    const ordered = facts.lines.get(line.line)?.quantity;
    if (ordered === undefined) return [];
    const before = sofar.get(line.line) ?? 0;
    sofar.set(line.line, before + quantityOf(line));
    if (before + quantityOf(line) <= ordered) return [];
    const left = `${Math.max(0, ordered - before)} of ${ordered} are left`;
    const sentence = `invoice ${invoice.number}: it bills ${quantityOf(line)} of line ${line.line}, where ${left} to bill`;
    return [{ path, line: line.line, invoice: invoice.number, sentence }];
  });
}

function price(facts: Facts): Found[] {
  return billedLines(facts).flatMap(({ path, invoice, line }): Found[] => {
    const ordered = facts.lines.get(line.line);
    if (ordered === undefined || amountOf(ordered.unitPrice) === amountOf(line.unitPrice)) return [];
    const prices = `billed at ${line.unitPrice}, line ${line.line} orders at ${ordered.unitPrice}`;
    const sentence = `invoice ${invoice.number}: ${prices}`;
    return [{ path: [...path, 'unitPrice'], line: line.line, invoice: invoice.number, sentence }];
  });
}

function net(facts: Facts): Found[] {
  const lines = billedLines(facts).flatMap(({ path, invoice, line }): Found[] => {
    if (line.net === undefined || amountOf(line.net) === netOf(line)) return [];
    const sum = `${quantityOf(line)} × ${line.unitPrice} come to ${formatAmount(netOf(line))}`;
    const sentence = `invoice ${invoice.number}: the net of line ${line.line} is ${line.net}, ${sum}`;
    return [{ path: [...path, 'net'], line: line.line, invoice: invoice.number, sentence }];
  });
  const invoices = (facts.order.invoices ?? []).flatMap((invoice, i): Found[] => {
    const sum = netSum(invoice);
    if (invoice.net === undefined || amountOf(invoice.net) === sum) return [];
    const sentence = `invoice ${invoice.number}: the net is ${invoice.net}, its lines come to ${formatAmount(sum)}`;
    return [{ path: ['invoices', i, 'net'], invoice: invoice.number, sentence }];
  });
  return [...lines, ...invoices];
}

function tax(facts: Facts): Found[] {
  const lines = billedLines(facts).flatMap(({ path, invoice, line }): Found[] => {
    if (line.tax === undefined || line.taxPercent === undefined) return [];
    const right = taxesOn(netOf(line), line.taxPercent);
    if (right.includes(amountOf(line.tax))) return [];
    const sum = `${line.taxPercent} % of ${formatAmount(netOf(line))} are ${right.map(formatAmount).join(' or ')}`;
    const sentence = `invoice ${invoice.number}: the tax of line ${line.line} is ${line.tax}, ${sum}`;
    return [{ path: [...path, 'tax'], line: line.line, invoice: invoice.number, sentence }];
  });
  const invoices = (facts.order.invoices ?? []).flatMap((invoice, i): Found[] => {
    const sums = taxSums(invoice);
    if (invoice.tax === undefined || sums === undefined || sums.includes(amountOf(invoice.tax))) return [];
    const right = sums.map(formatAmount).join(' or ');
    const sentence = `invoice ${invoice.number}: the tax is ${invoice.tax}, its lines come to ${right}`;
    return [{ path: ['invoices', i, 'tax'], invoice: invoice.number, sentence }];
  });
  return [...lines, ...invoices];
}

function total(facts: Facts): Found[] {
  return (facts.order.invoices ?? []).flatMap((invoice, i): Found[] => {
    const taxes = invoice.tax === undefined ? (taxSums(invoice) ?? [0n]) : [amountOf(invoice.tax)];
    const right = taxes.map((sum) => netSum(invoice) + sum);
    if (right.includes(amountOf(invoice.total))) return [];
    const withTax = taxes.some((sum) => sum > 0n) ? ' with tax' : '';
    const sums = right.map(formatAmount).join(' or ');
    const sentence = `invoice ${invoice.number}: the total is ${invoice.total}, its lines${withTax} come to ${sums}`;
    return [{ path: ['invoices', i, 'total'], invoice: invoice.number, sentence }];
  });
}

function currency({ order }: Facts): Found[] {
  return (order.invoices ?? []).flatMap((invoice, i): Found[] => {
    if (invoice.currency === undefined || invoice.currency === order.currency) return [];
    const sentence = `invoice ${invoice.number}: it is in ${invoice.currency}, the order is in ${order.currency}`;
    return [{ path: ['invoices', i, 'currency'], invoice: invoice.number, sentence }];
  });
}

function invoiceNumber({ order, context }: Facts): Found[] {
  const seen = new Set<string>();
  return (order.invoices ?? []).flatMap(({ number }, i): Found[] => {
    const key = invoiceKey(number);
    const elsewhere = context.invoiceElsewhere(key);
    const isAgain = seen.has(key);
    seen.add(key);
    if (!isAgain && elsewhere === undefined) return [];
    const where = isAgain ? 'there twice' : `already on ${elsewhere ?? ''} of the same vendor`;
    return [{ path: ['invoices', i, 'number'], invoice: number, sentence: `invoice ${number} is ${where}` }];
  });
}

/** A document under a known number must be the known document. */
function documentDigest({ order, context }: Facts): Found[] {
  const first = new Map<string, string>();
  const invoices = (order.invoices ?? []).flatMap(({ number, documentSha256 }, i): Found[] => {
    const sha256 = documentSha256 ?? context.receivedSha256(i);
    const before = first.get(invoiceKey(number));
    if (sha256 === undefined) return [];
    if (before === undefined) first.set(invoiceKey(number), sha256);
    if (before === undefined || before === sha256) return [];
    const sentence = `invoice ${number} came again with another document: sha256 ${short(before)} first, then ${short(sha256)}`;
    return [{ path: ['invoices', i, 'number'], invoice: number, sentence }];
  });
  const own = context.document;
  if (own === undefined || own.sha256 === own.keptSha256) return invoices;
  const sentence = `${order.number} is imported already, with another document (sha256 ${short(own.keptSha256)})`;
  return [...invoices, { path: ['number'], sentence }];
}

const short = (sha256: string): string => `${sha256.slice(0, 12)}…`;

export function quantityOf(line: Pick<InvoiceLineEntry, 'quantity' | 'serials'>): number {
  return line.quantity ?? line.serials?.length ?? 0;
}

function netOf(line: InvoiceLineEntry): Amount {
  return amountOf(line.unitPrice) * BigInt(quantityOf(line));
}

function netSum(invoice: InvoiceEntry): Amount {
  return invoice.lines.reduce((sum, line) => sum + netOf(line), 0n);
}

/**
 * The tax of all lines. Where lines say a percentage and no amount, vendors round once per line or once per percentage;
 * both are right. Undefined where no line says anything of tax.
 */
function taxSums(invoice: InvoiceEntry): readonly Amount[] | undefined {
  if (invoice.lines.every((line) => line.tax === undefined && line.taxPercent === undefined)) return undefined;
  let said = 0n;
  let perLine = 0n;
  const byPercent = new Map<string, Amount>();
  for (const line of invoice.lines) {
    if (line.tax !== undefined) said += amountOf(line.tax);
    else if (line.taxPercent !== undefined) {
      perLine += taxesOn(netOf(line), line.taxPercent)[0] ?? 0n;
      const percent = String(line.taxPercent);
      byPercent.set(percent, (byPercent.get(percent) ?? 0n) + netOf(line));
    }
  }
  const perPercent = [...byPercent].reduce((sum, [percent, base]) => sum + (taxesOn(base, percent)[0] ?? 0n), 0n);
  return [...new Set([said + perLine, said + perPercent])];
}
