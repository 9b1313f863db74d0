import fc from 'fast-check';
import { expect, it } from 'vitest';

import { compareVersions, isWithin, matchesGlob } from './matchers.ts';

it.each([
  ['*EPYC 9354*', 'AMD EPYC 9354 32-Core Processor', true],
  ['*epyc*', 'Intel(R) Xeon(R)', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['', '', true],
  ['*', '', true],
  ['**a**', 'bab', true],
])('glob %j over %j is %s', (pattern, text, expected) => expect(matchesGlob(pattern, text)).toBe(expected));

it('matches every text by itself once its wildcards are gone', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const plain = text.replaceAll(/[*?]/g, '');
      expect(matchesGlob(plain, plain)).toBe(true);
      expect(matchesGlob(`*${plain}*`, `x${plain}y`)).toBe(true);
    }),
  );
});

it('takes a disk within one percent and no further', () => {
  expect(isWithin(3_840_755_982_336, 3_840_000_000_000, 1)).toBe(true);
  expect(isWithin(3_800_000_000, 4_000_000_000, 1)).toBe(false);
});

it.each([
  ['2.10', '2.9', 1],
  ['1.0', '1.0', 0],
  ['2.19.1', '2.20', -1],
  ['U30', 'U29', 1],
])('compares version %s with %s', (a, b, sign) => expect(Math.sign(compareVersions(a, b))).toBe(sign));
