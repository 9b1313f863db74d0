import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';

import { crc32, isSecretText, secretPattern, secretText } from './secret-text.ts';

const random = fc.uint8Array({ minLength: 32, maxLength: 32 });

it('has the checksum that zlib computes', () => {
  fc.assert(fc.property(fc.string(), (text) => crc32(text) === zlibCrc32(Buffer.from(text))));
});

it('is found by the documented pattern and is of its kind only', () => {
  fc.assert(
    fc.property(random, (bytes) => {
      const text = secretText('credential', bytes);
      expect(text).toHaveLength(57);
      expect(secretPattern.exec(`token=${text};`)?.[0]).toBe(text);
      expect([isSecretText('credential', text), isSecretText('access', text)]).toEqual([true, false]);
    }),
  );
});

it('shows one mistyped character', () => {
  const text = secretText('credential', new Uint8Array(32).fill(7));
  for (let at = 8; at < text.length; at += 1) {
    const wrong = text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1);
    expect(isSecretText('credential', wrong), wrong).toBe(false);
  }
});

it('keeps every bit: the smallest and the largest value differ in each place they can', () => {
  expect(secretText('access', new Uint8Array(32))).toMatch(/^ppec_at_0{43}/);
  expect(secretText('access', new Uint8Array(32).fill(255))).not.toContain('_0');
});
