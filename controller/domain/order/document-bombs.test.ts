// Documents that are made to be expensive: what they cost must grow with their length, and what they say stay bounded.
import { describe, expect, it } from 'vitest';

import { PpecError } from '../../../shared/errors.ts';
import { readCabling } from '../cabling-document.ts';
import { readCsv } from './csv-table.ts';
import { readYaml } from './read-document.ts';

/** Milliseconds of the fastest of some attempts: what else the machine does only adds. */
function costMs(work: () => unknown): number {
  const times = [1, 2, 3].map(() => {
    const startMs = performance.now();
    try {
      work();
    } catch (error) {
      if (!(error instanceof PpecError)) throw error;
    }
    return performance.now() - startMs;
  });
  return Math.min(...times);
}

const yaml = (make: (size: number) => string) => (size: number) => readYaml(make(size), 'x.yaml');
const csv = (make: (size: number) => string) => (size: number) => readCsv(make(size), 'x.csv');
const list = (size: number, line: (index: number) => string): string =>
  Array.from({ length: size }, (_none, index) => line(index)).join('');

const bombs: readonly (readonly [string, number, (size: number) => unknown])[] = [
  ['keys of one map', 2000, yaml((size) => list(size, (index) => `k${index}: 1\n`))],
  ['keys of one flow map', 2000, yaml((size) => `{${list(size, (index) => `k${index}: 1, `)}}`)],
  ['the same key', 2000, yaml((size) => 'k: 1\n'.repeat(size))],
  ['aliases', 2000, yaml((size) => `- &a x\n${'- *a\n'.repeat(size)}`)],
  ['anchors', 2000, yaml((size) => list(size, (index) => `- &a${index} x\n`))],
  ['lists in lists', 4000, yaml((size) => '['.repeat(size))],
  ['dashes in dashes', 4000, yaml((size) => '- '.repeat(size))],
  ['mistakes', 2000, yaml((size) => 'a: b: c\n'.repeat(size))],
  ['inexact numbers', 2000, yaml((size) => `- 0.123456789\n`.repeat(size))],
  ['text in quotes', 50_000, yaml((size) => `"${'a\n'.repeat(size)}"`)],
  ['columns', 50_000, csv((size) => `${','.repeat(size)}\n${','.repeat(size)}`)],
  ['rows with too many cells', 5000, csv((size) => `a,b\n${'1,2,3\n'.repeat(size)}`)],
  ['quotes', 50_000, csv((size) => `a,b\n"${'""'.repeat(size)}`)],
  ['quotes in the header', 50_000, csv((size) => `${'"a'.repeat(size)}\n1`)],
  ['ports of one switch', 1000, (size) => readCabling({ text: `switch,port,rack,slot\n${list(size, (index) => `s,p${index},r,s\n`)}`, fileName: 'x.csv' })],
  ['the same port', 1000, (size) => readCabling({ text: `switch,port,rack,slot\n${'s,p,r,s\n'.repeat(size)}`, fileName: 'x.csv' })],
]; // prettier-ignore

describe('a document made of many', () => {
  // Four times the length for a quadratic cost is sixteen times the time; the margin is for a busy machine.
  it.each(bombs)('%s costs no more than its length', (_case, size, read) => {
    costMs(() => read(size));
    const ratio =
      costMs(() => read(4 * size)) /
      Math.max(
        0.5,
        costMs(() => read(size)),
      );
    expect(ratio).toBeLessThan(10);
  });
});

describe('a document', () => {
  const problem = (read: () => unknown): string => {
    try {
      read();
      return 'none';
    } catch (error) {
      return error instanceof PpecError ? `${error.issues.length}: ${error.issues[0]?.message ?? ''}` : String(error);
    }
  };

  it.each<[string, string, RegExp]>([
    [
      'that grows by aliases',
      ['a: &a [x,x,x,x,x,x,x,x,x]', 'b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]', 'c: [*b,*b,*b,*b]'].join('\n'),
      /lias/,
    ],
    ['with a key twice', 'a: 1\nb: 2\na: 3\n', /^1: 'a' is there twice/],
    ['nested without end', '['.repeat(100_000), /^\d+: nested too deeply/],
    ['with more mistakes than anybody reads', 'a: b: c\n'.repeat(5000), /^50: /],
    ['larger than is read at once', `a: "${'x'.repeat(3_000_001)}"`, /^1: .*Write it as CSV/],
    ['of several documents', '---\na: 1\n---\nb: 2\n', /multiple documents/],
  ])('%s is refused in words', (_case, text, reason) => {
    expect(problem(() => readYaml(text, 'x.yaml'))).toMatch(reason);
  });

  it('with tags makes plain data only', () => {
    const { value } = readYaml(
      'a: !!js/function "x"\nb: !!python/object:os.system [x]\n__proto__: {isAdmin: true}\n',
      'x.yaml',
    );
    expect(Reflect.get({}, 'isAdmin')).toBeUndefined();
    expect(JSON.parse(JSON.stringify(value))).toMatchObject({ a: 'x', b: ['x'] });
  });

  it('with a row larger than a row may be is refused', () => {
    expect(readCsv(`a,b\n${'x'.repeat(1_500_000)},1\n`, 'x.csv')).toMatchObject({
      issues: [{ message: expect.stringMatching(/record/i) as unknown }],
    });
  });
});
