import { expect, it } from 'vitest';

import { macKey, reported, serialKey, uuidKey } from './identity.ts';

it.each([
  'To Be Filled By O.E.M.',
  'Default string',
  '',
  '  ',
  '00000000',
  'XXXXXXXX',
  'Not Specified',
  'No Asset Tag',
])('takes %j for not reported', (text) => expect(reported(text)).toBeNull());

it('brings serials, UUIDs and MACs to one form', () => {
  expect(serialKey(' sn-a100 ')).toBe('SN-A100');
  expect(uuidKey('4C4C4544-0044-4A10-8052-B4C04F4E5232')).toBe('4c4c4544-0044-4a10-8052-b4c04f4e5232');
  expect(uuidKey('ffffffff-ffff-ffff-ffff-ffffffffffff')).toBe('');
  expect(macKey('52-54-00-AA-00-01')).toBe('52:54:00:aa:00:01');
  expect(macKey('52:54:00')).toBeUndefined();
});
