import { describe, expect, it } from 'vitest';

import { PpecError } from '../../shared/errors.ts';
import { checkPurchaseOrder, parsePurchaseOrder, type OrderContext } from './purchase-order.ts';

const text = `number: PO-1
vendor: Acme Servers
currency: EUR
ordered: 2026-10-01
lines:
  - line: 1
    class: compute-large@1
    quantity: 2
    unitPrice: 4200.50
deliveries:
  - delivery: 1
    line: 1
    servers:
      - { serial: SN-A100, name: srv-a, rack: R12, slot: U20 }
      - { serial: SN-A101, name: srv-b, rack: R12, slot: U21 }
invoices:
  - number: INV-1
    total: 8401.00
    lines:
      - { line: 1, unitPrice: 4200.50, serials: [SN-A100, SN-A101] }
`;

const context: OrderContext = {
  hasClass: (reference) => reference === 'compute-large@1',
  orderedElsewhere: () => undefined,
};

function problems(changed: string, known: Partial<OrderContext> = {}): string[] {
  try {
    const { order, at } = parsePurchaseOrder(changed, 'po.yaml');
    return checkPurchaseOrder(order, at, { ...context, ...known }).map(({ path, message }) => `${path} ${message}`);
  } catch (error) {
    if (!(error instanceof PpecError)) throw error;
    return error.issues.map(({ path, message }) => `${path} ${message}`);
  }
}

describe('a purchase order', () => {
  it('is accepted when it is whole', () => {
    expect(problems(text)).toEqual([]);
  });

  it.each<[string, string, string, RegExp]>([
    ['broken YAML', 'vendor: Acme Servers', 'vendor: [Acme', /^po\.yaml:\d+:\d+ /],
    ['an unknown field', 'currency: EUR', 'currency: EUR\ncolour: red', /^po\.yaml:4:9 unknown field 'colour'/],
    ['a missing field', 'vendor: Acme Servers\n', '', /^po\.yaml:1:1 .*'vendor' is missing/],
    ['a quantity of none', 'quantity: 2', 'quantity: 0', /^po\.yaml:8:15 lines\.0\.quantity/],
    [
      'a class that does not exist',
      'compute-large@1',
      'compute-huge@1',
      /^po\.yaml:7:12 machine class compute-huge@1 does not exist/,
    ],
    [
      'a serial twice',
      'serial: SN-A101',
      'serial: sn-a100',
      /^po\.yaml:15:19 serial sn-a100 is there twice, first at po\.yaml:14:19/,
    ],
    ['a placeholder serial', 'serial: SN-A101', 'serial: To Be Filled By O.E.M.', /^po\.yaml:15:19 .*no serial number/],
    ['a name twice', 'name: srv-b', 'name: srv-a', /^po\.yaml:15:34 name srv-a is there twice/],
    [
      'a delivery for no line',
      '    line: 1\n    servers',
      '    line: 9\n    servers',
      /^po\.yaml:12:11 the order has no line 9/,
    ],
    ['more delivered than ordered', 'quantity: 2', 'quantity: 1', /orders 1, the deliveries bring 2/],
    [
      'a total that does not add up',
      'total: 8401.00',
      'total: 8400',
      /^po\.yaml:18:12 the total is 8400, its lines come to 8401\.00/,
    ],
    [
      'another price on the invoice',
      'line: 1, unitPrice: 4200.50',
      'line: 1, unitPrice: 4300',
      /billed at 4300, line 1 orders at 4200\.5/,
    ],
    ['a serial billed twice', '[SN-A100, SN-A101]', '[SN-A100, SN-A100]', /serial SN-A100 is billed twice/],
    ['an alias bomb', 'vendor: Acme Servers', 'vendor: &a x\nnote: [*a,*a]', /po\.yaml/],
  ])('is refused for %s, with the place', (...[, from, to, expected]) => {
    expect(text).toContain(from);
    const found = problems(text.replace(from, to));
    expect(found.join('\n')).toMatch(expected);
  });

  it('is refused for a serial on another order', () => {
    expect(problems(text, { orderedElsewhere: (key) => (key === 'SN-A100' ? 'PO-0 line 2' : undefined) })).toEqual([
      'po.yaml:14:19 serial SN-A100 is already on PO-0 line 2. A serial belongs to one order: remove it here or there',
    ]);
  });
});
