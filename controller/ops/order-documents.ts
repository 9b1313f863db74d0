// The documents of an order as they come: the order itself, deliveries and invoices that come later, and a corrected whole.
// What a vendor really sent is recorded, breaches included; what we write ourselves must have none.
import { createHash } from 'node:crypto';

import type { PurchaseOrder } from '../../shared/api/purchase-order.ts';
import type { CsvKind } from '../../shared/api/vendor.ts';
import { PpecError, type Issue } from '../../shared/errors.ts';
import { orderRefusal, type OrderAction } from '../../shared/lifecycle/purchase-order.ts';
import { noContext, orderBreaches } from '../domain/order/order-breaches.ts';
import { contentOf, documentOf } from '../domain/order/order-content.ts';
import { isCsv } from '../domain/order/csv-table.ts';
import type { InvoiceEntry, LaterDelivery, OrderDocument } from '../domain/order/order-document.ts';
import { orderProblems } from '../domain/order/order-problems.ts';
import { refuseDocument, type Placed } from '../domain/order/read-document.ts';
import { readDeliveries, readInvoices, readOrder, type OrderSource } from '../domain/order/read-order.ts';
import { findClass, findPurchaseOrder } from '../store/records.ts';
import { hasDocument, keepDocument, requireOrder, type Received } from '../store/orders.ts';
import { columnsOfVendor } from '../store/vendors.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { Handlers, Written } from './handler.ts';
import { keepOrder } from './keep-order.ts';

type Given = {
  readonly fileName: string;
  readonly text: string;
  readonly map?: Readonly<Record<string, string>>;
};

/** Entries of one kind that an order may have. */
const entriesMax = 1000;

export const orderDocumentHandlers: Handlers<'po.import' | 'po.add-delivery' | 'po.add-invoice' | 'po.amend'> = {
  'po.import': {
    kind: 'write',
    run: async (input, { uow }) => {
      const { value: order, at } = readOrder(await sourceOf(uow, 'order', { ...input, vendor: input.vendor }));
      const received = receivedAs('order', input);
      const known = await findPurchaseOrder(uow.db, order.number);
      if (known !== undefined) return importedAlready(known, order, received.sha256);
      const problems = orderProblems(order, at, await classChecker(uow, order));
      const output = await keepOrder(uow, undefined, {
        content: contentOf(order, () => null),
        documentSha256: received.sha256,
        strict: { document: order, at, problems },
      });
      await keepDocument(uow, output.number, received);
      return written(uow, output, `imported: ${output.servers.length} servers from ${output.vendor}`);
    },
  },
  'po.add-delivery': {
    kind: 'write',
    run: async (input, { uow }) => {
      const before = await openOrder(uow, input.po, 'add-delivery');
      const received = receivedAs('delivery', input);
      if (await hasDocument(uow.db, before.number, received)) return recordedAlready(before, input.fileName);
      const placed = readDeliveries(await sourceOf(uow, 'delivery', { ...input, vendor: before.vendor }));
      const next = before.deliveries.reduce((max, { delivery }) => Math.max(max, delivery), 0) + 1;
      const entries = placed.value.map((entry) => ({ ...entry, delivery: entry.delivery ?? next }));
      refuseKnownDeliveries(before, placed);
      const document = documentOf(before);
      const deliveries = [...(document.deliveries ?? []), ...entries];
      const kept = { ...document, deliveries };
      refuseNewProblems(kept, { member: 'deliveries', from: before.deliveries.length, placed });
      const output = await record(uow, { before, document: kept, received });
      const count = entries.reduce((sum, { servers }) => sum + servers.length, 0);
      return written(
        uow,
        output,
        `delivery ${entries[0]?.delivery ?? next} recorded: ${count} servers${breachWord(output)}`,
      );
    },
  },
  'po.add-invoice': {
    kind: 'write',
    run: async (input, { uow }) => {
      const before = await openOrder(uow, input.po, 'add-invoice');
      const received = receivedAs('invoice', input);
      if (await hasDocument(uow.db, before.number, received)) return recordedAlready(before, input.fileName);
      const placed = readInvoices(await sourceOf(uow, 'invoice', { ...input, vendor: before.vendor }));
      const document = documentOf(before);
      const kept = { ...document, invoices: [...(document.invoices ?? []), ...placed.value] };
      refuseNewProblems(kept, { member: 'invoices', from: before.invoices.length, placed });
      const output = await record(uow, { before, document: kept, received });
      const numbers = placed.value.map(({ number }) => number).join(', ');
      return written(uow, output, `invoice ${numbers} recorded${breachWord(output)}`);
    },
  },
  'po.amend': {
    kind: 'write',
    run: async ({ po, revision, reason, fileName, text }, { uow }) => {
      const before = await openOrder(uow, po, 'amend');
      if (before.revision !== revision) {
        throw new PpecError(
          'conflict',
          `${before.number} is at revision ${before.revision}, not ${revision}: somebody changed it meanwhile. Export it again: ppec po export ${before.number}`,
        );
      }
      refuseCsv(fileName, text);
      const { value: order, at } = readOrder({ fileName, text, mapping: { vendor: undefined, given: {} } });
      const known = new Set(before.lines.map((line) => line.class));
      const hasClass = await classChecker(uow, order);
      const problems = orderProblems(order, at, (reference) => known.has(reference) || hasClass(reference));
      if (order.number !== before.number)
        throw refuseDocument([
          { path: at(['number']), message: `this is ${order.number}; the number of ${before.number} cannot change` },
        ]);
      const received = receivedAs('amendment', { fileName, text });
      const digests = new Map(before.invoices.map((invoice) => [invoice.number, invoice.receivedSha256]));
      const content = contentOf(order, (index) => digests.get(order.invoices?.[index]?.number ?? '') ?? null);
      const output = await keepOrder(uow, before, {
        content,
        documentSha256: received.sha256,
        strict: { document: order, at, problems },
      });
      await keepDocument(uow, output.number, received);
      return written(uow, output, `amended: ${reason}`);
    },
  },
};

function receivedAs(kind: Received['kind'], { fileName, text }: Given): Received {
  return { kind, fileName, text, sha256: createHash('sha256').update(text).digest('hex') };
}

async function sourceOf(
  uow: UnitOfWork,
  kind: CsvKind,
  { fileName, text, map, vendor }: Given & { readonly vendor?: string | undefined },
): Promise<OrderSource> {
  const columns = await columnsOfVendor(uow.db, vendor);
  return { fileName, text, vendor, mapping: { vendor: columns[kind], given: map ?? {} } };
}

function refuseCsv(fileName: string, text: string): void {
  if (!isCsv(text, fileName)) return;
  const message = 'a CSV file is only a part of an order; an amended order is the whole, as YAML or JSON';
  throw refuseDocument([{ path: `${fileName}:1`, message }]);
}

async function classChecker(uow: UnitOfWork, order: OrderDocument): Promise<(reference: string) => boolean> {
  const known = new Set<string>();
  for (const { class: reference } of order.lines) {
    if (reference.includes('@') && (await findClass(uow.db, reference)) !== undefined) known.add(reference);
  }
  return (reference) => known.has(reference);
}

async function openOrder(uow: UnitOfWork, po: string, action: OrderAction): Promise<PurchaseOrder> {
  const order = await requireOrder(uow.db, po);
  const refusal = orderRefusal(order, action);
  if (refusal !== undefined) throw new PpecError('failed_precondition', refusal);
  return order;
}

function importedAlready(known: PurchaseOrder, order: OrderDocument, sha256: string): Written<PurchaseOrder> {
  const document = { sha256, keptSha256: known.documentSha256 };
  const breach = orderBreaches(order, { ...noContext, document }).find(({ path }) => path === 'number');
  if (breach === undefined) {
    return { output: known, targets: [known.id], message: `${known.number} is imported already` };
  }
  const advice = `Correct it: ppec po amend ${known.number} FILE; add to it: ppec po add-delivery, ppec po add-invoice`;
  throw new PpecError('already_exists', `${breach.sentence}. ${advice}`);
}

function recordedAlready(order: PurchaseOrder, fileName: string): Written<PurchaseOrder> {
  return { output: order, targets: [order.id], message: `${order.number}: ${fileName} is recorded already` };
}

function refuseKnownDeliveries(before: PurchaseOrder, { value, at }: Placed<readonly LaterDelivery[]>): void {
  const known = new Set(before.deliveries.map(({ delivery }) => delivery));
  const issues = value.flatMap(({ delivery }, index): Issue[] => {
    if (delivery === undefined || !known.has(delivery)) return [];
    const message = `${before.number} has a delivery ${delivery} already. Leave the number out: it is then the next one`;
    return [{ path: at([index, 'delivery']), message }];
  });
  if (issues.length > 0) throw refuseDocument(issues, 'delivery');
}

type Added = {
  readonly member: 'deliveries' | 'invoices';
  /** How many entries the order had before. */
  readonly from: number;
  readonly placed: Placed<readonly (LaterDelivery | InvoiceEntry)[]>;
};

/** Problems of what is added; those that the order had before do not stand in its way. */
function refuseNewProblems(document: OrderDocument, { member, from, placed }: Added): void {
  const noun = member === 'deliveries' ? 'delivery' : 'invoice';
  const at = (path: readonly (string | number)[]): string => {
    const [list, index, ...rest] = path;
    const isNew = list === member && typeof index === 'number' && index >= from;
    return isNew ? placed.at([index - from, ...rest]) : '';
  };
  const issues = orderProblems(document, at, () => true).filter(({ path }) => path !== '');
  if ((document[member] ?? []).length > entriesMax)
    issues.push({ path: placed.at([0]), message: `an order has up to ${entriesMax} ${member}` });
  if (issues.length > 0) throw refuseDocument(issues, noun);
}

type Recorded = { readonly before: PurchaseOrder; readonly document: OrderDocument; readonly received: Received };

async function record(uow: UnitOfWork, { before, document, received }: Recorded): Promise<PurchaseOrder> {
  const digestOf = (index: number): string | null => {
    const known = before.invoices[index];
    return known === undefined ? received.sha256 : known.receivedSha256;
  };
  const content = contentOf(document, digestOf);
  const output = await keepOrder(uow, before, { content, documentSha256: before.documentSha256 });
  await keepDocument(uow, before.number, received);
  return output;
}

function breachWord({ breaches }: PurchaseOrder): string {
  if (breaches.length === 0) return '';
  return breaches.length === 1 ? ', one breach' : `, ${breaches.length} breaches`;
}

async function written(uow: UnitOfWork, output: PurchaseOrder, what: string): Promise<Written<PurchaseOrder>> {
  const message = `${output.number} ${what}`;
  await uow.event('purchase-order', output.id, message);
  return { output, targets: [output.id], message };
}
