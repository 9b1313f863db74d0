import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { jedecName, memoryMaker } from './jedec.ts';

describe('a maker', () => {
  // As listings of real machines have them, and the forms other firmware uses.
  it.each([
    ['00AD00B300AD', 'SK hynix'],
    ['00AD00B380AD', 'SK hynix'],
    ['00AD069D00AD', 'SK hynix'],
    ['00CE00B300CE', 'Samsung'],
    ['00CE063200CE', 'Samsung'],
    ['00CE000000CE', 'Samsung'],
    ['80CE000080CE', 'Samsung'],
    ['002C00B3002C', 'Micron'],
    ['Bank 1, Hex 0x2C', 'Micron'],
    ['Bank 1, Hex 0xAD', 'SK hynix'],
    ['Bank 10, Hex 0x83', 'Hewlett Packard Enterprise'],
    ['80AD', 'SK hynix'],
    ['0x80CE', 'Samsung'],
    ['0x2C00', 'Micron'],
    ['AD00', 'SK hynix'],
    ['JEDEC ID:80 2C', 'Micron'],
    ['JEDEC ID:CE 00 00 00 00 00 00 00', 'Samsung'],
    ['7F7F7F7F7F510000', 'Qimonda'],
    ['2CFFFFFFFFFFFFFF', 'Micron'],
    ['7f98000000000000', 'Kingston'],
    ['0198', 'Kingston'],
    ['9801', 'Kingston'],
    ['859B', 'Crucial'],
    ['04CB', 'A-DATA'],
    ['04CD', 'G.Skill'],
    ['830B', 'Nanya'],
    ['8980', 'Intel'],
    ['  80CE ', 'Samsung'],
  ])('printed as %j is %s', (printed, name) => expect(memoryMaker(printed)).toBe(name));

  it.each(['Samsung', 'SK Hynix', 'Hyundai', 'UNKNOWN', 'NO DIMM', '', '0x', '00', '80', '0000', 'FFFF', '000000000000', '7F7F7F7F7F7F7F7F', '1234', 'Bank 99, Hex 0xCE', 'ACE'])(
    'printed as %j stays as it is',
    (printed) => expect(memoryMaker(printed)).toBe(printed),
  ); // prettier-ignore

  it('has the same number in another bank than another maker', () => {
    expect([jedecName(1, 0x18), jedecName(2, 0x98)]).toEqual(['Kioxia', 'Kingston']);
    expect(jedecName(0, 0x18)).toBeUndefined();
  });
});

it('gives a name or the text itself for any text', () => {
  const hex = fc.array(fc.constantFrom(...'0123456789ABCDEFabcdef xBank,Hex:'.split('')), { maxLength: 24 }).map((all) => all.join(''));
  fc.assert(
    fc.property(fc.oneof(fc.string(), hex), (text) => {
      const name = memoryMaker(text);
      expect(name === text || /^[A-Z][\w .-]+$/i.test(name)).toBe(true);
    }),
    { numRuns: 2000 },
  );
}); // prettier-ignore
