import { expect, it } from 'vitest';

import type { OrderBreach, PurchaseOrder } from '../../shared/api/purchase-order.ts';
import { checkOrder } from './order-check.ts';

const mac = '52:54:00:00:00:01';
const server = (serial: string, macs: string[] = []): PurchaseOrder['servers'][number] => ({
  serial, line: 1, delivery: 1, name: null, datacenter: null, rack: null, slot: null, macs, ekSha256: null, invoice: null,
}); // prettier-ignore
const order: PurchaseOrder = {
  id: 'po_1',
  number: 'PO-1',
  vendor: 'Acme',
  currency: 'EUR',
  orderedOn: null,
  documentSha256: 'a'.repeat(64),
  state: 'delivered',
  stateReason: 'as imported',
  lines: [{ line: 1, class: 'small@1', quantity: 3, unitPrice: '10.00' }],
  deliveries: [{ delivery: 1, line: 1, date: null, reference: null }],
  servers: [server('A1'), server('A2', [mac]), server('A3')],
  invoices: [
    {
      number: 'I-1', date: null, currency: null, documentSha256: null, receivedSha256: null, net: null, tax: null, total: '20.00',
      lines: [{ line: 1, quantity: 2, unitPrice: '10.00', taxPercent: null, tax: null, net: null, serials: ['a1', 'A2'] }],
    },
  ],
  breaches: [],
  createdAt: 1,
  revision: 1,
}; // prettier-ignore
const breach = (about: Partial<OrderBreach>): OrderBreach => ({
  rule: 'price',
  path: 'invoices/0/lines/0/unitPrice',
  serial: null,
  line: 1,
  invoice: 'I-1',
  sentence: 'invoice I-1: billed at 12, line 1 orders at 10.00',
  ...about,
});

type Case = readonly [
  string,
  { serial: string; macs: string[] },
  Partial<PurchaseOrder> | undefined,
  readonly string[],
];

it.each<Case>([
  ['an ordered and billed machine', { serial: ' a1', macs: [] }, {}, []],
  [
    'a machine that nobody ordered',
    { serial: 'Z9', macs: [] },
    {},
    ['order not-ordered ordered Z9 is on no purchase order or invoice.'],
  ],
  [
    'a machine without any order',
    { serial: 'Z9', macs: [] },
    undefined,
    ['order not-ordered ordered Z9 is on no purchase order or invoice.'],
  ],
  [
    'a machine that is not billed',
    { serial: 'A3', macs: [] },
    {},
    ['order order-breach invoiced A3 was delivered on PO-1 but is on no invoice.'],
  ],
  [
    'a machine on a bad invoice line',
    { serial: 'A1', macs: [] },
    { breaches: [breach({})] },
    [
      'order order-breach price PO-1, invoice I-1: billed at 12, line 1 orders at 10.00. Settle it with Acme, then amend the order (ppec po amend PO-1).',
    ],
  ],
  [
    'a machine beside a breach of another one',
    { serial: 'A1', macs: [] },
    { breaches: [breach({ serial: 'A2', rule: 'invoiced-once' })] },
    [],
  ],
  [
    'a machine of a cancelled order, whatever else is wrong',
    { serial: 'A3', macs: [] },
    { state: 'cancelled', breaches: [breach({})] },
    ['order order-breach order-cancelled PO-1 was cancelled: A3 goes back to Acme, or onto another order.'],
  ],
  ['a machine of a closed order', { serial: 'A1', macs: [] }, { state: 'closed' }, []],
  [
    'a machine with the ordered port, written otherwise',
    { serial: 'A2', macs: ['52-54-00-00-00-01'.toUpperCase()] },
    {},
    [],
  ],
  [
    'a machine with another port',
    { serial: 'A2', macs: ['52:54:00:00:00:02'] },
    {},
    [
      `nic/${mac} missing ordered-mac A2 has no port with MAC ${mac}, which PO-1 orders for it: another machine, or a changed card.`,
    ],
  ],
])('finds of %s', (...[, machine, changed, expected]) => {
  const findings = checkOrder(machine, changed === undefined ? undefined : { ...order, ...changed });
  expect(findings.map(({ path, kind, rule, sentence }) => `${path} ${kind} ${rule} ${sentence}`)).toEqual(expected);
  expect(findings.every(({ severity, source }) => severity === 'block' && source === 'order')).toBe(true);
});

it('keeps its findings short, however many and long the breaches are', () => {
  const breaches = Array.from({ length: 100 }, (_, index) => breach({ sentence: `${index} ${'x'.repeat(500)}` }));
  const findings = checkOrder({ serial: 'A1', macs: [] }, { ...order, breaches });
  expect(findings).toHaveLength(20);
  expect(Math.max(...findings.map(({ sentence }) => sentence.length))).toBe(300);
});
