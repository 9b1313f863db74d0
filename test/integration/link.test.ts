// The agent link and enrolment against peers that get it wrong or mean harm: each is refused with a clear reason, and the
// controller goes on serving everybody else.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Packr } from 'msgpackr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { postJson, type Answer } from '../../agent/identity/https.ts';
import { closeCodes, type CloseName } from '../../shared/protocol/close-codes.ts';
import { protocolVersion } from '../../shared/protocol/version.ts';
import { newCertificateRequest } from '../../agent/identity/certificate-request.ts';
import { createMachine, machineSpec } from './machine.ts';
import { assetInState, furnish, startTestRegion, waitUntil, type Region } from './region.ts';
import { helloOf, member } from '../security/peer.ts';

const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: 'number' });
let region: Region;
let ca: string;

beforeAll(async () => {
  region = await startTestRegion();
  await furnish(region, ['L1', 'L2'], machineSpec);
  ca = await (await fetch(`${region.bootUrl}/boot/ca.pem`)).text();
});
afterAll(async () => region[Symbol.asyncDispose]());

async function bootToken(mac: string): Promise<string> {
  const script = await (await fetch(`${region.bootUrl}/boot/script?mac=${mac}&serial=`)).text();
  const token = /ppec\.token=(\S+)/.exec(script)?.[1];
  if (token === undefined) throw new Error(`no token in ${script}`);
  return token;
}

type Enrolling = {
  token: string;
  serial: string;
  macs: string[];
  bootId: string;
  home: string;
  boundTo: string;
  csr: string;
};

async function enrol(what: Partial<Enrolling> & { token: string }, key?: ReturnType<typeof newCertificateRequest>): Promise<Answer> {
  const { boundTo = what.token, ...request } = what;
  return postJson(
    `${region.agentUrl}/agent/v1/enrol`,
    {
      serial: 'E1',
      uuid: '',
      macs: ['52:54:00:cc:00:01'],
      bootId: randomUUID(),
      home: 'pious',
      agentVersion: '9.9.9',
      csr: (key ?? newCertificateRequest(boundTo)).der.toString('base64'),
      ...request,
    },
    { ca },
  );
} // prettier-ignore

describe('enrolment', () => {
  const mac = '52:54:00:cc:00:01';

  it('takes a boot token once', async () => {
    const token = await bootToken(mac);
    expect((await enrol({ token })).status).toBe(200);
    const again = await enrol({ token });
    expect([again.status, member(again.body, 'detail')]).toEqual([
      401,
      'the boot token was used already: boot by the network again',
    ]);
  });

  it.each<[string, () => Promise<Partial<Enrolling> & { token: string }>, RegExp]>([
    ['a token nobody gave', () => Promise.resolve({ token: 'made-up' }), /not known here/],
    [
      'a token of another MAC',
      async () => ({ token: await bootToken('52:54:00:cc:00:02') }),
      /belongs to 52:54:00:cc:00:02/,
    ],
    [
      'a request that is bound to another token',
      async () => ({ token: await bootToken(mac), boundTo: 'something else' }),
      /bound to another token/,
    ],
    [
      'a request that is not signed by its key',
      async () => {
        const token = await bootToken(mac);
        const { der } = newCertificateRequest(token);
        return {
          token,
          csr: Buffer.concat([der.subarray(0, -1), Buffer.from([(der.at(-1) ?? 0) ^ 1])]).toString('base64'),
        };
      },
      /not signed by it/,
    ],
    [
      'a request that is no request',
      async () => ({ token: await bootToken(mac), csr: Buffer.from('30820000', 'hex').toString('base64') }),
      /not whole/,
    ],
    [
      'a PIOUS token from a production system',
      async () => ({ token: await bootToken(mac), home: 'production' }),
      /the token is for PIOUS/,
    ],
    ['no MAC', async () => ({ token: await bootToken(mac), macs: [] }), /not an enrolment/],
  ])('refuses %s', async (_case, what, reason) => {
    const { status, body } = await enrol(await what());
    expect([400, 401]).toContain(status);
    expect(member(body, 'detail')).toMatch(reason);
  });

  it('refuses a token whose time is over', async () => {
    await using short = await startTestRegion({ bootTokenMs: 1 });
    const script = await (await fetch(`${short.bootUrl}/boot/script?mac=${mac}&serial=`)).text();
    const token = /ppec\.token=(\S+)/.exec(script)?.[1] ?? '';
    const answer = await postJson(
      `${short.agentUrl}/agent/v1/enrol`,
      {
        token, serial: 'E1', uuid: '', macs: [mac], bootId: randomUUID(), home: 'pious', agentVersion: '1',
        csr: newCertificateRequest(token).der.toString('base64'),
      },
      { ca: await (await fetch(`${short.bootUrl}/boot/ca.pem`)).text() },
    ); // prettier-ignore
    expect([answer.status, member(answer.body, 'detail')]).toEqual([
      401,
      'the boot token has expired: boot by the network again',
    ]);
  });

  it('refuses a second claimant of a live identity, and tells people', async () => {
    await using machine = createMachine(region, 'L1');
    await machine.boot();
    const asset = await assetInState(region, 'L1', 'SPARE');
    const claim = await enrol({
      token: await bootToken('52:54:00:cc:00:09'),
      serial: 'L1',
      macs: ['52:54:00:cc:00:09'],
    });
    expect([claim.status, member(claim.body, 'code')]).toEqual([409, 'conflict']);
    const { items } = await region.client('vic').call('event.list', { limit: 1000 });
    expect(items.filter(({ kind }) => kind === 'alert').map(({ objectId }) => objectId)).toEqual([asset.id]);
    expect((await region.client('vic').call('asset.get', { asset: 'L1' })).bootId).toBe(asset.bootId);
  });
});

type Peer = {
  readonly socket: WebSocket;
  readonly assetId: string;
  readonly bootId: string;
  readonly hardware: { serial: string; uuid: string; macs: string[] };
  readonly closed: Promise<number>;
};

let peers = 0;

/** An enrolled peer with an open socket that has said nothing yet. */
async function connect(): Promise<Peer> {
  peers += 1;
  const mac = `52:54:00:dd:00:${peers.toString(16).padStart(2, '0')}`;
  const token = await bootToken(mac);
  const key = newCertificateRequest(token);
  const bootId = randomUUID();
  const hardware = { serial: `P${peers}`, uuid: '', macs: [mac] };
  const { body } = await enrol({ token, ...hardware, bootId }, key);
  const socket = new WebSocket(`${region.agentUrl.replace('https', 'wss')}/agent/v1/link`, {
    ca,
    cert: member(body, 'certificate'),
    key: key.privateKeyPem,
    maxPayload: 0,
  });
  socket.on('error', () => undefined);
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await once(socket, 'open');
  return { socket, assetId: member(body, 'assetId'), bootId, hardware, closed };
}

describe('the agent link', () => {
  const heartbeat = { uptimeMs: 1, rssBytes: 1 };

  it.each<[string, CloseName, (peer: Peer) => Buffer[]]>([
    ['a frame that is no MessagePack', 'malformedFrame', () => [Buffer.from([0xc1, 0xff])]],
    ['a message that does not exist', 'malformedFrame', () => [packr.pack(['shutdown', 1, {}])]],
    ['a field too many', 'malformedFrame', (peer) => [packr.pack(['hello', 1, helloOf(peer, { root: true })])]],
    ['a frame larger than the limit', 'frameTooLarge', () => [Buffer.alloc(1024 * 1024 + 1)]],
    ['a heartbeat before hello', 'helloExpected', () => [packr.pack(['heartbeat', 1, heartbeat])]],
    ['a sequence that does not start at one', 'outOfOrder', (peer) => [packr.pack(['hello', 2, helloOf(peer)])]],
    [
      'a frame out of order',
      'outOfOrder',
      (peer) => [packr.pack(['hello', 1, helloOf(peer)]), packr.pack(['heartbeat', 3, heartbeat])],
    ],
    [
      'a second hello',
      'outOfOrder',
      (peer) => [packr.pack(['hello', 1, helloOf(peer)]), packr.pack(['hello', 2, helloOf(peer)])],
    ],
    [
      'a newer protocol',
      'protocolUnsupported',
      (peer) => [packr.pack(['hello', 1, helloOf(peer, { protocol: protocolVersion + 1 })])],
    ],
    [
      'the name of another asset',
      'identityMismatch',
      (peer) => [packr.pack(['hello', 1, helloOf(peer, { assetId: 'ast_01m84j035yf02ah4ej0zcd1rdr' })])],
    ],
    [
      'another boot than the one that enrolled',
      'unknownAsset',
      (peer) => [packr.pack(['hello', 1, helloOf(peer, { bootId: randomUUID() })])],
    ],
    [
      'the hardware of another machine',
      'hardwareMismatch',
      (peer) => [
        packr.pack(['hello', 1, helloOf(peer, { hardware: { ...peer.hardware, serial: 'OTHER', ekSha256s: [] } })]),
      ],
    ],
    [
      'a home it has no certificate for',
      'unknownAsset',
      (peer) => [packr.pack(['hello', 1, helloOf(peer, { home: 'production' })])],
    ],
    [
      'more frames than the limit',
      'rateExceeded',
      (peer) => [
        packr.pack(['hello', 1, helloOf(peer)]),
        ...Array.from({ length: 600 }, (_none, index) => packr.pack(['heartbeat', index + 2, heartbeat])),
      ],
    ],
    [
      'an inventory that does not have its hash',
      'malformedFrame',
      (peer) => [
        packr.pack(['hello', 1, helloOf(peer)]),
        packr.pack(['inventory', 2, { hash: 'b'.repeat(64), inventory: createdInventory(), evidence: [] }]),
      ],
    ],
  ])('closes for %s with code %s', async (_case, name, frames) => {
    const peer = await connect();
    for (const frame of frames(peer)) peer.socket.send(frame);
    expect(await peer.closed).toBe(closeCodes[name].code);
    expect((await region.client('vic').call('region.get', {})).name).toBe('test-1');
  });

  it('counts an agent that is gone as offline after the silence that is allowed', async () => {
    const peer = await connect();
    peer.socket.send(packr.pack(['hello', 1, helloOf(peer)]));
    await once(peer.socket, 'message');
    await waitUntil(
      async () => (await region.client('vic').call('asset.get', { asset: peer.assetId })).presence === 'online',
    );
    peer.socket.terminate();
    await waitUntil(
      async () => (await region.client('vic').call('asset.get', { asset: peer.assetId })).presence === 'offline',
    );
  });

  it('opens for nobody without a certificate of this region', async () => {
    const url = `${region.agentUrl.replace('https', 'wss')}/agent/v1/link`;
    const socket = new WebSocket(url, { ca });
    const [error] = await once(socket, 'error').catch((thrown: unknown) => [thrown]);
    expect(String(error)).toContain('401');
  });
});

function createdInventory(): unknown {
  const machine = createMachine(region, 'unused');
  return machine.inventory;
}
