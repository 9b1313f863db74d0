// Purchase orders: lines of machine class × quantity × price, deliveries with serials, invoices with serials.
import { Type, type Static } from 'typebox';

import { orderStates } from '../lifecycle/purchase-order.ts';
import { literals } from '../literals.ts';
import { closed, Nullable, page, pageInput, Reason, Ref, Revision, Sha256, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';
import { CsvMap } from './vendor.ts';

const Money = Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,4})?$', description: 'Decimal amount, as text' });
const LineNumber = Type.Integer({ minimum: 1 });
const Day = Type.String({ description: 'YYYY-MM-DD' });

export const OrderLine = Type.Object(
  {
    line: LineNumber,
    class: Type.String(),
    quantity: Type.Integer({ minimum: 1 }),
    unitPrice: Money,
  },
  closed,
);
export const OrderDelivery = Type.Object(
  {
    delivery: Type.Integer({ minimum: 1 }),
    line: LineNumber,
    date: Nullable(Day),
    reference: Nullable(Type.String({ description: 'The number of the packing slip' })),
  },
  closed,
);
export const OrderServer = Type.Object(
  {
    serial: Type.String(),
    line: LineNumber,
    delivery: Type.Integer({ minimum: 1 }),
    name: Nullable(Type.String()),
    datacenter: Nullable(Type.String()),
    rack: Nullable(Type.String()),
    slot: Nullable(Type.String()),
    macs: Type.Array(Type.String(), { description: 'MAC addresses that this machine must have' }),
    ekSha256: Nullable(
      Type.String({
        description: "SHA-256 of its TPM's endorsement key (SubjectPublicKeyInfo), which it must prove to hold",
      }),
    ),
    invoice: Nullable(Type.String({ description: 'The invoice that bills this serial' })),
  },
  closed,
);
export const OrderInvoiceLine = Type.Object(
  {
    line: LineNumber,
    quantity: Type.Integer(),
    unitPrice: Money,
    taxPercent: Nullable(Type.String({ description: 'Decimal, `19` is 19 %' })),
    tax: Nullable(Money),
    net: Nullable(Money),
    serials: Type.Array(Type.String()),
  },
  closed,
);
export const OrderInvoice = Type.Object(
  {
    number: Type.String(),
    date: Nullable(Day),
    currency: Nullable(Type.String({ description: 'Null where the invoice does not say: the order’s' })),
    documentSha256: Nullable(Sha256),
    receivedSha256: Nullable(Sha256),
    net: Nullable(Money),
    tax: Nullable(Money),
    total: Money,
    lines: Type.Array(OrderInvoiceLine),
  },
  closed,
);

export const orderRules = [
  'known-line',
  'delivered-once',
  'serial-elsewhere',
  'over-delivered',
  'invoiced-once',
  'billed-line',
  'billed-delivered',
  'billed-serials',
  'over-billed',
  'price',
  'net',
  'tax',
  'total',
  'currency',
  'invoice-number',
  'document-digest',
] as const;
export type OrderRule = (typeof orderRules)[number];

export const OrderBreach = Type.Object(
  {
    rule: literals(orderRules),
    path: Type.String({ description: 'Where in the order’s document: `invoices/0/lines/1/unitPrice`' }),
    serial: Nullable(Type.String({ description: 'The one machine it is about' })),
    line: Nullable(
      Type.Integer({ description: 'The order line it is about; with an invoice, only what `path` points to' }),
    ),
    invoice: Nullable(Type.String({ description: 'The invoice it is about' })),
    sentence: Type.String(),
  },
  closed,
);
export type OrderBreach = Static<typeof OrderBreach>;

export const PurchaseOrder = Type.Object(
  {
    id: Type.String(),
    number: Type.String(),
    vendor: Type.String(),
    currency: Type.String(),
    orderedOn: Nullable(Type.String()),
    documentSha256: Sha256,
    state: literals(orderStates),
    stateReason: Type.String(),
    lines: Type.Array(OrderLine),
    deliveries: Type.Array(OrderDelivery),
    servers: Type.Array(OrderServer),
    invoices: Type.Array(OrderInvoice),
    breaches: Type.Array(OrderBreach, { description: 'What the documents contradict each other in' }),
    createdAt: UnixMsField,
    revision: Revision,
  },
  closed,
);
export type PurchaseOrder = Static<typeof PurchaseOrder>;

const file = {
  fileName: Type.String({
    minLength: 1,
    maxLength: 200,
    description: 'Named in error messages; `.csv` is read as CSV',
  }),
  text: Type.String({ minLength: 1, maxLength: 2_000_000, description: 'The document: YAML, JSON or CSV' }),
  map: Type.Optional(CsvMap),
};
const po = Ref('purchase order');
const exampleFile = { fileName: 'slip-77.csv', text: 'line,serial\n1,SN-A100\n' };

const orderStep = <const Verb extends string>(verb: Verb, summary: string) =>
  operation({
    id: `po.${verb}`,
    method: 'POST',
    path: `/v1/purchase-orders/:po/${verb}`,
    input: Type.Object({ po, reason: Reason }, closed),
    output: PurchaseOrder,
    scope: 'region',
    effect: 'write',
    summary,
    example: { po: 'PO-2026-0042', reason: 'as agreed with the vendor' },
  });

export const purchaseOrderOperations = [
  operation({
    id: 'po.list',
    method: 'GET',
    path: '/v1/purchase-orders',
    input: Type.Object({ ...pageInput }, closed),
    output: page(PurchaseOrder),
    scope: 'region',
    effect: 'read',
    summary: 'List purchase orders',
    example: {},
  }),
  operation({
    id: 'po.get',
    method: 'GET',
    path: '/v1/purchase-orders/:po',
    input: Type.Object({ po }, closed),
    output: PurchaseOrder,
    scope: 'region',
    effect: 'read',
    summary: 'Get one purchase order by number',
    example: { po: 'PO-2026-0042' },
  }),
  operation({
    id: 'po.export',
    method: 'GET',
    path: '/v1/purchase-orders/:po/export',
    input: Type.Object(
      {
        po,
        format: literals(['yaml', 'json', 'csv']),
        kind: Type.Optional(literals(['order', 'delivery', 'invoice'])),
      },
      closed,
    ),
    output: Type.Object({ fileName: Type.String(), text: Type.String() }, closed),
    scope: 'region',
    effect: 'read',
    permission: 'po.get',
    summary: 'The order as a document: whole as YAML or JSON, or its lines, deliveries or invoices as CSV',
    example: { po: 'PO-2026-0042', format: 'yaml' },
  }),
  operation({
    id: 'po.import',
    method: 'POST',
    path: '/v1/purchase-orders',
    input: Type.Object(
      {
        ...file,
        vendor: Type.Optional(Type.String({ minLength: 1, maxLength: 120, description: 'Whose CSV file it is' })),
      },
      closed,
    ),
    output: PurchaseOrder,
    scope: 'region',
    effect: 'write',
    summary: 'Import a purchase order; every problem is answered with its line and column, and nothing is kept',
    example: { fileName: 'PO-2026-0042.yaml', text: 'number: PO-2026-0042\n…' },
  }),
  operation({
    id: 'po.add-delivery',
    method: 'POST',
    path: '/v1/purchase-orders/:po/deliveries',
    input: Type.Object({ po, ...file }, closed),
    output: PurchaseOrder,
    scope: 'region',
    effect: 'write',
    summary: 'Record a delivery; what contradicts the order is recorded too and blocks the machines it concerns',
    example: { po: 'PO-2026-0042', ...exampleFile },
  }),
  operation({
    id: 'po.add-invoice',
    method: 'POST',
    path: '/v1/purchase-orders/:po/invoices',
    input: Type.Object({ po, ...file }, closed),
    output: PurchaseOrder,
    scope: 'region',
    effect: 'write',
    summary: 'Record an invoice; what contradicts the order is recorded too and blocks the machines it concerns',
    example: { po: 'PO-2026-0042', fileName: 'INV-7781.yaml', text: 'number: INV-7781\n…' },
  }),
  operation({
    id: 'po.amend',
    method: 'PUT',
    path: '/v1/purchase-orders/:po',
    input: Type.Object({ po, revision: Revision, reason: Reason, fileName: file.fileName, text: file.text }, closed),
    output: PurchaseOrder,
    scope: 'region',
    effect: 'write',
    summary: 'Replace the whole document of an order with a corrected one; a document with a problem changes nothing',
    example: { po: 'PO-2026-0042', revision: 3, reason: 'credit note CN-12', fileName: 'po.yaml', text: 'number: …' },
  }),
  orderStep('close', 'Close an order: nothing more is expected, and it takes no more documents'),
  orderStep('reopen', 'Open a closed or cancelled order again'),
  orderStep('cancel', 'Cancel an order: none of its machines becomes a SPARE; refused while one works'),
] as const;
