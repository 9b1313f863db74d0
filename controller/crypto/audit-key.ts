// The audit key (Ed25519): signs heads and segments of the audit's chain, and nothing else.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeOnce } from './region-ca.ts';

export type AuditSigner = {
  readonly keyId: string;
  /** Raw (RFC 8032 §5.1.5), in hex. */
  readonly publicKey: string;
  /** 64 bytes, in hex. Where the key is in another process this may fail. */
  readonly sign: (bytes: Uint8Array) => Promise<string>;
};

/** What stands before the raw key in its SubjectPublicKeyInfo (RFC 8410 §4). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

export async function openAuditKey(folder: string): Promise<AuditSigner> {
  const path = join(folder, 'audit-key.pem');
  let pem = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (pem === undefined) {
    pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await writeOnce(path, pem);
  }
  const privateKey = createPrivateKey(pem);
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const publicKey = spki.subarray(spkiPrefix.length).toString('hex');
  return {
    keyId: auditKeyId(publicKey),
    publicKey,
    sign: (bytes) => Promise.resolve(sign(null, bytes, privateKey).toString('hex')),
  };
}

export function auditKeyId(publicKey: string): string {
  return `audit-${createHash('sha256').update(Buffer.from(publicKey, 'hex')).digest('hex').slice(0, 16)}`;
}

/** Whether `signature` (hex) is by `publicKey` (raw, hex) over exactly this text. */
export function isSignedByAuditKey(publicKey: string, text: string, signature: string): boolean {
  try {
    const der = Buffer.concat([spkiPrefix, Buffer.from(publicKey, 'hex')]);
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return verify(null, Buffer.from(text), key, Buffer.from(signature, 'hex'));
  } catch {
    return false;
  }
}
