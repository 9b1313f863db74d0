// The agent's own DER against two independent readers, and everything that is not such a request refused.
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { beforeAll, expect, it } from 'vitest';

import { must } from '../../shared/assert.ts';
import { childrenOf, derAt } from '../../shared/hardware/evidence/der.ts';
import { certificateRequest, newCertificateRequest } from '../../agent/identity/certificate-request.ts';
import { readCertificateRequest } from './certificate-request.ts';

const boundTo = 'token_-Zz09';

beforeAll(() => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the library's type is the browser's; the object is the same
  x509.cryptoProvider.set(webcrypto as never);
});

it('gives the key of the host and what the request is bound to', async () => {
  const { der, privateKeyPem } = newCertificateRequest(boundTo);
  const publicKeyPem = createPublicKey(createPrivateKey(privateKeyPem)).export({ type: 'spki', format: 'pem' });
  expect(await readCertificateRequest(der)).toEqual({ publicKeyPem, boundTo });
});

it('is read by OpenSSL, which verifies it too', () => {
  const { der } = newCertificateRequest(boundTo);
  const args = ['req', '-inform', 'DER', '-verify', '-noout', '-text'];
  const text = execFileSync('openssl', args, { input: der, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
  expect(text).toMatch(/challengePassword\s*:\s*token_-Zz09/);
  expect(text).toContain('ASN1 OID: prime256v1');
});

it('holds a binding of any length that a request may have', async () => {
  for (const length of [1, 100, 127, 128, 255, 256, 1000]) {
    const long = 'x'.repeat(length);
    expect((await readCertificateRequest(newCertificateRequest(long).der))?.boundTo).toBe(long);
  }
});

it('takes no request in which a byte of what is signed was changed, and reads nothing else from any other', async () => {
  // Signatures, and so lengths, are of several sizes.
  for (let round = 0; round < 8; round += 1) await changedEverywhere(newCertificateRequest(boundTo).der);
});

async function changedEverywhere(der: Buffer): Promise<void> {
  const whole = await readCertificateRequest(der);
  expect(whole?.boundTo).toBe(boundTo);
  const signed = must(childrenOf(derAt(der))?.[0], 'what is signed').whole;
  const end = signed.byteOffset - der.byteOffset + signed.length;
  for (let at = 0; at < der.length; at += 1) {
    const changed = Buffer.from(der);
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    const read = await readCertificateRequest(changed);
    if (at < end) expect(read, `byte ${at}`).toBeUndefined();
    else expect([undefined, whole], `byte ${at}`).toContainEqual(read);
  }
}

it('takes no request of another curve, without a binding, or cut off', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  expect(await readCertificateRequest(certificateRequest(other, boundTo).der)).toBeUndefined();
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const unbound = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' } });
  expect(await readCertificateRequest(new Uint8Array(unbound.rawData))).toBeUndefined();
  const { der } = newCertificateRequest(boundTo);
  for (const length of [0, 1, 10, der.length - 1]) expect(await readCertificateRequest(der.subarray(0, length))).toBeUndefined();
}); // prettier-ignore
