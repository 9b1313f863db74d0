import { expect, it } from 'vitest';

import type { Finding } from '../../shared/inspection/finding.ts';
import { withOrderLine } from './ordered-finding.ts';

const finding = (sentence: string): Finding => ({
  path: 'memory/A2',
  kind: 'missing',
  severity: 'block',
  expected: null,
  actual: null,
  source: 'smbios',
  rule: 'dimms',
  class: 'two@1',
  sentence,
});

it.each([
  [
    'DIMM slot A2 is empty; ordered 2 × 1 GiB, found 1.',
    'DIMM slot A2 is empty; ordered 2 × 1 GiB, found 1 (PO-7 line 2).',
  ],
  ['It is … wrong', 'It is … wrong (PO-7 line 2).'],
  ['a'.repeat(300), `${'a'.repeat(284)}… (PO-7 line 2).`],
])('%s', (before, after) => {
  const [named] = withOrderLine([finding(before)], { purchaseOrder: 'PO-7', line: 2 });
  expect(named).toEqual({ ...finding(before), sentence: after });
  expect(after.length).toBeLessThanOrEqual(300);
});
