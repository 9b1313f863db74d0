import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { createServer } from 'node:https';
import * as x509 from '@peculiar/x509';
import { expect, it } from 'vitest';

import { createClient } from './client.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
x509.cryptoProvider.set(webcrypto);

const notBefore = new Date(Date.now() - 60_000);
const notAfter = new Date(Date.now() + 3_600_000);

type Authority = { readonly pem: string; readonly certificate: x509.X509Certificate; readonly keys: CryptoKeyPair };
type CryptoKeyPair = webcrypto.CryptoKeyPair;

async function authority(name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: `CN=${name}`,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  });
  return { pem: certificate.toString('pem'), certificate, keys };
}

async function serverOf(issuer: Authority, address: string): Promise<{ readonly cert: string; readonly key: string }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '02',
    subject: 'CN=controller',
    issuer: issuer.certificate.subject,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: address }])],
  });
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { cert: certificate.toString('pem'), key };
}

async function withServer(tls: { cert: string; key: string }, use: (url: string) => Promise<void>): Promise<number> {
  let requests = 0;
  const server = createServer(tls, (_request, response) => {
    requests += 1;
    response.end('{"name":"demo-1"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  try {
    await use(`https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  return requests;
}

it('speaks to a controller whose certificate the region CA signed', async () => {
  const region = await authority('region');
  const requests = await withServer(await serverOf(region, '127.0.0.1'), async (url) => {
    using client = createClient({ url, caPem: region.pem });
    expect(await client.call('region.get', {})).toEqual({ name: 'demo-1' });
  });
  expect(requests).toBe(1);
});

it.each([
  ['another CA', 'other', '127.0.0.1'],
  ['the region CA, for another address', 'region', '127.0.0.2'],
])('sends nothing to a controller with a certificate of %s', async (_name, issuerName, address) => {
  const region = await authority('region');
  const issuer = issuerName === 'region' ? region : await authority(issuerName);
  const requests = await withServer(await serverOf(issuer, address), async (url) => {
    using client = createClient({ url, caPem: region.pem, credential: { id: 'crd_1', secret: 's' } });
    await expect(client.call('region.get', {})).rejects.toThrow('is not one this client trusts');
  });
  expect(requests).toBe(0);
});
