import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { formatIpv4, hostRange, isInRange, lowestFree, overlaps, parseCidr, parseIpv4 } from './ipa.ts';

describe('IPv4 arithmetic', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (address) => {
        expect(parseIpv4(formatIpv4(address))).toBe(address);
      }),
    );
  });

  it.each(['', '1.2.3', '1.2.3.256', '01.2.3.4', '1.2.3.4.5', 'a.b.c.d', ' 1.2.3.4'])('refuses %j', (text) => {
    expect(parseIpv4(text)).toBeUndefined();
  });

  it.each(['10.0.0.1/24', '10.0.0.0/31', '10.0.0.0/7', '10.0.0.0', '10.0.0.0/x'])('refuses the network %j', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  it('leaves the network and the broadcast address out', () => {
    const cidr = parseCidr('10.20.0.0/29');
    const range = cidr === undefined ? undefined : hostRange(cidr);
    expect(range && [formatIpv4(range.first), formatIpv4(range.last)]).toEqual(['10.20.0.1', '10.20.0.6']);
  });

  it('sees networks that overlap', () => {
    const [a, b, c] = ['10.0.0.0/23', '10.0.1.0/24', '10.0.2.0/24'].map(parseCidr);
    if (a === undefined || b === undefined || c === undefined) throw new Error('networks');
    expect([overlaps(a, b), overlaps(b, a), overlaps(a, c), overlaps(b, c)]).toEqual([true, true, false, false]);
  });

  it('gives every address of a range once and then none', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1000 }),
        fc.integer({ min: 0, max: 40 }),
        fc.array(fc.integer({ min: 0, max: 1050 })),
        (first, length, reserved) => {
          const range = { first, last: first + length };
          const taken = new Set(reserved);
          const before = new Set(taken);
          for (let next = lowestFree(range, taken); next !== undefined; next = lowestFree(range, taken)) {
            expect(isInRange(next, range) && !before.has(next)).toBe(true);
            taken.add(next);
          }
          for (let address = range.first; address <= range.last; address += 1) expect(taken.has(address)).toBe(true);
        },
      ),
    );
  });
});
