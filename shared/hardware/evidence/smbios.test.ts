import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { gib, mib } from '../../units.ts';
import { biosOf, cpusOf, dimmsOf, identityOf, parseSmbios, type Smbios } from './smbios.ts';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../test/fixtures/smbios/${name}.bin`, import.meta.url));
const names = [
  'dell-poweredge-r630-dual-xeon',
  'supermicro-dual-xeon',
  'supermicro-quad-opteron',
  'asrock-single-ryzen',
  'beelink-eq12',
  'lenovo-t490',
  'toshiba-l70',
  'surface-laptop-3',
] as const;

/** Offset → little-endian bytes. */
type Fields = Readonly<Record<number, number[]>>;

/** A structure as bytes: the formatted area, zeroed but for `fields`, then its strings. */
function structure([type, length]: readonly [number, number], fields: Fields, strings: string[] = []): Buffer {
  const data = Buffer.alloc(length);
  data.set([type, length, 0x34, 0x12]);
  for (const [at, bytes] of Object.entries(fields)) data.set(bytes, Number(at));
  const texts = strings.map((text) => `${text}\0`).join('') + (strings.length === 0 ? '\0\0' : '\0');
  return Buffer.concat([data, Buffer.from(texts, 'latin1')]);
}
const end = structure([127, 4], {});
const u16 = (value: number): number[] => [value & 0xff, value >> 8];
const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];
const parsed = (...parts: Uint8Array[]): Smbios => parseSmbios(Buffer.concat([...parts, end]));
const everythingOf = (smbios: Smbios): unknown => [identityOf(smbios), biosOf(smbios), cpusOf(smbios), dimmsOf(smbios)];

describe('tables of real machines', () => {
  it.each([
    ['dell-poweredge-r630-dual-xeon', 72, 'Dell Inc.', 'PowerEdge R630', '790H8D2', '4c4c4544-0039-3010-8048-b7c04f384432'],
    ['supermicro-dual-xeon', 149, 'Supermicro', 'SYS-1027R-WRF', 'E09626824801435', '00000000-0000-0000-0000-002590eb9628'],
    ['supermicro-quad-opteron', 96, 'Supermicro', 'H8QG6', null, '47513848-0036-3000-48fe-003048fec30c'],
    ['asrock-single-ryzen', 28, null, null, null, '00000000-0000-0000-0000-d05099faa835'],
    ['beelink-eq12', 72, 'AZW', 'EQ', 'BN1004GH10075', '03000200-0400-0500-0006-000700080009'],
    ['lenovo-t490', 69, 'LENOVO', '20N2CTO1WW', 'PF1NKFHN', '0677d5cc-25b1-11b2-a85c-c66e0b64b3d5'],
    ['toshiba-l70', 69, 'TOSHIBA', 'SATELLITE PRO L70-A', 'XD198915C', 'b560f4a0-4048-11e3-8b6a-089e01ee6336'],
    ['surface-laptop-3', 20, 'Microsoft Corporation', 'Surface Laptop 3', '023078193757', '4ee6523f-d56a-f3ea-8e2a-891cf96286ea'],
  ] as const)('say what %s is', (...[name, count, manufacturer, product, serial, uuid]) => {
    const smbios = parseSmbios(fixture(name));
    expect(smbios.problem).toBeNull();
    expect(smbios.structures).toHaveLength(count);
    expect(identityOf(smbios)).toMatchObject({ manufacturer, product, serial, uuid });
  }); // prettier-ignore

  it.each([
    ['dell-poweredge-r630-dual-xeon', { vendor: 'Dell Inc.', version: '2.3.4', date: '11/08/2016' }],
    ['supermicro-quad-opteron', { vendor: 'American Megatrends Inc.', version: '3.00', date: '09/04/2012' }],
  ] as const)('give the firmware of %s', (name, bios) => expect(biosOf(parseSmbios(fixture(name)))).toEqual(bios));

  it('give both sockets of a machine with one processor', () => {
    expect(cpusOf(parseSmbios(fixture('dell-poweredge-r630-dual-xeon')))).toEqual([
      {
        socket: 'CPU1', manufacturer: 'Intel', model: 'Intel(R) Xeon(R) CPU E5-2630 v3 @ 2.40GHz', populated: true,
        cores: 8, enabledCores: 8, threads: 16, maxMhz: 4000, signature: null, microcode: null,
      },
      {
        socket: 'CPU2', manufacturer: null, model: null, populated: false,
        cores: null, enabledCores: null, threads: null, maxMhz: 4000, signature: null, microcode: null,
      },
    ]); // prettier-ignore
  });

  it.each([
    ['dell-poweredge-r630-dual-xeon', 24, 2, 16 * gib, 'DDR4', true],
    ['supermicro-dual-xeon', 16, 16, 4 * gib, 'DDR3', true],
    ['supermicro-quad-opteron', 32, 32, 4 * gib, 'DDR3', true],
    ['asrock-single-ryzen', 4, 2, 32 * gib, 'DDR4', false],
    ['beelink-eq12', 2, 1, 16 * gib, 'DDR5', false],
    ['toshiba-l70', 4, 2, 8 * gib, 'DDR3', false],
    ['surface-laptop-3', 2, 2, 8 * gib, 'DDR4', false],
  ] as const)('count the memory of %s: %d slots, %d modules of %d bytes', (...[name, slots, modules, sizeBytes, type, ecc]) => {
    const dimms = dimmsOf(parseSmbios(fixture(name)));
    expect(dimms).toHaveLength(slots);
    const populated = dimms.filter((dimm) => dimm.populated);
    expect(populated).toHaveLength(modules);
    for (const dimm of populated) expect(dimm).toMatchObject({ sizeBytes, type, ecc });
    for (const dimm of dimms.filter((candidate) => !candidate.populated))
      expect(dimm).toMatchObject({ sizeBytes: null, type: null, ratedMts: null, manufacturer: null, ecc: null });
  }); // prettier-ignore

  it('tell rated from configured speed, and which module stands in which slot', () => {
    expect(dimmsOf(parseSmbios(fixture('dell-poweredge-r630-dual-xeon')))[2]).toEqual({
      handle: 4354, slot: 'A3', bank: null, populated: true, sizeBytes: 16 * gib, type: 'DDR4', ratedMts: 2400,
      configuredMts: 1866, manufacturer: '002C00B3002C', serial: '12BDC045', part: '18ASF2G72PDZ-2G3B1', rank: 2, ecc: true,
    }); // prettier-ignore
  });

  it('say where the table of a virtual machine breaks off, and give what stands before', () => {
    const smbios = parseSmbios(fixture('hyperv-broken'));
    expect(smbios.problem).toBe('structure at byte 478 has length 0');
    expect(smbios.structures).toHaveLength(5);
    expect(identityOf(smbios)).toMatchObject({
      manufacturer: 'Microsoft Corporation',
      serial: '1519-7810-4472-8775-7272-8851-12',
    });
  });

  it('add up modules of two sizes', () => {
    const sizes = dimmsOf(parseSmbios(fixture('lenovo-t490'))).map(({ sizeBytes }) => sizeBytes);
    expect(sizes).toEqual([8 * gib, 32 * gib]);
  });

  it.each(names)('have a handle of their own for every slot of %s', (name) => {
    const handles = dimmsOf(parseSmbios(fixture(name))).map(({ handle }) => handle);
    expect(new Set(handles).size).toBe(handles.length);
  });
});

describe('a memory device', () => {
  const device = (fields: Fields, length = 0x5c): Buffer =>
    structure([17, length], { 0x10: [1], 0x12: [0x22], ...fields }, ['A1']);
  it.each<[string, Buffer, boolean, number | null]>([
    ['16 GiB in MiB', device({ 0x0c: u16(16_384) }), true, 16 * gib],
    ['the largest size of the 16-bit field', device({ 0x0c: u16(0x7ffe) }), true, 0x7ffe * mib],
    ['a size in the extended field', device({ 0x0c: u16(0x7fff), 0x1c: u32(131_072) }), true, 128 * gib],
    ['an extended size whose reserved bit is set', device({ 0x0c: u16(0x7fff), 0x1c: u32(0x80000000 + 65_536) }), true, 64 * gib],
    ['no module', device({ 0x0c: u16(0) }), false, null],
    ['a size that the firmware does not know', device({ 0x0c: u16(0xffff) }), true, null],
    ['a table too old to have the extended field', device({ 0x0c: u16(0x7fff) }, 0x1b), true, null],
    ['a structure that ends before the size', structure([17, 0x0b], {}, []), true, null],
  ])('of %s', (...[, bytes, populated, sizeBytes]) => {
    expect(dimmsOf(parsed(bytes))).toMatchObject([{ populated, sizeBytes }]);
  }); // prettier-ignore

  // As a Supermicro X8DTL lists its BIOS chip: `Type: Flash`, 4 MB, `ROM0`.
  it.each([
    ['flash', 0x09, 4],
    ['flash of any size', 0x09, 128],
    ['an EPROM', 0x0c, 128],
    ['a chip of an unknown type', 0x02, 16],
    ['a chip with its size in KiB', 0x22, 0x8000 | 0x7ffe],
  ])('that is %s is no slot', (_, type, size) => {
    expect(dimmsOf(parsed(device({ 0x12: [type], 0x0c: u16(size) })))).toEqual([]);
  });

  it.each<[string, Record<number, number[]>, number | null, number | null]>([
    ['in the 16-bit fields', { 0x15: u16(4800), 0x20: u16(4400) }, 4800, 4400],
    ['in the 32-bit fields', { 0x15: u16(0xffff), 0x54: u32(70_000), 0x20: u16(0xffff), 0x58: u32(66_000) }, 70_000, 66_000],
    ['not reported', { 0x15: u16(0), 0x20: u16(0) }, null, null],
  ])('has its speeds %s', (...[, fields, ratedMts, configuredMts]) => {
    expect(dimmsOf(parsed(device({ 0x0c: u16(8192), ...fields })))).toMatchObject([{ ratedMts, configuredMts }]);
  }); // prettier-ignore

  it.each([
    [72, 64, true],
    [80, 64, true],
    [64, 64, false],
    // As a Supermicro X10 lists its ECC modules.
    [72, 72, true],
    [40, 32, true],
    [64, 72, null],
    [0xffff, 64, null],
    [72, 0, null],
  ])('of %d bits, %d of them data, has ECC: %s', (total, data, ecc) => {
    expect(dimmsOf(parsed(device({ 0x08: u16(total), 0x0a: u16(data), 0x0c: u16(8192) })))).toMatchObject([{ ecc }]);
  });

  it('without a name goes by its handle', () => {
    expect(dimmsOf(parsed(structure([17, 0x28], { 0x0c: u16(8192) })))).toMatchObject([
      { slot: 'handle 4660', handle: 4660 },
    ]);
  });
});

describe('a processor', () => {
  const cpu = (fields: Fields, length = 0x30): Buffer =>
    structure([4, length], { 0x04: [1], 0x18: [0x41], ...fields }, ['CPU0']);
  it.each<[string, Buffer, object]>([
    ['with few cores', cpu({ 0x23: [32], 0x24: [16], 0x25: [64] }), { cores: 32, enabledCores: 16, threads: 64 }],
    [
      'with more cores than a byte holds',
      cpu({ 0x23: [0xff], 0x24: [0xff], 0x25: [0xff], 0x2a: u16(288), 0x2c: u16(256), 0x2e: u16(576) }),
      { cores: 288, enabledCores: 256, threads: 576 },
    ],
    ['of a table without counts', cpu({}, 0x20), { populated: true, cores: null, enabledCores: null, threads: null }],
    ['in a table that is full but too short for wide counts', cpu({ 0x23: [0xff] }, 0x28), { cores: null }],
    ['in an empty socket', cpu({ 0x18: [0] }), { socket: 'CPU0', populated: false }],
  ])('%s', (_, bytes, expected) => expect(cpusOf(parsed(bytes))).toMatchObject([expected]));
});

describe('identity', () => {
  const system = (fields: Record<number, number[]>, strings: string[] = []): Smbios =>
    parsed(structure([1, 0x1b], fields, strings));

  it.each(['To Be Filled By O.E.M.', 'System Serial Number', 'Default string', '0123456789', '1234567890.', 'Not Specified', '        ', '--'])(
    'takes %j for not reported',
    (text) => expect(identityOf(system({ 0x07: [1] }, [text])).serial).toBeNull(),
  ); // prettier-ignore

  it('reads the first three fields of the UUID in little-endian order', () => {
    const bytes = Array.from({ length: 16 }, (_, index) => index);
    expect(identityOf(system({ 0x08: bytes })).uuid).toBe('03020100-0504-0706-0809-0a0b0c0d0e0f');
  });

  it.each([
    ['zeros', 0],
    ['ones', 0xff],
  ])('takes a UUID of all %s for not set', (_, byte) =>
    expect(identityOf(system({ 0x08: Array<number>(16).fill(byte) })).uuid).toBeNull(),
  );

  it('has no text where the index points past the strings', () => {
    expect(identityOf(system({ 0x04: [1], 0x05: [3], 0x07: [255] }, ['Maker', 'Product']))).toMatchObject({
      manufacturer: 'Maker',
      product: null,
      serial: null,
    });
  });

  it('is all null for a machine without a table', () => {
    const smbios = parseSmbios(new Uint8Array());
    expect(smbios).toEqual({ structures: [], problem: null });
    expect(new Set(Object.values(identityOf(smbios)))).toEqual(new Set([null]));
  });
});

describe('a broken table', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['a structure of length 3', Uint8Array.of(1, 3, 0, 0, 0, 0), /structure at byte 0 has length 3/],
    ['a structure longer than the table', Uint8Array.of(1, 200, 0, 0, 0, 0), /structure at byte 0 has length 200/],
    ['a text without an end', structure([1, 4], {}, ['text']).subarray(0, 6), /text at byte 4 has no end/],
    ['texts without an end', structure([1, 4], {}, ['text']).subarray(0, 9), /the texts before byte 10 have no end/],
    ['a single byte more', Buffer.concat([structure([1, 4], {}), Uint8Array.of(7)]), /structure at byte 6 has length 0/],
    ['structures without number', Buffer.concat(Array<Buffer>(4097).fill(structure([1, 4], {}))), /more than 4096 structures/],
  ])('says where it ends: %s', (_, table, problem) => expect(parseSmbios(table).problem).toMatch(problem)); // prettier-ignore

  it('gives what stands before the end, and everything after type 127 is left out', () => {
    const one = structure([1, 0x1b], { 0x07: [1] }, ['SN-1']);
    expect(identityOf(parseSmbios(Buffer.concat([one, Uint8Array.of(17, 92)]))).serial).toBe('SN-1');
    expect(parseSmbios(Buffer.concat([end, one])).structures).toHaveLength(1);
  });

  it.each(names)('that is %s cut anywhere never throws, and only a cut between structures goes unseen', (name) => {
    const table = fixture(name);
    const whole = parseSmbios(table).structures;
    const ends = new Set(whole.map(({ data }) => data.byteOffset - table.byteOffset));
    for (let length = 0; length < table.length; length += 1) {
      const cut = parseSmbios(table.subarray(0, length));
      everythingOf(cut);
      expect(cut.structures.length).toBeLessThanOrEqual(whole.length);
      // The last structure is type 127: its formatted area alone ends a table.
      if (!ends.has(length) && cut.structures.at(-1)?.type !== 127)
        expect(cut.problem, `cut at ${length}`).not.toBeNull();
    }
  });

  it('of any bytes gives a result, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        everythingOf(parseSmbios(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('that is a real one with some bytes changed gives a result, and never throws', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.array(change, { minLength: 1, maxLength: 40 }), (name, changes) => {
        const table = fixture(name);
        for (const [at, byte] of changes) table[at % table.length] = byte;
        everythingOf(parseSmbios(table));
      }),
      { numRuns: 500 },
    );
  });
});
