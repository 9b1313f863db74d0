import { describe, expect, it } from 'vitest';

import { PpecError } from '../../../shared/errors.ts';
import { noContext, orderBreaches } from './order-breaches.ts';
import { orderProblems } from './order-problems.ts';
import { readDeliveries, readInvoices, readOrder, type OrderSource } from './read-order.ts';

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

const source = (given: string, fileName = 'po.yaml'): OrderSource => ({
  text: given,
  fileName,
  mapping: { vendor: undefined, given: {} },
});

function refusal(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (!(error instanceof PpecError)) throw error;
    return error.issues.map(({ path, message }) => `${path} ${message}`);
  }
  return [];
}

function problems(changed: string): string[] {
  return refusal(() => {
    const { value, at } = readOrder(source(changed));
    const found = [
      ...orderProblems(value, at, (reference) => reference === 'compute-large@1'),
      ...orderBreaches(value, noContext).map(({ path, sentence }) => ({
        path: at(path.split('/')),
        message: sentence,
      })),
    ];
    if (found.length > 0) throw new PpecError('invalid_argument', 'problems', { issues: found });
  });
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
    ['an amount that is not exact', '4200.50\ndel', '4200.12345\ndel', /^po\.yaml:9:16 .*more than four decimals/],
    ['an amount without end', '4200.50\ndel', '1e30\ndel', /^po\.yaml:9:16 /],
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
      /^po\.yaml:15:19 serial sn-a100 is there twice: twice on delivery 1 of line 1/m,
    ],
    ['a placeholder serial', 'serial: SN-A101', 'serial: To Be Filled By O.E.M.', /^po\.yaml:15:19 .*no serial number/],
    ['a name twice', 'name: srv-b', 'name: srv-a', /^po\.yaml:15:34 name srv-a is there twice/],
    ['no MAC address', 'name: srv-b', 'macs: [52:54:00]', /^po\.yaml:15:\d+ deliveries\.0\.servers\.1\.macs/],
    [
      'a MAC address twice',
      'name: srv-a, rack: R12, slot: U20 }\n      - { serial: SN-A101, name: srv-b',
      'macs: ["52:54:00:00:00:01"] }\n      - { serial: SN-A101, macs: [52-54-00-00-00-01]',
      /^po\.yaml:15:\d+ MAC address 52:54:00:00:00:01 is there twice: SN-A100 has it too/,
    ],
    [
      'a delivery in two parts that differ',
      'invoices:',
      '  - { delivery: 1, line: 1, date: 2026-10-02, servers: [{ serial: X }] }\ninvoices:',
      /^po\.yaml:16:17 delivery 1 of line 1 is there twice, with another date or reference/,
    ],
    [
      'a delivery for no line',
      '    line: 1\n    servers',
      '    line: 9\n    servers',
      /^po\.yaml:12:11 delivery 1: the order has no line 9/,
    ],
    ['more delivered than ordered', 'quantity: 2', 'quantity: 1', /orders 1, the deliveries bring 2/],
    [
      'a total that does not add up',
      'total: 8401.00',
      'total: 8400',
      /^po\.yaml:18:12 invoice INV-1: the total is 8400, its lines come to 8401\.00/,
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
});

describe('a delivery or an invoice that comes later', () => {
  const slip = 'line: 1\nreference: LS-77\nservers: [{ serial: A1 }]\n';
  it('stands alone or in a list, and its problems are placed in both', () => {
    expect(readDeliveries(source(slip)).value).toEqual([{ line: 1, reference: 'LS-77', servers: [{ serial: 'A1' }] }]);
    const listed = `deliveries:\n  - { line: 1, servers: [{ serial: A1 }] }\n  - { line: 2, servers: [{ serial: A2 }] }\n`;
    const { value, at } = readDeliveries(source(listed));
    expect(value.map(({ line }) => line)).toEqual([1, 2]);
    expect(at([1, 'line'])).toBe('po.yaml:3:13');
    expect(readDeliveries(source(slip)).at([0, 'reference'])).toBe('po.yaml:2:12');
    expect(refusal(() => readDeliveries(source(slip.replace('line: 1', 'line: one'))))).toEqual([
      expect.stringMatching(/^po\.yaml:1:7 line: /),
    ]);
  });

  it('is JSON as well', () => {
    const json = JSON.stringify({ number: 'I-1', total: '10', lines: [{ line: 1, unitPrice: '10', quantity: 1 }] });
    expect(readInvoices(source(json, 'i.json')).value).toMatchObject([{ number: 'I-1', total: '10' }]);
  });
});
