import { expect, it } from 'vitest';

import { mib, tb } from '../units.ts';
import { blankProbes, edgeBytes, firstNonZero, sampleCount, signatureOf } from './blank-disk.ts';

it.each([4 * mib, 3 * mib + 512, mib + 512, 512, 40 * mib + 512, tb])('looks at both ends of %i bytes, and never past them', (size) => {
  const probes = blankProbes(size);
  const [first, last] = [probes[0], probes.at(-1)];
  expect(first).toEqual({ at: 0, bytes: Math.min(size, edgeBytes) });
  expect((last?.at ?? 0) + (last?.bytes ?? 0)).toBe(size);
  let end = 0;
  for (const { at, bytes } of probes) {
    expect(at).toBeGreaterThanOrEqual(end);
    end = at + bytes;
  }
  if (size < 16 * mib) expect(probes.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(size);
  if (size === tb) expect(probes).toHaveLength(sampleCount + 2);
}); // prettier-ignore

it('says what a disk holds by its mark', () => {
  const head = (at: number, text: string): Uint8Array => {
    const bytes = Buffer.alloc(edgeBytes);
    bytes.write(text, at, 'latin1');
    return bytes;
  };
  expect(signatureOf(head(512, 'EFI PART'))).toBe('a GPT partition table');
  expect(signatureOf(head(510, 'U\u00aa'))).toBe('a partition table');
  expect(signatureOf(head(1080, 'S\u00ef'))).toBe('an ext file system');
  expect(signatureOf(head(0, 'XFSB'))).toBe('an XFS file system');
  expect(signatureOf(head(512, 'LABELONE'))).toBe('an LVM volume');
  expect(signatureOf(head(7, 'x'))).toBeUndefined();
  expect(signatureOf(new Uint8Array(16))).toBeUndefined();
});

it('finds the first byte that is not zero', () => {
  expect(firstNonZero(new Uint8Array(9))).toBeUndefined();
  expect(firstNonZero(Uint8Array.of(0, 0, 1, 2))).toBe(2);
});
