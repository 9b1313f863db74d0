import { describe, expect, it } from 'vitest';

import { PpecError } from '../../../shared/errors.ts';
import type { CsvMapping } from './csv-columns.ts';
import { csvAmount, csvInteger } from './csv-number.ts';
import { isCsv } from './csv-table.ts';
import { readDeliveries, readInvoices, readOrder } from './read-order.ts';

const plain: CsvMapping = { vendor: undefined, given: {} };
const source = (text: string, mapping = plain) => ({ text, fileName: 'f.csv', mapping });

function refusal(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (!(error instanceof PpecError)) throw error;
    return error.issues.map(({ path, message }) => `${path} ${message}`);
  }
  return ['accepted'];
}

const order =
  'number,vendor,currency,line,class,quantity,unitPrice\nPO-1,Acme,EUR,1,small@1,2,10.50\nPO-1,Acme,EUR,2,big@1,1,99\n';
const orderValue = {
  number: 'PO-1',
  vendor: 'Acme',
  currency: 'EUR',
  lines: [
    { line: 1, class: 'small@1', quantity: 2, unitPrice: '10.50' },
    { line: 2, class: 'big@1', quantity: 1, unitPrice: '99' },
  ],
};

describe('an order by CSV', () => {
  it.each([
    ['commas', order],
    ['semicolons', order.replaceAll(',', ';')],
    ['tabs', order.replaceAll(',', '\t')],
    ['a byte order mark', `\u{feff}${order}`],
    ['CRLF', order.replaceAll('\n', '\r\n')],
    ['empty lines and separators behind the last column', order.replaceAll('\n', ',\n\n').replace(',\n', '\n')],
    ['quotes', order.replace('Acme', '"Acme"').replace('number', '"number"')],
    ['headers in capitals', order.replace('number', 'NUMBER')],
  ])('is read with %s', (...[, text]) => {
    expect(readOrder(source(text)).value).toEqual(orderValue);
  });

  it('knows the place of every member by line and column', () => {
    const { at } = readOrder(source(order));
    expect([at(['lines', 1, 'unitPrice']), at(['vendor']), at(['lines', 1])]).toEqual([
      'f.csv:3:unitPrice',
      'f.csv:2:vendor',
      'f.csv:3:line',
    ]);
  });

  it('takes columns by other names, fixed values, and the vendor it is told', () => {
    const text = 'Pos,Config,Menge,Preis,Gewicht\n1,small@1,2,10.50,20\n2,big@1,1,99,30\n';
    const given = {
      line: 'Pos',
      class: 'Config',
      quantity: 'Menge',
      unitPrice: 'Preis',
      number: '=PO-1',
      currency: '=EUR',
    };
    const read = readOrder({ ...source(text, { vendor: undefined, given }), vendor: 'Acme' });
    expect(read.value).toEqual(orderValue);
    // A vendor's mapping names every column that is read: what happens to have one of our names is another thing.
    const vendor = { line: 'Pos', class: 'Config', quantity: 'Menge', unitPrice: 'Preis', currency: '=EUR' };
    const mapped = { vendor, given: { number: '=PO-1' } };
    const withOrdered = text.replace('Gewicht', 'ordered');
    expect(readOrder({ ...source(withOrdered, mapped), vendor: 'Acme' }).value).toEqual(orderValue);
  });

  it.each<[string, string, CsvMapping, readonly (string | RegExp)[]]>([
    ['nothing but a header', 'line,class\n', plain, ['f.csv:1 the file has a header and no rows']],
    [
      'an unknown and a missing header',
      order.replace('quantity', 'qty'),
      plain,
      [
        'f.csv:1:qty no field is called \'qty\'. Fields: number, vendor, currency, ordered, line, class, quantity, unitPrice. A column of another name: --map FIELD="qty"',
        'f.csv:1:quantity the column of quantity is missing. Name it: --map quantity=HEADER, or --map quantity==VALUE for all rows',
      ],
    ],
    [
      'a mapping to no column, and of no field',
      order,
      { vendor: undefined, given: { class: 'Config', colour: 'line' } },
      [
        "f.csv:1:line a CSV file of kind order has no field 'colour'. Its fields: number, vendor, currency, ordered, line, class, quantity, unitPrice",
        "f.csv:1:Config the file has no column 'Config' for class. Its columns: number, vendor, currency, line, class, quantity, unitPrice",
        'f.csv:1:class the column of class is missing. Name it: --map class=HEADER, or --map class==VALUE for all rows',
      ],
    ],
    ['a header twice', order.replace('vendor', 'number'), plain, ["f.csv:1:number column 'number' is there twice"]],
    [
      'bad numbers and empty cells',
      order.replace('2,10.50', 'two,"1,234.50"').replace('big@1', ''),
      plain,
      [
        "f.csv:2:quantity 'two' is no whole number. Write digits only: 12",
        "f.csv:2:unitPrice '1,234.50' can be read in two ways. Write it with a point and no separators: 1234.50",
        'f.csv:3:class class is empty',
      ],
    ],
    [
      'two orders in one file',
      order.replace('PO-1,Acme,EUR,2', 'PO-2,Acme,EUR,2'),
      plain,
      ["f.csv:3:number 'PO-2', where it was 'PO-1' before: it is one for all rows"],
    ],
    [
      'too few and too many cells',
      order.replace(',99', '').replace('10.50', '10.50,x'),
      plain,
      [
        'f.csv:2 8 cells where the header has 7; put cells with a separator in quotes',
        'f.csv:3 6 cells where the header has 7; put cells with a separator in quotes',
      ],
    ],
    ['a quote that does not end', order.replace('Acme', '"Acme'), plain, [/^f\.csv:\d+ Quote Not Closed/]],
    ['a shape that is wrong', order.replaceAll('EUR', 'euro'), plain, [/^f\.csv:2:currency currency: /]],
  ])('is refused for %s, with line and column', (...[, text, mapping, expected]) => {
    const found = refusal(() => readOrder(source(text, mapping)));
    expect(found).toHaveLength(expected.length);
    found.forEach((problem, index) => expect(problem).toMatch(expected[index] ?? /never/));
  });
});

it('counts lines where a cell has several', () => {
  const text = 'line,serial,reference\n1,A1,"two\nlines"\nx,A2,\n';
  expect(refusal(() => readDeliveries(source(text)))).toEqual([
    "f.csv:4:line 'x' is no whole number. Write digits only: 12",
  ]);
});

it('puts the serials of a delivery together by delivery, line, date and slip', () => {
  const ek = 'ab'.repeat(32);
  const text = `line,serial,name,macs,ekSha256,reference\n1,A1,a,52:54:00:00:00:01 52:54:00:00:00:02,${ek},L1\n2,B1,,,,L1\n1,A2,,,,L1\n`;
  const { value, at } = readDeliveries(source(text));
  expect(value).toEqual([
    {
      line: 1,
      reference: 'L1',
      servers: [
        { serial: 'A1', name: 'a', macs: ['52:54:00:00:00:01', '52:54:00:00:00:02'], ekSha256: ek },
        { serial: 'A2' },
      ],
    },
    { line: 2, reference: 'L1', servers: [{ serial: 'B1' }] },
  ]);
  expect(at([0, 'servers', 1, 'serial'])).toBe('f.csv:4:serial');
});

describe('an invoice by CSV', () => {
  it('has a row per serial, or a row per line, and amounts of its own', () => {
    const text = [
      'number,date,total,line,unitPrice,quantity,taxPercent,tax,serial',
      'I-1,2026-11-02,45.22,1,10,,19 %,,A1',
      'I-1,,,1,10,,19 %,,A2',
      'I-1,,,2,9,2,,3.42,',
      'I-2,,10,1,10,,,,A3',
    ].join('\n');
    const { value, at } = readInvoices(source(text));
    expect(value).toEqual([
      {
        number: 'I-1',
        date: '2026-11-02',
        total: '45.22',
        lines: [
          { line: 1, unitPrice: '10', taxPercent: '19', serials: ['A1', 'A2'] },
          { line: 2, unitPrice: '9', quantity: 2, tax: '3.42' },
        ],
      },
      { number: 'I-2', total: '10', lines: [{ line: 1, unitPrice: '10', serials: ['A3'] }] },
    ]);
    expect(at([0, 'lines', 0, 'serials', 1])).toBe('f.csv:3:serial');
  });

  it.each([
    [
      'without a total',
      'number,line,unitPrice,total,serial\nI-1,1,10,,A1\n',
      ['f.csv:2:total the total of the invoice is missing'],
    ],
    [
      'with two totals',
      'number,line,unitPrice,total,serial\nI-1,1,10,20,A1\nI-1,1,10,21,A2\n',
      ["f.csv:3:total '21', where it was '20' before: it is one for the whole invoice"],
    ],
    [
      'of neither serials nor quantities',
      'number,line,unitPrice,total\nI-1,1,10,20\n',
      ['f.csv:2:serial the row has neither a serial nor a quantity: write what is billed'],
    ],
  ])('is refused %s', (...[, text, expected]) => {
    expect(refusal(() => readInvoices(source(text)))).toEqual(expected);
  });
});

it.each([
  ['1234.50', '1234.50'],
  ['0', '0'],
  ['1234', '1234'],
  ['1,234.50', /two ways.*: 1234\.50$/],
  ['1.234,50', /two ways.*: 1234\.50$/],
  ['1234,50', /two ways.*: 1234\.50$/],
  ['1.234', /two ways.*: 1234\.00 or 1\.2340$/],
  ['1,234', /two ways.*: 1234\.00$/],
  ['1 234,5', /two ways.*: 1234\.5$/],
  ["1'234.50", /two ways.*: 1234\.50$/],
  ['1.23456', /more than four decimals/],
  ['-5', /no amount/],
  ['EUR 5', /no amount/],
  ['1e3', /no amount/],
])('reads the amount %s only if it is plain', (cell, expected) => {
  const read = csvAmount(cell);
  if (typeof expected === 'string') expect(read).toEqual({ text: expected });
  else expect(read).toEqual({ problem: expect.stringMatching(expected) as unknown });
});

it.each(['1.0', '1,000', '-1', '', 'x', '1e3'])('takes %j for no whole number', (cell) => {
  expect(csvInteger(cell)).toHaveProperty('problem');
});

it.each([
  ['a,b\n1,2\n', 'order.csv', true],
  ['a;b\n1;2\n', 'order', true],
  ['\u{feff}Service Tag;Pos.\n', 'slip.txt', true],
  ['number: PO-1, x\n', 'order', false],
  ['{"number": "PO-1", "x": 1}', 'order', false],
  ['a,b\n1,2\n', 'order.yaml', false],
])('takes %j in %s for CSV: %s', (text, fileName, expected) => {
  expect(isCsv(text, fileName)).toBe(expected);
});
