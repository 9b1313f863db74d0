import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseStrictJson } from './strict-json.ts';

describe('strict JSON', () => {
  it('reads whatever JSON.stringify writes as it was', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        if (text.includes('"__proto__"')) return;
        expect(parseStrictJson(text, 64)).toEqual(JSON.parse(text));
      }),
      { numRuns: 3000 },
    );
  });

  it.each<[string, string, RegExp]>([
    ['a name twice', '{"a":1,"a":2}', /'a' is there twice/],
    ['a name twice, once escaped', String.raw`{"a":1,"\u0061":2}`, /'a' is there twice/],
    ['a name twice, deep inside', '[{"x":[{"a":1 , "b":{}, "a" :2}]}]', /'a' is there twice/],
    ['a prototype', '{"__proto__":{"isAdmin":true}}', /__proto__/],
    ['an escaped prototype', String.raw`{"\u005f_proto__":1}`, /__proto__/],
    ['more depth than is allowed', '['.repeat(65) + ']'.repeat(65), /deeper than 64/],
    ['endless depth', '{"a":'.repeat(1_000_000), /deeper than 64/],
    ['what is no JSON', '{"a":1', /JSON/],
    ['a string without end', '{"a', /JSON|string/i],
  ])('refuses %s', (_case, text, reason) => {
    expect(() => parseStrictJson(text, 64)).toThrow(reason);
  });

  it.each([
    ['the same name in two objects', '[{"a":1},{"a":2}]'],
    ['a value that reads like a name', '{"a":"a","b":["a","a"]}'],
    ['brackets and quotes in text', String.raw`{"a":"[[[[{\"a\":1}","b":"\\"}`],
    ['as much depth as is allowed', '['.repeat(64) + ']'.repeat(64)],
  ])('takes %s', (_case, text) => {
    expect(parseStrictJson(text, 64)).toEqual(JSON.parse(text));
  });
});
