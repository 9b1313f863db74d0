import { expect, it } from 'vitest';

import { fieldAndHeader } from './order-file.ts';
import { vendorColumns } from './vendor-columns.ts';

it('reads columns, beside those known before', () => {
  const known = { delivery: { serial: 'SN', line: 'Pos.' }, order: { line: 'Pos.' } };
  expect(vendorColumns(['delivery.serial=Service Tag', 'invoice.total=a=b', 'order.line='], known)).toEqual({
    delivery: { serial: 'Service Tag', line: 'Pos.' },
    invoice: { total: 'a=b' },
  });
});

it.each(['serial=x', 'delivery.serial', 'receipt.serial=x', '.serial=x'])('refuses the column %j', (text) => {
  expect(() => vendorColumns([text])).toThrow('is no KIND.FIELD=HEADER');
});

it('reads a mapping of one file', () => {
  expect([fieldAndHeader('serial=Service Tag'), fieldAndHeader('line==1')]).toEqual([
    ['serial', 'Service Tag'],
    ['line', '=1'],
  ]);
  expect(() => fieldAndHeader('serial')).toThrow('is no FIELD=HEADER');
});
