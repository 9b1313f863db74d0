// Which TPM this machine has: its maker, its firmware, and the certificates of its endorsement keys (TCG EK Credential
// Profile 2.5 §2.2.1.4 for the indexes). Over the kernel's resource manager, which lets others use the TPM meanwhile.
import { access, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { PpecError } from '../../shared/errors.ts';
import { parseEkCertificate, publicKeySha256 } from '../../shared/hardware/evidence/tpm.ts';
import { base64, jsonBytes, type Collector, type Host, type Reading } from './collector.ts';
import {
  getFixedProperties,
  nvRead,
  nvReadPublic,
  ownerHandle,
  readFixedProperties,
  readNvData,
  readNvPublic,
} from './tpm-commands.ts';

/** RSA 2048, ECC P-256, and ECC P-384: the low range and the first of the high range. */
const certificateIndexes = [0x01c00002, 0x01c0000a, 0x01c00016];
const certificateBytesMax = 8192;
const chunkBytes = 512;
const responseBytesMax = 4096;
const timeoutMs = 20_000;

/** Sends one command and gives its answer. */
export type Exchange = (command: Uint8Array) => Promise<Uint8Array>;

export function tpmFamily({ root }: Host): readonly Collector[] {
  return [{ source: 'tpm.json', collect: () => tpm(root) }];
}

async function tpm(root: string): Promise<Reading> {
  const folder = join(root, 'sys/class/tpm/tpm0');
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  if (!isThere) return { absentBecause: 'the kernel finds no TPM' };
  const version = (await readFile(join(folder, 'tpm_version_major'), 'utf8').catch(() => '2')).trim();
  // TPM 1.2 speaks another language and has no certificate where this one has.
  if (version === '1') return jsonBytes({ version: 1, properties: {}, ekCertificates: {}, ekPublicSha256s: [] });
  return withTimeout(withDevice(join(root, 'dev/tpmrm0'), tpmFacts));
}

/** What tpm.json holds, of any TPM 2.0 that can be talked to. */
export async function tpmFacts(exchange: Exchange): Promise<Uint8Array> {
  const properties = readFixedProperties(await exchange(getFixedProperties()));
  const chunk = Math.min(chunkBytes, properties.nvBufferBytes === 0 ? chunkBytes : properties.nvBufferBytes);
  const certificates: Record<string, string> = {};
  const ekPublicSha256s = new Set<string>();
  for (const index of certificateIndexes) {
    const bytes = await nvContent(exchange, index, chunk);
    if (bytes === undefined) continue;
    certificates[`0x${index.toString(16).padStart(8, '0')}`] = base64(bytes);
    const certificate = parseEkCertificate(bytes);
    if (certificate !== undefined) ekPublicSha256s.add(await publicKeySha256(certificate));
  }
  const { manufacturer, vendor, firmware } = properties;
  return jsonBytes({
    version: 2,
    properties: { manufacturer, vendor, firmware },
    ekCertificates: certificates,
    ekPublicSha256s: [...ekPublicSha256s],
  });
}

/** Undefined where the maker stored nothing there, or nothing that may be read. */
async function nvContent(exchange: Exchange, index: number, chunk: number): Promise<Uint8Array | undefined> {
  const nv = readNvPublic(await exchange(nvReadPublic(index)));
  if (nv === undefined || nv.readableBy === 'nobody' || nv.bytes > certificateBytesMax) return undefined;
  const auth = nv.readableBy === 'itself' ? index : ownerHandle;
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < nv.bytes; offset += chunk) {
    const bytes = Math.min(chunk, nv.bytes - offset);
    const part = readNvData(await exchange(nvRead({ index, auth, bytes, offset })));
    if (part.length !== bytes) throw new PpecError('unavailable', 'the TPM gave less of a certificate than it has');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** A character device: one write is one command, one read its whole answer. */
async function withDevice(path: string, work: (exchange: Exchange) => Promise<Uint8Array>): Promise<Uint8Array> {
  const device = await open(path, 'r+');
  try {
    return await work(async (command) => {
      await device.write(command, 0, command.length, null);
      const answer = new Uint8Array(responseBytesMax);
      const { bytesRead } = await device.read(answer, 0, answer.length, null);
      return answer.subarray(0, bytesRead);
    });
  } finally {
    await device.close();
  }
}

/** A TPM that hangs keeps its one thread; the collection goes on. */
async function withTimeout(work: Promise<Uint8Array>): Promise<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new PpecError('deadline_exceeded', `the TPM gave no answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
