// The memory structures byte by byte, against the field offsets of the SMBIOS 2.8 specification.

import { describe, expect, it } from 'vitest';
import { memoryStructures, type DimmSpec } from './smbios.ts';

const installed: DimmSpec = {
  locator: 'A1',
  bank: 'B0',
  sizeMiB: 16384,
  speedMts: 4800,
  manufacturer: 'Samsung',
  serial: 'S1',
  part: 'P1',
};
const empty: DimmSpec = { locator: 'A2', bank: 'B1', empty: true };

function structureAt(dimms: readonly DimmSpec[], index: number): Buffer {
  const structure = memoryStructures(dimms)[index];
  if (structure === undefined) throw new Error(`no structure ${String(index)}`);
  return structure;
}

describe('the SMBIOS memory structures', () => {
  it('describe the array as ECC system memory with one device per slot', () => {
    expect(structureAt([installed, empty], 0).toString('hex')).toBe(
      ['10', '17', '0010', '03', '03', '06', '00000080', 'feff', '0200', '0000000004000000', '0000'].join(''),
    );
  });

  it('describe an installed DIMM with its size, speed and strings', () => {
    const fields = [
      '11',
      '28',
      '0011',
      '0010',
      'feff',
      '4800',
      '4000',
      '0040',
      '09',
      '00',
      '01',
      '02',
      '22',
      '8020',
      'c012',
      '03',
      '04',
      '00',
      '05',
      '00',
      '00000000',
      'c012',
      '0000',
      '0000',
      '0000',
    ];
    const strings = Buffer.from('A1\0B0\0Samsung\0S1\0P1\0\0').toString('hex');
    expect(structureAt([installed, empty], 1).toString('hex')).toBe(fields.join('') + strings);
  });

  it('describe an empty slot with size zero and only the strings that say where it is', () => {
    const bytes = structureAt([installed, empty], 2);
    expect(bytes.readUInt16LE(0x02)).toBe(0x1101);
    expect(bytes.readUInt16LE(0x0c)).toBe(0);
    expect([...bytes.subarray(0x17, 0x1b)]).toEqual([0, 0, 0, 0]);
    expect(bytes.subarray(0x28).toString()).toBe('A2\0B1\0\0');
  });

  it.each([
    [32766, 32766, 0],
    [32767, 0x7fff, 32767],
    [65536, 0x7fff, 65536],
  ])('write %i MiB as size %i and extended size %i', (sizeMiB, size, extended) => {
    const bytes = structureAt([{ ...installed, sizeMiB }], 1);
    expect(bytes.readUInt16LE(0x0c)).toBe(size);
    expect(bytes.readUInt32LE(0x1c)).toBe(extended);
  });

  it.each<[string, DimmSpec]>([
    ['an empty string', { ...installed, serial: '' }],
    ['a blank string', { ...installed, part: '  ' }],
    ['a NUL in a string', { ...installed, bank: 'a\0b' }],
    ['a string past 64 characters', { ...installed, locator: 'x'.repeat(65) }],
    ['a size of zero', { ...installed, sizeMiB: 0 }],
    ['a speed past 16 bits', { ...installed, speedMts: 65535 }],
  ])('refuse %s', (_case, dimm) => {
    expect(() => memoryStructures([dimm])).toThrow(RangeError);
  });

  it('refuse a server without slots', () => {
    expect(() => memoryStructures([])).toThrow(RangeError);
  });
});
