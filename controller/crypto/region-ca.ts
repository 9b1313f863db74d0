// The region's own certificate authority: a root made at first start, a server certificate for the agent link and the
// API, short-lived client certificates for agents. Keys are files only this account can read.
import 'reflect-metadata';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  webcrypto,
  X509Certificate as NodeCertificate,
  createHash,
} from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

import { toRfc3339, type Clock } from '../../shared/clock.ts';
import type { Rng } from '../../shared/rng.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
const rootLifeMs = 3650 * dayMs;
const serverLifeMs = 397 * dayMs;
/** Clocks of racked machines drift; a certificate is valid a little before it was made. */
const backdateMs = 24 * 3_600_000;

export type RegionCa = {
  readonly caPem: string;
  /** SHA-256 of the CA certificate's DER, hex: what the boot script pins. */
  readonly caSha256: string;
  readonly server: { readonly key: string; readonly cert: string };
  /** A client certificate for an agent's public key (SubjectPublicKeyInfo PEM); its common name is the asset id. */
  readonly issueAgent: (assetId: string, publicKeyPem: string) => Promise<IssuedCertificate>;
};

export type IssuedCertificate = {
  readonly certificate: string;
  /** Hex, lower case, 32 digits. */
  readonly serial: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
};

export type CaOptions = {
  readonly folder: string;
  readonly region: string;
  /** Names and addresses under which agents and people reach this controller. */
  readonly hosts: readonly string[];
  readonly agentLifeMs: number;
  readonly clock: Clock;
  readonly rng: Rng;
};

export async function openRegionCa(options: CaOptions): Promise<RegionCa> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the library's type is the browser's; the object is the same
  x509.cryptoProvider.set(webcrypto as never);
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const rootKey = await keyFile(join(options.folder, 'ca-key.pem'));
  const root = await rootCertificate(options, rootKey);
  const serverKey = await keyFile(join(options.folder, 'server-key.pem'));
  // Made at every start: it follows the configuration's hosts and never runs out unnoticed.
  const server = await x509.X509CertificateGenerator.create({
    ...common(options, serverLifeMs),
    subject: `CN=PPEC ${options.region}`,
    issuer: root.subject,
    publicKey: await publicKeyOf(createPublicKey(serverKey.pem).export({ type: 'spki', format: 'der' })),
    signingKey: rootKey.key,
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        [...new Set(['localhost', '127.0.0.1', '::1', ...options.hosts])].map((host) => ({
          type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const),
          value: host,
        })),
      ),
    ],
  });
  const caPem = root.toString('pem');
  return {
    caPem,
    caSha256: createHash('sha256').update(new NodeCertificate(caPem).raw).digest('hex'),
    server: { key: serverKey.pem, cert: server.toString('pem') },
    issueAgent: async (assetId, publicKeyPem) => {
      const { issuedAtMs, ...facts } = { ...common(options, options.agentLifeMs), issuedAtMs: options.clock.nowMs() };
      const certificate = await x509.X509CertificateGenerator.create({
        ...facts,
        subject: `CN=${assetId}`,
        issuer: root.subject,
        publicKey: await publicKeyOf(createPublicKey(publicKeyPem).export({ type: 'spki', format: 'der' })),
        signingKey: rootKey.key,
        extensions: [
          new x509.BasicConstraintsExtension(false),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
        ],
      });
      const { serialNumber: serial } = facts;
      const pem = certificate.toString('pem');
      return { certificate: pem, serial, issuedAtMs, expiresAtMs: issuedAtMs + options.agentLifeMs };
    },
  };
}

function common(options: CaOptions, lifeMs: number) {
  const nowMs = options.clock.nowMs();
  const serial = Buffer.from(options.rng.bytes(16));
  // Positive, and of one length however it is written (X.690 §8.3).
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return {
    serialNumber: serial.toString('hex'),
    notBefore: dateOf(nowMs - backdateMs),
    notAfter: dateOf(nowMs + lifeMs),
    signingAlgorithm: algorithm,
  };
}

function dateOf(ms: number): Date {
  // oxlint-disable-next-line no-restricted-globals -- the library takes dates; the time comes from the clock
  return new Date(toRfc3339(ms));
}

type RegionKey = { readonly pem: string; readonly key: webcrypto.CryptoKey };

async function rootCertificate(options: CaOptions, rootKey: RegionKey): Promise<x509.X509Certificate> {
  const path = join(options.folder, 'ca.pem');
  const stored = await readFile(path, 'utf8').catch(() => undefined);
  if (stored !== undefined) return new x509.X509Certificate(stored);
  const publicKey = await publicKeyOf(createPublicKey(rootKey.pem).export({ type: 'spki', format: 'der' }));
  const root = await x509.X509CertificateGenerator.create({
    ...common(options, rootLifeMs),
    subject: `CN=PPEC ${options.region} CA`,
    issuer: `CN=PPEC ${options.region} CA`,
    publicKey,
    signingKey: rootKey.key,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  await writeOnce(path, root.toString('pem'));
  return root;
}

async function keyFile(path: string): Promise<RegionKey> {
  let pem = await readFile(path, 'utf8').catch(() => undefined);
  if (pem === undefined) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await writeOnce(path, pem);
  }
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return { pem, key: await webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), algorithm, true, ['sign']) };
}

async function publicKeyOf(spki: Buffer): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('spki', new Uint8Array(spki), algorithm, true, ['verify']);
}

/** Durable before it is used: a key that signed something must still be there after a power cut. */
export async function writeOnce(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
