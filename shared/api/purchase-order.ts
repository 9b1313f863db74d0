// Purchase orders: lines of machine class × quantity × price, deliveries with serials, invoices with serials.
import { Type, type Static } from 'typebox';

import { closed, Nullable, page, pageInput, Ref, Revision, Sha256, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

const Money = Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,4})?$', description: 'Decimal amount, as text' });

export const OrderLine = Type.Object(
  {
    line: Type.Integer({ minimum: 1 }),
    class: Type.String(),
    quantity: Type.Integer({ minimum: 1 }),
    unitPrice: Money,
  },
  closed,
);
export const OrderServer = Type.Object(
  {
    serial: Type.String(),
    line: Type.Integer({ minimum: 1 }),
    delivery: Type.Integer({ minimum: 1 }),
    name: Nullable(Type.String()),
    datacenter: Nullable(Type.String()),
    rack: Nullable(Type.String()),
    slot: Nullable(Type.String()),
    invoice: Nullable(Type.String({ description: 'The invoice that bills this serial' })),
  },
  closed,
);
export const OrderInvoice = Type.Object(
  {
    number: Type.String(),
    total: Money,
    lines: Type.Array(
      Type.Object(
        {
          line: Type.Integer({ minimum: 1 }),
          quantity: Type.Integer(),
          unitPrice: Money,
          serials: Type.Array(Type.String()),
        },
        closed,
      ),
    ),
  },
  closed,
);

export const PurchaseOrder = Type.Object(
  {
    id: Type.String(),
    number: Type.String(),
    vendor: Type.String(),
    currency: Type.String(),
    orderedOn: Nullable(Type.String()),
    documentSha256: Sha256,
    lines: Type.Array(OrderLine),
    servers: Type.Array(OrderServer),
    invoices: Type.Array(OrderInvoice),
    createdAt: UnixMsField,
    revision: Revision,
  },
  closed,
);
export type PurchaseOrder = Static<typeof PurchaseOrder>;

export const purchaseOrderOperations = [
  operation({
    id: 'po.list',
    method: 'GET',
    path: '/v1/purchase-orders',
    input: Type.Object({ ...pageInput }, closed),
    output: page(PurchaseOrder),
    effect: 'read',
    summary: 'List purchase orders',
    example: {},
  }),
  operation({
    id: 'po.get',
    method: 'GET',
    path: '/v1/purchase-orders/:po',
    input: Type.Object({ po: Ref('purchase order') }, closed),
    output: PurchaseOrder,
    effect: 'read',
    summary: 'Get one purchase order by number',
    example: { po: 'PO-2026-0042' },
  }),
  operation({
    id: 'po.import',
    method: 'POST',
    path: '/v1/purchase-orders',
    input: Type.Object(
      {
        fileName: Type.String({ minLength: 1, maxLength: 200, description: 'Named in error messages' }),
        text: Type.String({ minLength: 1, maxLength: 2_000_000, description: 'The order document, YAML or JSON' }),
      },
      closed,
    ),
    output: PurchaseOrder,
    effect: 'write',
    summary: 'Import a purchase order; every problem is answered with its line and column, and nothing is kept',
    example: { fileName: 'PO-2026-0042.yaml', text: 'number: PO-2026-0042\n…' },
  }),
] as const;
