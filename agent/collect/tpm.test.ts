// A TPM played by bytes: its answers are composed by the tables of the standard, not by the code that reads them.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { nvRead, nvReadPublic, readNvData } from '../tpm/nv.ts';
import { getFixedProperties, readFixedProperties } from './tpm-commands.ts';
import { tpmFacts, tpmFamily } from './tpm.ts';

const certificate = fileURLToPath(new URL('../../test/fixtures/tpm/tcg-example-user-device.der', import.meta.url));
const hex = (...words: string[]): Buffer => Buffer.from(words.join('').replaceAll(' ', ''), 'hex');
const u16 = (value: number): string => value.toString(16).padStart(4, '0');
const u32 = (value: number): string => value.toString(16).padStart(8, '0');

/** TPMA_NV: written, readable by the index's own authorization or by the owner's. */
const byItself = '62040004';
const byOwner = '62020004';

const answer = (tag: string, code: number, body = ''): Buffer =>
  hex(tag, u32(10 + body.replaceAll(' ', '').length / 2), u32(code), body);

const properties = answer(
  '8001',
  0,
  // No more data, TPM_CAP_TPM_PROPERTIES, six of them: family, maker IFX, names SLB9 and 670, firmware 7.85.4555.0.
  '00 00000006 00000006 00000100 322e3000 00000105 49465800 00000106 534c4239 00000107 36373000 0000010b 00070055 0000010c 11cb0000',
);

type Index = { readonly data: Buffer; readonly attributes: string };

/** Answers NV_ReadPublic and NV_Read for what it holds, and refuses other indexes as a TPM does. */
function chip(indexes: Readonly<Record<string, Index>>): { exchange: (command: Uint8Array) => Promise<Uint8Array> } {
  return {
    exchange: async (bytes) => {
      const command = Buffer.from(bytes);
      expect(command.readUInt32BE(2)).toBe(command.length);
      const code = command.readUInt32BE(6);
      if (code === 0x17a) return properties;
      const at = code === 0x169 ? 10 : 14;
      const found = indexes[u32(command.readUInt32BE(at))];
      if (found === undefined) return answer('8001', 0x18b);
      const { data, attributes } = found;
      if (code === 0x169)
        return answer('8001', 0, `0010 ${u32(0x01c00002)} 000b ${attributes} 0002 aabb ${u16(data.length)}`);
      const [bytesWanted, offset] = [
        command.readUInt16BE(command.length - 4),
        command.readUInt16BE(command.length - 2),
      ];
      const part = data.subarray(offset, offset + bytesWanted);
      return answer('8002', 0, `${u32(part.length + 2)} ${u16(part.length)} ${part.toString('hex')} 0000 01 0000`);
    },
  };
}

const factsOf = async (indexes: Readonly<Record<string, Index>>): Promise<unknown> =>
  JSON.parse(Buffer.from(await tpmFacts(chip(indexes).exchange)).toString());

it('asks as the standard writes it', () => {
  expect(getFixedProperties()).toEqual(hex('8001 00000016 0000017a 00000006 00000100 00000040'));
  expect(nvReadPublic(0x01c00002)).toEqual(hex('8001 0000000e 00000169 01c00002'));
  expect(nvRead({ index: 0x01c00002, auth: 0x40000001, bytes: 512, offset: 1024 })).toEqual(
    hex('8002 00000023 0000014e 40000001 01c00002 00000009 40000009 0000 00 0000 0200 0400'),
  );
});

it('names maker, chip, firmware and the certificates with the digests of their keys', async () => {
  const data = await readFile(certificate);
  expect(
    await factsOf({ '01c00002': { data, attributes: byItself }, '01c0000a': { data, attributes: byOwner } }),
  ).toEqual({
    version: 2,
    properties: { manufacturer: 'IFX', vendor: 'SLB9670', firmware: '7.85.4555.0' },
    ekCertificates: { '0x01c00002': data.toString('base64'), '0x01c0000a': data.toString('base64') },
    ekPublicSha256s: [expect.stringMatching(/^[0-9a-f]{64}$/)],
  });
});

it('keeps what is stored where a certificate should be, certificate or not', async () => {
  const data = Buffer.from('no certificate');
  expect(await factsOf({ '01c00002': { data, attributes: byItself } })).toMatchObject({
    ekCertificates: { '0x01c00002': data.toString('base64') },
    ekPublicSha256s: [],
  });
});

it.each([
  ['nothing is stored', {}],
  ['what is stored was never written', { '01c00002': { data: Buffer.alloc(8), attributes: '42040004' } }],
  ['only a policy may read it', { '01c00002': { data: Buffer.alloc(8), attributes: '60080004' } }],
  ['it is larger than a certificate', { '01c00002': { data: Buffer.alloc(9000), attributes: byItself } }],
])('has no certificate where %s', async (_, indexes) => {
  expect(await factsOf(indexes)).toMatchObject({ version: 2, ekCertificates: {} });
});

it.each([
  ['an error', answer('8001', 0x101), 'answers with code 0x101'],
  ['half of an answer', properties.subarray(0, 20), 'cut off after 20 bytes'],
  ['nothing', Buffer.alloc(0), 'cut off after 0 bytes'],
  ['fewer properties than it announces', answer('8001', 0, '00 00000006 00000006 00000100'), 'shorter than'],
])('fails on %s', (_, response, message) => {
  expect(() => readFixedProperties(response)).toThrow(message);
});

it('fails on less data than its size announces', () => {
  expect(() => readNvData(answer('8002', 0, '00000004 0010 aabb'))).toThrow('shorter than');
});

it('is absent on a machine without a TPM', async () => {
  const [tpm] = tpmFamily({ root: await temporaryFolder() });
  expect(await tpm?.collect()).toEqual({ absentBecause: 'the kernel finds no TPM' });
});
