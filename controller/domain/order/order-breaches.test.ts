import { expect, it } from 'vitest';

import { orderRules, type OrderRule } from '../../../shared/api/purchase-order.ts';
import { breachesBySerial, concerns, noContext, orderBreaches, type BreachContext } from './order-breaches.ts';
import type { DeliveryEntry, InvoiceEntry, OrderDocument } from './order-document.ts';

const delivery = (number: number, line: number, serials: readonly string[]): DeliveryEntry => ({
  delivery: number,
  line,
  servers: serials.map((serial) => ({ serial })),
});
const invoice = (changed: Partial<InvoiceEntry> = {}): InvoiceEntry => ({
  number: 'I-1',
  total: '30.00',
  lines: [
    { line: 1, unitPrice: '10.00', serials: ['A1', 'A2'] },
    { line: 2, unitPrice: '10.00', serials: ['B1'] },
  ],
  ...changed,
});
/** Two machines of line 1 and one of line 2, delivered and billed. */
const whole: OrderDocument = {
  number: 'PO-1',
  vendor: 'Acme',
  currency: 'EUR',
  lines: [
    { line: 1, class: 'small@1', quantity: 2, unitPrice: '10.00' },
    { line: 2, class: 'large@1', quantity: 1, unitPrice: 10 },
  ],
  deliveries: [delivery(1, 1, ['A1', 'A2']), delivery(1, 2, ['B1'])],
  invoices: [invoice()],
};

const second = (changed: Partial<InvoiceEntry> = {}): InvoiceEntry =>
  invoice({ number: 'I-2', total: '10.00', lines: [{ line: 1, unitPrice: '10.00', serials: ['A2'] }], ...changed });
const firstOnly = invoice({ total: '10', lines: [{ line: 1, unitPrice: '10.00', serials: ['A1'] }] });
const taxed = (tax: string | undefined, total: string, changed: Partial<InvoiceEntry> = {}): InvoiceEntry =>
  invoice({
    total,
    lines: [{ line: 1, unitPrice: '10.00', serials: ['A1'], taxPercent: 19, ...(tax === undefined ? {} : { tax }) }],
    ...changed,
  });

type Case = {
  readonly rule: OrderRule;
  readonly what: string;
  readonly order: Partial<OrderDocument>;
  readonly context?: Partial<BreachContext>;
  /** `path serial line invoice: sentence` of what must be found; none where the order is right. */
  readonly found: readonly string[];
};

const sha = (digit: string): string => digit.repeat(64);

const cases: readonly Case[] = [
  { rule: 'known-line', what: 'every line is on the order', order: {}, found: [] },
  {
    rule: 'known-line',
    what: 'a delivery and an invoice of a line that is not',
    order: {
      deliveries: [delivery(1, 9, ['A1'])],
      invoices: [invoice({ lines: [{ line: 8, unitPrice: '10.00', quantity: 3 }] })],
    },
    found: [
      'deliveries/0/line - 9 -: delivery 1: the order has no line 9',
      'invoices/0/lines/0/line - 8 I-1: invoice I-1: the order has no line 8',
    ],
  },
  {
    rule: 'delivered-once',
    what: 'a serial on two deliveries, written otherwise',
    order: { deliveries: [delivery(1, 1, ['A1']), delivery(2, 1, [' a1 '])] },
    found: [
      'deliveries/1/servers/0/serial  a1  - -: serial  a1  is there twice: on delivery 1 of line 1 and on delivery 2 of line 1',
    ],
  },
  { rule: 'delivered-once', what: 'each serial once', order: {}, found: [] },
  {
    rule: 'serial-elsewhere',
    what: 'a serial on another order',
    order: {},
    context: { serialElsewhere: (key) => (key === 'A2' ? 'PO-0 line 3' : undefined) },
    found: [
      'deliveries/0/servers/1/serial A2 - -: serial A2 is already on PO-0 line 3. A serial belongs to one order: remove it here or there',
    ],
  },
  { rule: 'serial-elsewhere', what: 'serials of this order only', order: {}, found: [] },
  {
    rule: 'over-delivered',
    what: 'a third machine where two are ordered',
    order: { deliveries: [delivery(1, 1, ['A1', 'A2']), delivery(2, 1, ['A3'])] },
    found: ['deliveries/1/servers/0/serial A3 - -: serial A3 is one too many: line 1 orders 2, the deliveries bring 3'],
  },
  { rule: 'over-delivered', what: 'as many as ordered', order: {}, found: [] },
  {
    rule: 'invoiced-once',
    what: 'a serial on two invoices',
    order: { invoices: [firstOnly, second({ lines: [{ line: 1, unitPrice: 10, serials: ['A1'] }] })] },
    found: ['invoices/1/lines/0/serials/0 A1 - -: serial A1 is billed twice: by I-1 and by I-2'],
  },
  {
    rule: 'invoiced-once',
    what: 'two invoices of different serials',
    order: { invoices: [firstOnly, second()] },
    found: [],
  },
  {
    rule: 'billed-line',
    what: 'a machine billed as another line',
    order: { invoices: [invoice({ lines: [{ line: 2, unitPrice: 10, serials: ['A1'] }], total: 10 })] },
    found: [
      'invoices/0/lines/0/serials/0 A1 - -: invoice I-1: serial A1 was delivered for line 1 and is billed as line 2',
    ],
  },
  { rule: 'billed-line', what: 'machines billed as delivered', order: {}, found: [] },
  {
    rule: 'billed-delivered',
    what: 'a serial that cannot come any more',
    order: { invoices: [second({ lines: [{ line: 1, unitPrice: 10, serials: ['A9'] }] })] },
    found: [
      'invoices/0/lines/0/serials/0 A9 - -: invoice I-2: serial A9 was never delivered, and line 1 is delivered whole',
    ],
  },
  {
    rule: 'billed-delivered',
    what: 'a serial that may still come',
    order: { deliveries: [delivery(1, 1, ['A1'])], invoices: [second()] },
    found: [],
  },
  {
    rule: 'billed-serials',
    what: 'more serials than are billed',
    order: { invoices: [invoice({ lines: [{ line: 1, unitPrice: 10, quantity: 1, serials: ['A1', 'A2'] }] })] },
    found: ['invoices/0/lines/0/quantity - 1 I-1: invoice I-1: it bills 1 of line 1 and names 2 serials'],
  },
  {
    rule: 'billed-serials',
    what: 'fewer serials than are billed',
    order: { invoices: [invoice({ lines: [{ line: 1, unitPrice: 10, quantity: 2, serials: ['A1'] }] })] },
    found: [],
  },
  {
    rule: 'over-billed',
    what: 'more billed over all invoices than ordered',
    order: { invoices: [firstOnly, second({ lines: [{ line: 1, unitPrice: 10, quantity: 2 }] })] },
    found: ['invoices/1/lines/0 - 1 I-2: invoice I-2: it bills 2 of line 1, where 1 of 2 are left to bill'],
  },
  { rule: 'over-billed', what: 'all billed by two invoices', order: { invoices: [firstOnly, second()] }, found: [] },
  {
    rule: 'price',
    what: 'another price',
    order: { invoices: [second({ lines: [{ line: 1, unitPrice: '10.0001', serials: ['A2'] }] })] },
    found: ['invoices/0/lines/0/unitPrice - 1 I-2: invoice I-2: billed at 10.0001, line 1 orders at 10.00'],
  },
  {
    rule: 'price',
    what: 'the same price, written otherwise',
    order: { invoices: [second({ lines: [{ line: 1, unitPrice: 10, serials: ['A2'] }] })] },
    found: [],
  },
  {
    rule: 'net',
    what: 'a net that is not quantity times price, and a sum of nets that is not their sum',
    order: { invoices: [second({ net: '11', lines: [{ line: 1, unitPrice: 10, net: '10.50', serials: ['A2'] }] })] },
    found: [
      'invoices/0/lines/0/net - 1 I-2: invoice I-2: the net of line 1 is 10.50, 1 × 10 come to 10.00',
      'invoices/0/net - - I-2: invoice I-2: the net is 11, its lines come to 10.00',
    ],
  },
  {
    rule: 'net',
    what: 'nets as they are',
    order: { invoices: [second({ net: 10, lines: [{ line: 1, unitPrice: 10, net: '10.00', serials: ['A2'] }] })] },
    found: [],
  },
  {
    rule: 'tax',
    what: 'a tax that is not the percentage, and a sum that is not the sum',
    order: { invoices: [taxed('1.91', '11.91', { tax: '2.00' })] },
    found: [
      'invoices/0/lines/0/tax - 1 I-1: invoice I-1: the tax of line 1 is 1.91, 19 % of 10.00 are 1.90',
      'invoices/0/tax - - I-1: invoice I-1: the tax is 2.00, its lines come to 1.91',
    ],
  },
  { rule: 'tax', what: 'the right tax', order: { invoices: [taxed('1.90', '11.90', { tax: 1.9 })] }, found: [] },
  {
    rule: 'total',
    what: 'a total without the tax',
    order: { invoices: [taxed('1.90', '10.00')] },
    found: ['invoices/0/total - - I-1: invoice I-1: the total is 10.00, its lines with tax come to 11.90'],
  },
  { rule: 'total', what: 'the total with the tax', order: { invoices: [taxed(undefined, '11.90')] }, found: [] },
  {
    rule: 'total',
    what: 'a total that is off by the least there is',
    order: { invoices: [invoice({ total: '30.0001' })] },
    found: ['invoices/0/total - - I-1: invoice I-1: the total is 30.0001, its lines come to 30.00'],
  },
  {
    rule: 'currency',
    what: 'another currency',
    order: { invoices: [invoice({ currency: 'USD' })] },
    found: ['invoices/0/currency - - I-1: invoice I-1: it is in USD, the order is in EUR'],
  },
  {
    rule: 'currency',
    what: 'the currency of the order',
    order: { invoices: [invoice({ currency: 'EUR' })] },
    found: [],
  },
  {
    rule: 'invoice-number',
    what: 'a number twice, and one that another order has',
    order: { invoices: [firstOnly, second({ number: 'i-1' }), second({ number: 'I-7' })] },
    context: { invoiceElsewhere: (key) => (key === 'I-7' ? 'PO-0' : undefined) },
    found: [
      'invoices/1/number - - i-1: invoice i-1 is there twice',
      'invoices/2/number - - I-7: invoice I-7 is already on PO-0 of the same vendor',
    ],
  },
  { rule: 'invoice-number', what: 'numbers of their own', order: { invoices: [firstOnly, second()] }, found: [] },
  {
    rule: 'document-digest',
    what: 'an invoice again with another document, and the order too',
    order: { invoices: [{ ...firstOnly, documentSha256: sha('a') }, second({ number: 'I-1' })] },
    context: {
      receivedSha256: (index) => sha(String(index)),
      document: { sha256: sha('c'), keptSha256: sha('d') },
    },
    found: [
      'invoices/1/number - - I-1: invoice I-1 came again with another document: sha256 aaaaaaaaaaaa… first, then 111111111111…',
      'number - - -: PO-1 is imported already, with another document (sha256 dddddddddddd…)',
    ],
  },
  {
    rule: 'document-digest',
    what: 'the same documents again',
    order: { invoices: [firstOnly, second({ number: 'I-1' })] },
    context: { receivedSha256: () => sha('a'), document: { sha256: sha('c'), keptSha256: sha('c') } },
    found: [],
  },
];

it.each(cases)('$rule: $what', ({ rule, order, context, found }) => {
  const breaches = orderBreaches({ ...whole, ...order }, { ...noContext, ...context });
  const texts = breaches
    .filter((breach) => breach.rule === rule)
    .map(
      ({ path, serial, line, invoice: number, sentence }) =>
        `${path} ${serial ?? '-'} ${line ?? '-'} ${number ?? '-'}: ${sentence}`,
    );
  expect(texts).toEqual(found);
});

it('has no breach where nothing is wrong', () => {
  expect(orderBreaches(whole, noContext)).toEqual([]);
});

it('has a failing and a passing case for every rule', () => {
  for (const rule of orderRules) {
    const own = cases.filter((each) => each.rule === rule);
    expect([rule, own.some(({ found }) => found.length > 0), own.some(({ found }) => found.length === 0)]).toEqual([
      rule,
      true,
      true,
    ]);
  }
});

it('takes tax rounded once per line, or once per percentage', () => {
  // 19 % of 1.12 are 0.2128: four times 0.21, or 0.85 of 4.48.
  const line = { line: 1, unitPrice: '1.12', taxPercent: '19' };
  const lines = ['A1', 'A2', 'A3', 'A4'].map((serial) => ({ ...line, serials: [serial] }));
  const totalOf = (total: string): string[] =>
    orderBreaches({ ...whole, invoices: [invoice({ total, lines })] }, noContext)
      .filter(({ rule }) => rule === 'total')
      .map(({ sentence }) => sentence);
  expect([totalOf('5.32'), totalOf('5.33')]).toEqual([[], []]);
  expect(totalOf('5.34')).toEqual(['invoice I-1: the total is 5.34, its lines with tax come to 5.32 or 5.33']);
});

it.each([
  [{ serial: 'a1', line: null, invoice: null }, 'x', true],
  [{ serial: 'A2', line: null, invoice: null }, 'x', false],
  [{ serial: null, line: 1, invoice: null }, 'deliveries/0/line', true],
  [{ serial: null, line: 2, invoice: null }, 'deliveries/0/line', false],
  [{ serial: null, line: null, invoice: 'I-1' }, 'invoices/0/total', true],
  [{ serial: null, line: null, invoice: 'I-2' }, 'invoices/1/total', false],
  [{ serial: null, line: 1, invoice: 'I-1' }, 'invoices/0/lines/1/unitPrice', true],
  [{ serial: null, line: 1, invoice: 'I-1' }, 'invoices/0/lines/0', false],
  [{ serial: null, line: null, invoice: null }, 'number', true],
])('a breach about %j at %s concerns machine A1 of line 1: %s', (about, path, expected) => {
  const invoiceOf = (number: string, serials: readonly (readonly string[])[]) => ({
    number, date: null, currency: null, documentSha256: null, receivedSha256: null, net: null, tax: null, total: '10.00',
    lines: serials.map((list) => ({
      line: 1, quantity: 1, unitPrice: '10.00', taxPercent: null, tax: null, net: null, serials: [...list],
    })),
  }); // prettier-ignore
  const breach = { rule: 'price' as const, path, sentence: 'x', ...about };
  const invoices = [invoiceOf('I-1', [['A2'], ['A1']]), invoiceOf('I-2', [['A3']])];
  expect(concerns(breach, { serial: 'A1', line: 1 }, { invoices })).toBe(expected);
  const server = {
    serial: ' a1', line: 1, delivery: 1, name: null, datacenter: null, rack: null, slot: null, macs: [], ekSha256: null, invoice: null,
  }; // prettier-ignore
  expect(breachesBySerial({ servers: [server], invoices, breaches: [breach] }).has('A1')).toBe(expected);
});
