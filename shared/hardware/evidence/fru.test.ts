import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { factCharsMax } from './fact-text.ts';
import { boardOf, parseFru, type Fru } from './fru.ts';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../test/fixtures/fru/${name}.bin`, import.meta.url));

describe('the EEPROM of a real board', () => {
  it('of a Supermicro server names board and product', () => {
    expect(parseFru(fixture('supermicro-x11scz-f'))).toEqual({
      chassis: null,
      board: {
        checksumOk: true, madeAtMs: Date.parse('2021-01-15T03:27:00Z'), manufacturer: 'Supermicro', product: 'X11SCZ-F',
        serial: 'VM211S003599', part: 'MDB-X11SCZ-F-B', fruFileId: null, custom: [],
      },
      product: {
        checksumOk: true, manufacturer: 'RNT Rausch', name: 'SRV-RNT-1U-DED-3-0002', part: null, version: 'PO-00003902',
        serial: 'DS03210109', assetTag: null, fruFileId: null, custom: [],
      },
      problems: [],
    }); // prettier-ignore
  });

  it('of a Kontron module has a custom field, and a serial of zeros that is none', () => {
    const { board, product } = parseFru(fixture('kontron-am4010'));
    expect(board).toMatchObject({ manufacturer: 'Kontron', product: 'AM4010', serial: '0023721003', part: '35943' });
    expect(board?.madeAtMs).toBe(Date.parse('2008-04-01T23:00:00Z'));
    expect(product).toMatchObject({ name: 'AM4010', part: '0012', serial: null, custom: ['MAC=00:80:82:74:09:78'] });
  });

  it('of a VadaTech power module has no date', () => {
    const { board, product } = parseFru(fixture('vadatech-utc017'));
    expect(board).toMatchObject({ madeAtMs: null, product: 'UTCA PM', serial: '4451956', fruFileId: 'MgtCtrl.bin' });
    expect(product).toMatchObject({ part: 'UTC017', version: '05.00' });
  });

  it('of an ASRockRack server has a wrong checksum in one area: reported, and the area is read', () => {
    const { board, product, problems } = parseFru(fixture('asrockrack'));
    expect(problems).toEqual(['the checksum of the board area is wrong']);
    expect(board).toMatchObject({ checksumOk: false, manufacturer: 'ASRockRack' });
    expect(product).toMatchObject({ checksumOk: true, manufacturer: 'ASRockRack', serial: null });
  });

  it('of a Dell R515 pads its product name and writes a number as BCD', () => {
    const problems: string[] = [];
    expect(boardOf(fixture('dell-r515-board-area'), problems)).toMatchObject({
      checksumOk: true, madeAtMs: null, manufacturer: 'DELL', product: 'PowerEdge R515', serial: 'CN717033AI0058',
      part: '0RMRF7A05', fruFileId: '03',
    }); // prettier-ignore
    expect(problems).toEqual([]);
  });
});

/** Ends `bytes` with padding and the byte that brings their sum to zero. */
function summed(bytes: number[]): number[] {
  const padded = [...bytes];
  while (padded.length % 8 !== 7) padded.push(0);
  return [...padded, -padded.reduce((sum, byte) => sum + byte, 0) & 0xff];
}
/** A chassis area of one part field, alone in its EEPROM. */
function chassisWith(field: number[]): Uint8Array {
  const area = [1, 0, 0x17, ...field, 0xc0, 0xc1];
  area[1] = Math.ceil((area.length + 1) / 8);
  return Uint8Array.from([...summed([1, 0, 1, 0, 0, 0, 0]), ...summed(area)]);
}
/** A product area in `language` with the maker alone. */
function productIn(language: number, text: number[]): Uint8Array {
  const area = [1, 0, language, 0xc0 | text.length, ...text, 0xc1];
  area[1] = Math.ceil((area.length + 1) / 8);
  return Uint8Array.from([...summed([1, 0, 0, 0, 1, 0, 0]), ...summed(area)]);
}
const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')];

describe('a field', () => {
  it.each<[string, number[], string | null]>([
    ['in binary', [0x03, 0xde, 0xad, 0x01], 'dead01'],
    ['in BCD plus', [0x46, 0x12, 0x3a, 0x45, 0xb6, 0x7c, 0x89], '123 45-67.89'],
    // The example of the standard, §13.3.
    ['in 6-bit ASCII', [0x83, 0x29, 0xdc, 0xa6], 'IPMI'],
    ['in 8-bit text', [0xc5, ...ascii('PN-42')], 'PN-42'],
    ['with Latin letters', [0xc4, ...ascii('M\u00fcll')], 'M\u00fcll'],
    ['that is empty', [0xc0], null],
    ['of binary zeros', [0x02, 0, 0], null],
    ['that is a placeholder', [0xc7, ...ascii('Unknown')], null],
    ['with control characters', [0xc5, ...ascii('a\n\u001bb\0')], 'a b'],
  ])('%s is read', (_, field, part) => {
    const { chassis, problems } = parseFru(chassisWith(field));
    expect(chassis).toMatchObject({ checksumOk: true, type: 0x17, part, serial: null });
    expect(problems).toEqual([]);
  });

  it.each<[string, number, number[], string]>([
    ['two bytes a character where the language is not English', 6, [0x42, 0x04, 0x43, 0x04], '\u0442\u0443'],
    ['ASCII all the same', 6, ascii('Acme'), 'Acme'],
    ['one byte where English is set', 25, ascii('Acme'), 'Acme'],
  ])('holds %s', (...[, language, text, manufacturer]) => {
    expect(parseFru(productIn(language, text)).product).toMatchObject({ manufacturer });
  });
});

describe('a damaged EEPROM', () => {
  const whole = fixture('supermicro-x11scz-f');
  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(), /needs 8 bytes, and there are 0/],
    ['erased', new Uint8Array(256).fill(0xff), /blank/],
    ['zeroed', new Uint8Array(256), /blank/],
    ['another format', Uint8Array.from(summed([2, 0, 0, 0, 0, 0, 0])), /unknown format version 2/],
    ['a changed offset', Uint8Array.from([1, 0, 9, 1, 9, 0, 0, 0xf5]), /checksum of the common header is wrong/],
    ['an area past the end', Uint8Array.from(summed([1, 0, 0, 0, 9, 0, 0])), /the product area begins past the end/],
    ['an area cut off', whole.subarray(0, 100), /the product area is cut off: 28 of its 64 bytes/],
    ['a field past its area', Uint8Array.from([...summed([1, 0, 1, 0, 0, 0, 0]), ...summed([1, 1, 0x17, 0xff, 0, 0])]), /field 1 of the chassis area runs past its end/],
    ['no end mark', Uint8Array.from([...summed([1, 0, 1, 0, 0, 0, 0]), 1, 1, 0x17, 0, 0, 2, 0, 0xe5]), /no end mark/],
  ])('says so: %s', (_, bytes, problem) => expect(parseFru(bytes).problems.join('; ')).toMatch(problem)); // prettier-ignore

  it('gives the fields before the cut', () => {
    const { board, product } = parseFru(whole.subarray(0, 100));
    expect(board).toMatchObject({ checksumOk: true, serial: 'VM211S003599' });
    expect(product).toMatchObject({ checksumOk: false, manufacturer: 'RNT Rausch', serial: null });
  });

  it('whose byte changes anywhere in an area is never taken for sound', () => {
    for (let at = 8; at < 0x88; at += 1) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      expect(parseFru(changed).problems, `byte ${at}`).not.toEqual([]);
    }
  });
});

function bounded({ chassis, board, product, problems }: Fru): void {
  const texts = [chassis, board, product].flatMap((area) => (area === null ? [] : Object.values(area).flat()));
  for (const text of texts) if (typeof text === 'string') expect(text.length).toBeLessThanOrEqual(factCharsMax);
  expect(problems.length).toBeLessThan(16);
}

describe('any bytes', () => {
  it('give a result within its limits', () => {
    const header = fc.constant(Uint8Array.from(summed([1, 0, 1, 2, 3, 0, 0])));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc.tuple(header, fc.uint8Array({ maxLength: 600 })).map(([a, b]) => Buffer.concat([a, b])),
    );
    fc.assert(fc.property(bytes, (data) => bounded(parseFru(data))), { numRuns: 2000 }); // prettier-ignore
  });

  it.each(['supermicro-x11scz-f', 'asrockrack', 'vadatech-utc017'])('of %s cut anywhere give a result', (name) => {
    const whole = fixture(name);
    for (let length = 0; length <= Math.min(whole.length, 512); length += 1) bounded(parseFru(whole.subarray(0, length)));
  }); // prettier-ignore
});
