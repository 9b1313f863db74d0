import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';

import { decodeAgentMessage } from './codec.ts';
import { frameProblem } from './frame-shape.ts';
import { frameDepthMax } from './limits.ts';

const packr = new Packr({ useRecords: false, moreTypes: false });
const withExtensions = new Packr({ useRecords: true, moreTypes: true, structuredClone: true });
const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list);
const nested = (depth: number): Uint8Array => bytes(...Array.from({ length: depth }, () => 0x91), 0xc0);

describe('the shape of a frame', () => {
  it('is that of any plain data', () => {
    const plain = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.string({ maxLength: 300 }),
        fc.integer(),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        fc.uint8Array({ maxLength: 300 }),
        fc.array(tie('value'), { maxLength: 20 }),
        fc.dictionary(fc.string({ maxLength: 40 }), tie('value'), { maxKeys: 20 }),
      ),
    })).value;
    fc.assert(
      fc.property(plain, (value) => {
        const problem = frameProblem(packr.pack(value));
        return problem === undefined || problem.startsWith('nested');
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', bytes(), /ends in the middle/],
    ['the type that is never used', bytes(0xc1), /0xc1/],
    ['an array that declares four thousand million values', bytes(0xdd, 0xff, 0xff, 0xff, 0xff), /length beyond/],
    ['a map that declares as many pairs', bytes(0xdf, 0xff, 0xff, 0xff, 0xff, 1), /length beyond/],
    ['text that declares more than there is', bytes(0xdb, 0xff, 0xff, 0xff, 0xff, 0x61), /ends in the middle/],
    ['a length that is not whole', bytes(0xdc, 0x01), /ends in the middle/],
    ['a date', packr.pack([bytes()]).fill(0xd6, 0, 1), /0xd6/],
    ['a set', withExtensions.pack(new Set([1])), /0xd4|0xc7/],
    ['a regular expression', withExtensions.pack(/a/), /0xd4|0xc7/],
    ['an error', withExtensions.pack(new Error('x')), /0xd4|0xc7/],
    ['a record', withExtensions.pack({ a: 1 }), /0xd4|0xc7/],
    ['one level too many', nested(frameDepthMax + 1), /nested deeper/],
    ['a hundred thousand levels', nested(100_000), /nested deeper/],
    ['a second value after the first', bytes(0xc0, 0xc0), /after its end/],
  ])('is not that of %s', (_case, frame, problem) => {
    expect(frameProblem(frame)).toMatch(problem);
    expect(decodeAgentMessage(frame)).toMatchObject({ ok: false, close: 'malformedFrame' });
  });

  it('is that of messages at the deepest they may be', () => {
    expect(frameProblem(nested(frameDepthMax))).toBeUndefined();
  });

  it('of whatever bytes is told without throwing, in time that grows with their length only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (frame) => {
        frameProblem(frame);
        return !decodeAgentMessage(frame).ok;
      }),
      { numRuns: 20_000 },
    );
  });
});
