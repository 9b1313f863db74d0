import fc from 'fast-check';
import { expect, it } from 'vitest';

import { canonicalJson } from './canonical-json.ts';

it('gives one text whatever the order of keys', () => {
  expect(canonicalJson({ b: 1, a: [true, null, 'x'] })).toBe('{"a":[true,null,"x"],"b":1}');
  expect(canonicalJson({ a: [true, null, 'x'], b: 1 })).toBe(canonicalJson({ b: 1, a: [true, null, 'x'] }));
});

it('keeps every JSON value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

it('refuses what JSON cannot say', () => {
  expect(() => canonicalJson(Number.NaN)).toThrow('no JSON');
  expect(() => canonicalJson(() => 1)).toThrow('no JSON');
});
