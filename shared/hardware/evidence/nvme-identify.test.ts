import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { identifyBytes, identifyController, identifyNamespace } from './nvme-identify.ts';

type Put = (page: Buffer) => void;
function page(put: Put): Buffer {
  const bytes = Buffer.alloc(identifyBytes);
  put(bytes);
  return bytes;
}

describe('a controller', () => {
  // The values an SN730 gave to nvme-cli.
  const sn730 = (more: Put = () => {}): Buffer =>
    page((bytes) => {
      bytes.writeUInt16LE(5559, 0);
      bytes.write('1951B3444502        ', 4, 'latin1');
      bytes.write('WDC PC SN730 SDBQNTY-256G-1001          ', 24, 'latin1');
      bytes.write('11170101', 64, 'latin1');
      bytes.writeUInt32LE(66_304, 80);
      bytes.writeUInt16LE(357, 266);
      bytes.writeUInt16LE(361, 268);
      bytes.writeBigUInt64LE(256_060_514_304n, 280);
      bytes.writeUInt32LE(1, 516);
      more(bytes);
    });

  it('says who it is, how large, and when it is too hot', () => {
    expect(identifyController(sn730())).toEqual({
      pciVendor: 0x15b7, serial: '1951B3444502', model: 'WDC PC SN730 SDBQNTY-256G-1001', firmware: '11170101',
      totalBytes: 256_060_514_304, unallocatedBytes: 0, warningCelsius: 84, criticalCelsius: 88, nvmeVersion: '1.3.0',
      namespacesMax: 1,
    }); // prettier-ignore
  });

  it.each<[string, Put, object]>([
    ['a capacity no number holds', (bytes) => bytes.fill(0xff, 280, 296), { totalBytes: null, unallocatedBytes: null }],
    ['no capacity of its own', (bytes) => bytes.fill(0, 280, 296), { totalBytes: null, unallocatedBytes: null }],
    ['no temperatures', (bytes) => bytes.fill(0, 266, 270), { warningCelsius: null, criticalCelsius: null }],
    ['no version', (bytes) => bytes.fill(0, 80, 84), { nvmeVersion: null }],
    ['a serial of blanks', (bytes) => bytes.fill(0x20, 4, 24), { serial: null }],
    ['a serial of NULs', (bytes) => bytes.fill(0, 4, 24), { serial: null }],
  ])('may report %s', (...[, more, expected]) => {
    expect(identifyController(sn730(more))).toMatchObject(expected);
  }); // prettier-ignore
});

describe('a namespace', () => {
  const format = (bytes: Buffer, index: number, [metadata, exponent]: readonly [number, number]): void => {
    bytes.writeUInt16LE(metadata, 128 + index * 4);
    bytes[130 + index * 4] = exponent;
  };
  const namespace = (more: Put): Buffer =>
    page((bytes) => {
      bytes.writeBigUInt64LE(7_501_476_528n, 0);
      bytes.writeBigUInt64LE(100n, 16);
      bytes[25] = 1;
      format(bytes, 0, [0, 9]);
      format(bytes, 1, [8, 12]);
      more(bytes);
    });

  it.each<[string, Put, object]>([
    ['of 512-byte blocks', () => {}, { sizeBytes: 3_840_755_982_336, usedBytes: 51_200, blockBytes: 512, metadataBytes: 0 }],
    ['of 4096-byte blocks with metadata', (bytes) => bytes.writeUInt8(1, 26), { blockBytes: 4096, sizeBytes: 30_726_047_858_688, metadataBytes: 8 }],
    ['in a format that is not there', (bytes) => bytes.writeUInt8(2, 26), { blockBytes: null, sizeBytes: null }],
    ['in a format that cannot be used', (bytes) => format(bytes, 0, [0, 0]), { blockBytes: null, sizeBytes: null }],
    ['whose upper index bits count only with many formats', (bytes) => bytes.writeUInt8(0x20, 26), { blockBytes: 512 }],
    ['with more blocks than a number holds', (bytes) => bytes.fill(0xff, 0, 8), { sizeBytes: null, usedBytes: 51_200 }],
    ['with identifiers', (bytes) => bytes.fill(0xab, 104, 128), { nguid: 'ab'.repeat(16), eui64: 'ab'.repeat(8) }],
    ['without identifiers', () => {}, { nguid: null, eui64: null }],
  ])('%s', (...[, more, expected]) => expect(identifyNamespace(namespace(more))).toMatchObject(expected)); // prettier-ignore

  it('with more than 16 formats has a longer index', () => {
    const data = namespace((bytes) => {
      bytes[25] = 17;
      bytes[26] = 0x21;
      format(bytes, 17, [0, 12]);
    });
    expect(identifyNamespace(data)).toMatchObject({ blockBytes: 4096 });
  });
});

describe('data', () => {
  it.each([0, 1, 4095, 4097])('of %d bytes are none', (length) => {
    expect(identifyController(new Uint8Array(length).fill(1))).toBeNull();
    expect(identifyNamespace(new Uint8Array(length).fill(1))).toBeNull();
  });

  it('of zeros are none: the controller did not answer, or the namespace is not in use', () => {
    expect(identifyController(new Uint8Array(identifyBytes))).toBeNull();
    expect(identifyNamespace(new Uint8Array(identifyBytes))).toBeNull();
  });

  it('of any bytes give exact numbers or none, and never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 640, maxLength: 640 }), (head) => {
        const data = Buffer.concat([head, Buffer.alloc(identifyBytes - head.length)]);
        const numbers = [identifyController(data), identifyNamespace(data)].flatMap((facts) => Object.values(facts ?? {}));
        for (const value of numbers) if (typeof value === 'number') expect(Number.isSafeInteger(value)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  }); // prettier-ignore
});
