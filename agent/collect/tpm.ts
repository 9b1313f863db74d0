// Which TPM this machine has: its maker, its firmware, and the certificates of its endorsement keys.
import { parseEkCertificate, publicKeySha256 } from '../../shared/hardware/evidence/tpm.ts';
import { openTpm, tpmVersion, withinTime } from '../tpm/device.ts';
import { certificateIndexes, nvContent } from '../tpm/nv.ts';
import type { Exchange } from '../tpm/wire.ts';
import { base64, jsonBytes, type Collector, type Host, type Reading } from './collector.ts';
import { getFixedProperties, readFixedProperties } from './tpm-commands.ts';

const chunkBytes = 512;
const timeoutMs = 20_000;

export function tpmFamily({ root }: Host): readonly Collector[] {
  return [{ source: 'tpm.json', collect: () => tpm(root) }];
}

async function tpm(root: string): Promise<Reading> {
  switch (await tpmVersion(root)) {
    case 'none':
      return { absentBecause: 'the kernel finds no TPM' };
    case '1.2':
      // It speaks another language and has no certificate where this one has.
      return jsonBytes({ version: 1, properties: {}, ekCertificates: {}, ekPublicSha256s: [] });
    case '2.0':
      return withinTime(factsOfDevice(root), timeoutMs);
  }
}

async function factsOfDevice(root: string): Promise<Uint8Array> {
  await using device = await openTpm(root);
  return await tpmFacts(device.exchange);
}

/** What tpm.json holds, of any TPM 2.0 that can be talked to. */
export async function tpmFacts(exchange: Exchange): Promise<Uint8Array> {
  const properties = readFixedProperties(await exchange(getFixedProperties()));
  const chunk = Math.min(chunkBytes, properties.nvBufferBytes === 0 ? chunkBytes : properties.nvBufferBytes);
  const certificates: Record<string, string> = {};
  const ekPublicSha256s = new Set<string>();
  for (const index of Object.values(certificateIndexes)) {
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
