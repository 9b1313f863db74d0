import { expect, it } from 'vitest';

import { formatBinaryBytes, formatDecimalBytes, formatStopwatch, parseBytes } from './units.ts';

it.each([
  ['32GiB', 34_359_738_368],
  ['2 GiB', 2_147_483_648],
  ['3.84 TB', 3_840_000_000_000],
  ['512MiB', 536_870_912],
])('reads %s as %d bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

it.each(['', '12', 'GB', '-1 GB', '1 XB', '1e3 GB'])('refuses %j', (text) => expect(parseBytes(text)).toBeUndefined());

it('shows memory in binary and disks in decimal units', () => {
  expect(formatBinaryBytes(2_147_483_648)).toBe('2 GiB');
  expect(formatDecimalBytes(4_000_000_000)).toBe('4.0 GB');
  expect(formatDecimalBytes(960_197_124_096)).toBe('960 GB');
});

it('shows durations as a stopwatch', () => {
  expect(formatStopwatch(31_000)).toBe('0:31');
  expect(formatStopwatch(8_049_000)).toBe('2:14:09');
});
