import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { asWritten, harmless } from './csv-cell.ts';

describe('a cell', () => {
  it.each([
    ["=cmd|'/c calc'!A0", "'=cmd|'/c calc'!A0"],
    ['+1+1', "'+1+1"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['＝1', "'＝1"],
    ['\t=1', "'\t=1"],
    ["'=1", "''=1"],
    ['-12.50', "'-12.50"],
    ["'twas", "'twas"],
    ['srv-a', 'srv-a'],
    ['', ''],
  ])('%j is written as %j', (text, cell) => {
    expect(harmless(text)).toBe(cell);
    expect(asWritten(cell)).toBe(text);
  });

  it('never begins like a formula, and is read as it was', () => {
    const text = fc.tuple(fc.constantFrom('', '=', '+', '-', '@', "'", "''=", '-1', '\t'), fc.string());
    fc.assert(
      fc.property(text, ([start, rest]) => {
        const cell = harmless(start + rest);
        expect(asWritten(cell)).toBe(start + rest);
        expect(cell).toMatch(/^(?![=+\-@\t\r\n])/u);
      }),
      { numRuns: 5000 },
    );
  });
});
