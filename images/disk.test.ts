import { describe, expect, it } from 'vitest';

import { hasSuite } from './base-rootfs.ts';
import { uuidOf } from './digest.ts';
import { linkGrub } from './disk.ts';

describe('linkGrub', () => {
  const boot = Buffer.alloc(512, 0xee);
  const core = Buffer.alloc(512 * 3 + 7, 0xcc);
  const { bootSector, coreImage } = linkGrub({ boot, core, firstSector: 2048 });

  it('names the first sector of the core in the boot sector, and leaves the partition table alone', () => {
    expect(bootSector.readBigUInt64LE(0x5c)).toBe(2048n);
    expect(bootSector.length).toBe(440);
  });

  it('names the rest of the core in its first sector', () => {
    expect(coreImage.length).toBe(2048);
    expect(coreImage.readBigUInt64LE(500)).toBe(2049n);
    expect(coreImage.readUInt16LE(508)).toBe(3);
    expect(coreImage.readUInt16LE(510)).toBe(0x820);
    expect(coreImage.subarray(512, 512 * 3 + 7).equals(core.subarray(512))).toBe(true);
  });

  it('leaves what it was given as it was', () => {
    expect(boot.every((byte) => byte === 0xee) && core.every((byte) => byte === 0xcc)).toBe(true);
  });
});

describe('uuidOf', () => {
  it('is a UUID of version 8, the same for the same image and purpose only', () => {
    expect(uuidOf('a', 'root')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidOf('a', 'root')).toBe(uuidOf('a', 'root'));
    expect(new Set([uuidOf('a', 'root'), uuidOf('b', 'root'), uuidOf('a', 'esp')]).size).toBe(3);
  });
});

describe('hasSuite', () => {
  it.each([
    ['deb http://m.test/debian bookworm main contrib', true],
    ['deb [signed-by=/k.gpg arch=amd64] https://m.test/debian bookworm-security main', true],
    ['Types: deb\nURIs: https://m.test/debian\nSuites: bookworm bookworm-updates\nComponents: main', true],
    ['deb https://m.test/debian trixie main', false],
    ['# deb https://m.test/debian bookworm main', false],
    ['deb https://m.test/tools tools-bookworm main', false],
  ])('%s: %s', (text, expected) => {
    expect(hasSuite(text)).toBe(expected);
  });
});
