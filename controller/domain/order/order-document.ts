// The documents of an order as people and vendors write them: the whole order, a delivery that came later, an invoice that
// came later. Only their shape; what they must agree in is order-problems.ts and order-breaches.ts.
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

const closed = { additionalProperties: false } as const;
const Text = Type.String({ minLength: 1, maxLength: 120 });
/** YAML reads `1200` and `1200.50` as numbers; documents write amounts both ways. */
const Amount = Type.Union([
  Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,4})?$' }),
  Type.Number({ minimum: 0, maximum: 999_999_999_999 }),
]);
const Percent = Type.Union([
  Type.String({ pattern: '^\\d{1,3}(\\.\\d{1,4})?$' }),
  Type.Number({ minimum: 0, maximum: 999 }),
]);
const Position = Type.Integer({ minimum: 1, maximum: 10_000 });
const Quantity = Type.Integer({ minimum: 1, maximum: 100_000 });
const Day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' });
const Currency = Type.String({ pattern: '^[A-Z]{3}$' });
const Digest = Type.String({ pattern: '^[0-9a-f]{64}$' });

const Line = Type.Object({ line: Position, class: Text, quantity: Quantity, unitPrice: Amount }, closed);

const Server = Type.Object(
  {
    serial: Text,
    name: Type.Optional(Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' })),
    datacenter: Type.Optional(Text),
    rack: Type.Optional(Text),
    slot: Type.Optional(Text),
    macs: Type.Optional(
      Type.Array(Type.String({ pattern: '^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$' }), { minItems: 1, maxItems: 64 }),
    ),
    /** Of the endorsement key of its TPM (SubjectPublicKeyInfo), as its maker or vendor tells. */
    ekSha256: Type.Optional(Type.String({ pattern: '^[0-9A-Fa-f]{64}$' })),
  },
  closed,
);

const deliveryMembers = {
  line: Position,
  date: Type.Optional(Day),
  reference: Type.Optional(Text),
  servers: Type.Array(Server, { minItems: 1, maxItems: 10_000 }),
};
const Delivery = Type.Object({ delivery: Position, ...deliveryMembers }, closed);
/** A delivery that comes later: without a number it is the next one. */
const LaterDelivery = Type.Object({ delivery: Type.Optional(Position), ...deliveryMembers }, closed);

const InvoiceLine = Type.Object(
  {
    line: Position,
    unitPrice: Amount,
    quantity: Type.Optional(Quantity),
    taxPercent: Type.Optional(Percent),
    tax: Type.Optional(Amount),
    net: Type.Optional(Amount),
    serials: Type.Optional(Type.Array(Text, { minItems: 1, maxItems: 10_000 })),
  },
  closed,
);
const Invoice = Type.Object(
  {
    number: Text,
    date: Type.Optional(Day),
    currency: Type.Optional(Currency),
    documentSha256: Type.Optional(Digest),
    net: Type.Optional(Amount),
    tax: Type.Optional(Amount),
    total: Amount,
    lines: Type.Array(InvoiceLine, { minItems: 1, maxItems: 1000 }),
  },
  closed,
);

const listed = { minItems: 1, maxItems: 1000 } as const;
const OrderDocument = Type.Object(
  {
    number: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._/-]{0,79}$' }),
    vendor: Text,
    currency: Currency,
    ordered: Type.Optional(Day),
    lines: Type.Array(Line, listed),
    deliveries: Type.Optional(Type.Array(Delivery, { maxItems: 1000 })),
    invoices: Type.Optional(Type.Array(Invoice, { maxItems: 1000 })),
  },
  closed,
);
export type OrderDocument = Static<typeof OrderDocument>;
export type DeliveryEntry = Static<typeof Delivery>;
export type LaterDelivery = Static<typeof LaterDelivery>;
export type ServerEntry = Static<typeof Server>;
export type InvoiceEntry = Static<typeof Invoice>;
export type InvoiceLineEntry = Static<typeof InvoiceLine>;

/** One delivery or invoice may stand alone; several stand in a list under their name. */
export const documentShapes = {
  order: Compile(OrderDocument),
  delivery: Compile(LaterDelivery),
  deliveries: Compile(Type.Object({ deliveries: Type.Array(LaterDelivery, listed) }, closed)),
  invoice: Compile(Invoice),
  invoices: Compile(Type.Object({ invoices: Type.Array(Invoice, listed) }, closed)),
};
