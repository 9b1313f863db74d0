import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { exportOrder } from './export-order.ts';
import { contentOf, type OrderContent } from './order-content.ts';
import type { OrderDocument } from './order-document.ts';
import { readDeliveries, readInvoices, readOrder } from './read-order.ts';

const text = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).filter((value) => value.length <= 120);
const money = fc.oneof(
  fc.tuple(fc.nat(999_999), fc.nat(9999)).map(([whole, part]) => `${whole}.${String(part).padStart(4, '0')}`),
  fc.nat(999_999).map((value) => value / 100),
  fc.nat(999_999),
);
const day = fc.constantFrom('2026-10-05', '2026-12-31');
const line = fc.integer({ min: 1, max: 5 });
const mac = fc.nat(255).map((value) => `52:54:00:AA:00:${value.toString(16).padStart(2, '0')}`);
const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);
const optional = { requiredKeys: [] as [] };

const server = fc
  .tuple(
    fc.record({ serial: text }),
    fc.record(
      {
        name: fc.stringMatching(/^[a-z0-9]{1,8}$/),
        datacenter: text,
        rack: text,
        slot: text,
        macs: fc.array(mac, { minLength: 1, maxLength: 2 }),
        ekSha256: fc.stringMatching(/^[0-9a-f]{64}$/),
      },
      optional,
    ),
  )
  .map(([must, may]) => ({ ...must, ...may }));
const delivery = fc
  .tuple(
    fc.record({ delivery: line, line, servers: fc.array(server, { minLength: 1, maxLength: 3 }) }),
    fc.record({ date: day, reference: text }, optional),
  )
  .map(([must, may]) => ({ ...must, ...may }));
const invoiceLine = fc
  .tuple(
    fc.record({ line, unitPrice: money }),
    fc.record(
      {
        quantity: fc.integer({ min: 1, max: 9 }),
        taxPercent: fc.constantFrom('19', 7.7, 0, '8.1'),
        tax: money,
        net: money,
        serials: fc.array(text, { minLength: 1, maxLength: 3 }),
      },
      optional,
    ),
  )
  .map(([must, may]) => ({ ...must, ...may }))
  .filter((entry) => entry.quantity !== undefined || entry.serials !== undefined);
const invoice = fc
  .tuple(
    fc.record({ number: text, total: money, lines: fc.array(invoiceLine, { minLength: 1, maxLength: 3 }) }),
    fc.record({ date: day, currency: fc.constant('EUR'), documentSha256: sha256, net: money, tax: money }, optional),
  )
  .map(([must, may]) => ({ ...must, ...may }));
const document: fc.Arbitrary<OrderDocument> = fc
  .tuple(
    fc.record({
      number: fc.stringMatching(/^[A-Z][A-Z0-9./-]{0,10}$/),
      vendor: text,
      currency: fc.constantFrom('EUR', 'CHF'),
      lines: fc.array(fc.record({ line, class: text, quantity: line, unitPrice: money }), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
    fc.record(
      {
        ordered: day,
        deliveries: fc.array(delivery, { maxLength: 3 }),
        invoices: fc.array(invoice, { maxLength: 3 }),
      },
      optional,
    ),
  )
  .map(([must, may]) => ({ ...must, ...may }));

const mapping = { vendor: undefined, given: {} };
const nothing = (): null => null;
const readAgain = (order: OrderContent, format: 'yaml' | 'json'): OrderContent =>
  contentOf(readOrder({ text: exportOrder(order, format, 'order'), fileName: `x.${format}`, mapping }).value, nothing);

describe('an exported order', () => {
  it.each(['yaml', 'json'] as const)('as %s is the same order when it is read again', (format) => {
    fc.assert(
      fc.property(document, (given) => {
        const order = contentOf(given, nothing);
        expect(readAgain(order, format)).toEqual(order);
      }),
      { numRuns: 300 },
    );
  });

  it('as CSV is its lines, its deliveries and its invoices', () => {
    const order = contentOf(
      {
        number: 'PO-1',
        vendor: 'Acme, "the" vendor',
        currency: 'EUR',
        lines: [{ line: 1, class: 'small@1', quantity: 2, unitPrice: 10 }],
        deliveries: [
          { delivery: 1, line: 1, reference: 'L;1', servers: [{ serial: 'A1', rack: 'R1' }, { serial: 'A2' }] },
        ],
        invoices: [
          { number: 'I-1', total: '20', lines: [{ line: 1, unitPrice: 10, taxPercent: 0, serials: ['A1', 'A2'] }] },
        ],
      },
      nothing,
    );
    const source = (kind: 'order' | 'delivery' | 'invoice') => ({
      text: exportOrder(order, 'csv', kind),
      fileName: 'x.csv',
      mapping,
    });
    const { deliveries, servers, invoices, ...head } = order;
    expect(contentOf(readOrder(source('order')).value, nothing)).toEqual({
      ...head,
      deliveries: [],
      servers: [],
      invoices: [],
    });
    const again = contentOf(
      {
        ...readOrder(source('order')).value,
        deliveries: readDeliveries(source('delivery')).value.map((entry) => ({ delivery: 9, ...entry })),
        invoices: [...readInvoices(source('invoice')).value],
      },
      nothing,
    );
    expect([again.deliveries, again.servers, again.invoices]).toEqual([deliveries, servers, invoices]);
  });
});
