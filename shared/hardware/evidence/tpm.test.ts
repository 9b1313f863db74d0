import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { childrenOf, derAt, oidOf } from './der.ts';
import { parseEkCertificate, publicKeySha256, type EkCertificate } from './tpm.ts';

const names = ['tcg-example-user-device', 'tcg-example-nonuser-device'] as const;
const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../test/fixtures/tpm/${name}.der`, import.meta.url));
function certificate(bytes: Uint8Array): EkCertificate {
  const parsed = parseEkCertificate(bytes);
  if (parsed === undefined) throw new Error('no certificate');
  return parsed;
}

describe.each(names)('%s', (name) => {
  it('names its maker, model and version, and its issuer; its subject is empty', () => {
    expect(certificate(fixture(name))).toMatchObject({
      subject: '', issuer: 'CN=ExampleCA', serial: '01', manufacturer: 'id:54434700', model: 'ABCDEF123456',
      version: 'id:00010023',
    }); // prettier-ignore
  });

  it('has the key that OpenSSL finds', async () => {
    const parsed = certificate(fixture(name));
    const other = new X509Certificate(fixture(name)).publicKey.export({ type: 'spki', format: 'der' });
    expect(Buffer.from(parsed.publicKey).equals(other)).toBe(true);
    const digest = await publicKeySha256(parsed);
    expect(digest).toBe(createHash('sha256').update(other).digest('hex'));
    expect(digest).toBe('86616db26a3a04bde0591013219a2b2cc4fdce5005163c661b3863798cb1da17');
  });

  it('is read with padding behind it, as it lies in a TPM', () => {
    const padded = Buffer.concat([fixture(name), Buffer.alloc(64, 0xff)]);
    expect(parseEkCertificate(padded)).toEqual(parseEkCertificate(fixture(name)));
  });

  it('cut anywhere is none', () => {
    const whole = fixture(name);
    for (let length = 0; length < whole.length; length += 1)
      expect(parseEkCertificate(whole.subarray(0, length)), `cut at ${length}`).toBeUndefined();
  });

  it('with a byte changed is none or a certificate, and never throws', () => {
    const whole = fixture(name);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const changed = Buffer.from(whole);
        changed[at] = byte;
        const parsed = parseEkCertificate(changed);
        if (parsed !== undefined) expect(parsed.serial).toMatch(/^[0-9a-f]+$/);
      }),
      { numRuns: 2000 },
    );
  });
});

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('DER', () => {
  it.each([
    ['an indefinite length', '30 80 00 00'],
    ['a length in more bytes than it needs', '04 81 01 00'],
    ['a length with a leading zero', `04 82 00 80 ${'00'.repeat(128)}`],
    ['a length past the end', '04 02 00'],
    ['a length of five bytes', '04 85 01 00 00 00 00'],
    ['a long tag number', '1f 81 01 00'],
    ['a tag alone', '30'],
    ['nothing', ''],
  ])('refuses %s', (_, bytes) => expect(derAt(hex(bytes))).toBeUndefined());

  it('reads a length of 128 and more', () => {
    expect(derAt(hex(`04 81 80 ${'00'.repeat(128)}`))?.content).toHaveLength(128);
  });

  it('gives no children of a value that is none, and of one with something left over', () => {
    expect(childrenOf(derAt(hex('04 02 05 00')))).toBeUndefined();
    expect(childrenOf(derAt(hex('30 03 05 00 04')))).toBeUndefined();
    expect(childrenOf(derAt(hex('30 04 05 00 05 00')))).toHaveLength(2);
  });

  it.each([
    ['06 05 67 81 05 02 01', '2.23.133.2.1'],
    ['06 03 55 04 03', '2.5.4.3'],
    ['06 06 2a 86 48 86 f7 0d', '1.2.840.113549'],
    ['06 00', undefined],
    ['06 02 55 84', undefined],
    ['06 03 55 80 01', undefined],
    ['04 01 55', undefined],
    ['06 09 2a ff ff ff ff ff ff ff 7f', undefined],
  ])('has in %s the object id %s', (bytes, oid) => expect(oidOf(derAt(hex(bytes)))).toBe(oid));

  it('of any bytes never throws, and never loops', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        childrenOf(derAt(bytes));
        oidOf(derAt(bytes));
        expect(parseEkCertificate(bytes)).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });
});
