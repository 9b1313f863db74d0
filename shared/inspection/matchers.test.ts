import fc from 'fast-check';
import { expect, it } from 'vitest';

import {
  atLeast,
  atMost,
  compareVersions,
  exactAmount,
  exactly,
  glob,
  globOneOf,
  globTest,
  hexAtLeast,
  isWithin,
  matchesGlob,
  oneOf,
  range,
  tolerance,
  versionAtLeast,
  type Matcher,
} from './matchers.ts';

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
  ['2.01.5', '2.1.3', 1],
  ['1.0', '1', 0],
])('compares version %s with %s', (a, b, sign) => expect(Math.sign(compareVersions(a, b))).toBe(sign));

it.each<[string, Matcher<number>, number | null, string]>([
  ['an amount that is it', exactAmount(4), 4, 'match'],
  ['less than the amount', exactAmount(4), 3, 'worse'],
  ['more than the amount', exactAmount(4), 5, 'better'],
  ['the least that is enough', atLeast(4), 4, 'match'],
  ['too little', atLeast(4), 3, 'worse'],
  ['the most that is allowed', atMost(4), 4, 'match'],
  ['too much', atMost(4), 5, 'better'],
  ['below a range', range(2, 4), 1, 'worse'],
  ['the end of a range', range(2, 4), 4, 'match'],
  ['above a range', range(2, 4), 5, 'better'],
  ['within a tolerance', tolerance(100, 1), 99, 'match'],
  ['below a tolerance', tolerance(100, 1), 98, 'worse'],
  ['above a tolerance', tolerance(100, 1), 102, 'better'],
  ['one of several numbers', oneOf([1, 2]), 2, 'match'],
  ['none of several numbers', oneOf([1, 2]), 3, 'wrong'],
  ['no number', range(2, 4), null, 'unverifiable'],
  ['what is not a number', range(2, 4), Number.NaN, 'unverifiable'],
  ['no number for a tolerance', tolerance(100, 1), null, 'unverifiable'],
])('judges %s', (...[, matches, actual, outcome]) => expect(matches(actual)).toBe(outcome));

it.each<[string, Matcher<string>, string | null, string]>([
  ['the same text in another case', exactly<string>('DDR5'), 'ddr5', 'match'],
  ['another text', exactly<string>('DDR5'), 'DDR4', 'wrong'],
  ['one of several texts', oneOf<string>(['a', 'B']), 'b', 'match'],
  ['a text a glob covers', glob('*9354*'), 'AMD EPYC 9354', 'match'],
  ['a text a glob starts', glob('0302*'), '030200', 'match'],
  ['a text a glob does not cover', glob('0302*'), '030000', 'wrong'],
  ['a text none of the globs covers', globOneOf(['a*', 'b*']), 'c', 'wrong'],
  ['a newer version', versionAtLeast('2.9'), '2.10', 'match'],
  ['the same version with another end', versionAtLeast('8.30'), '8.30 0x8000a4b2', 'match'],
  ['an older version', versionAtLeast('2.9'), '2.8.99', 'worse'],
  ['a newer microcode', hexAtLeast('0x830107a'), '0x8301155', 'match'],
  ['an older microcode', hexAtLeast('0x830107a'), '0x8301055', 'worse'],
  ['a microcode that is no number', hexAtLeast('0x1'), 'new', 'unverifiable'],
])('judges %s', (...[, matches, actual, outcome]) => {
  expect(matches(actual)).toBe(outcome);
  expect(matches(null)).toBe('unverifiable');
});

it('covers with a prepared glob what the glob matches', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'B', '*', '?'), maxLength: 6 });
  fc.assert(
    fc.property(texts, texts, (pattern, text) => {
      expect(globTest(pattern)(text)).toBe(matchesGlob(pattern, text));
    }),
  );
});
