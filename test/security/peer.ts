// A machine as an attacker plays it: it enrols like an agent and then holds key and certificate in its own hands.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';

import { newCertificateRequest } from '../../agent/identity/certificate-request.ts';
import { postJson, type Answer } from '../../agent/identity/https.ts';
import { protocolVersion } from '../../shared/protocol/version.ts';
import type { Region } from '../integration/region.ts';

export type Hardware = { readonly serial: string; readonly uuid: string; readonly macs: readonly string[] };
export type Identity = {
  readonly assetId: string;
  readonly bootId: string;
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly hardware: Hardware;
};
export type Claim = {
  readonly token: string;
  readonly serial: string;
  readonly macs: readonly string[];
  readonly bootId: string;
  readonly home: string;
  /** What the certificate request is bound to, where that is not the token. */
  readonly boundTo: string;
  /** PKCS#10, base64. */
  readonly csr: string;
};

export async function caOf(region: Region): Promise<string> {
  return (await fetch(`${region.bootUrl}/boot/ca.pem`)).text();
}

export async function bootToken(region: Region, mac: string, serial = ''): Promise<string> {
  const script = await (await fetch(`${region.bootUrl}/boot/script?mac=${mac}&serial=${serial}`)).text();
  const token = /ppec\.token=(\S+)/.exec(script)?.[1];
  if (token === undefined) throw new Error(`no token in ${script}`);
  return token;
}

export async function enrol(
  region: Region,
  claim: Partial<Claim> & { readonly token: string },
  key = newCertificateRequest(claim.boundTo ?? claim.token),
): Promise<Answer> {
  const { boundTo: _bound, ...request } = claim;
  const body = {
    serial: 'A1',
    uuid: '',
    macs: ['52:54:00:ee:00:01'],
    bootId: randomUUID(),
    home: 'pious',
    agentVersion: '9.9.9',
    csr: key.der.toString('base64'),
    ...request,
  };
  return postJson(`${region.agentUrl}/agent/v1/enrol`, body, { ca: await caOf(region) });
}

/** A machine nobody ordered: whoever is in the discovery network can be one. */
export async function enrolled(region: Region, serial: string, mac: string): Promise<Identity> {
  const token = await bootToken(region, mac);
  const key = newCertificateRequest(token);
  const bootId = randomUUID();
  const hardware = { serial, uuid: '', macs: [mac] };
  const { status, body } = await enrol(region, { token, ...hardware, bootId }, key);
  if (status !== 200) throw new Error(`${serial} was not enrolled: ${JSON.stringify(body)}`);
  return {
    assetId: member(body, 'assetId'),
    cert: member(body, 'certificate'),
    key: key.privateKeyPem,
    bootId,
    ca: await caOf(region),
    hardware,
  };
}

export type Link = { readonly socket: WebSocket; readonly closed: Promise<number> };

/** An open link that has said nothing yet; rejects where it is not opened. */
export async function openLink(region: Region, identity: Pick<Identity, 'ca' | 'cert' | 'key'>): Promise<Link> {
  const { ca, cert, key } = identity;
  const socket = new WebSocket(`${region.agentUrl.replace('https', 'wss')}/agent/v1/link`, { ca, cert, key });
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await once(socket, 'open');
  socket.on('error', () => undefined);
  return { socket, closed };
}

type Spoken = Pick<Identity, 'assetId' | 'bootId' | 'hardware'>;

export function helloOf({ assetId, bootId, hardware }: Spoken, change: object = {}): object {
  return {
    protocol: protocolVersion,
    agentVersion: '1',
    assetId,
    bootId,
    sessionId: 'ses_1',
    home: 'pious',
    capabilities: [],
    inventoryHash: 'a'.repeat(64),
    verificationEnforced: true,
    commandKeySequence: 0,
    hardware: { ...hardware, ekSha256s: [] },
    ...change,
  };
}

export function member(value: unknown, name: string): string {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof found === 'string' ? found : '';
}
