// The listeners of a running controller, with the limits of a real site: what strangers, slow peers and floods get, and that a
// person with a change to approve is answered all the while.
import { request } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { strangerBurstMax } from '../../controller/limits.ts';
import { createMachine, machineSpec } from '../integration/machine.ts';
import { assetInState, furnish, startTestRegion, type PersonName, type Region } from '../integration/region.ts';
import { caOf } from './peer.ts';

let region: Region;
let ca: string;

beforeAll(async () => {
  // The admission of a region whose configuration says nothing of it.
  region = await startTestRegion({}, { profile: 'none' }, { admission: {} });
  await furnish(region, ['L1'], machineSpec);
  ca = await caOf(region);
});
afterAll(async () => region[Symbol.asyncDispose]());

type Answer = { readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly text: string };
type Sent = {
  readonly from?: string;
  readonly as?: PersonName;
  readonly auth?: string;
  readonly method?: string;
  readonly body?: string;
};

/** One request over TLS; loopback has as many addresses as a test needs. */
function ask(path: string, { from = '127.0.0.1', as, auth, method = 'GET', body }: Sent = {}): Promise<Answer> {
  const credential = as === undefined ? auth : `${region.credential(as).id}:${region.credential(as).secret}`;
  return new Promise((resolve, reject) => {
    const sent = request(
      `${region.apiUrl}${path}`,
      {
        method,
        ca,
        localAddress: from,
        ...(credential === undefined ? {} : { auth: credential }),
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' } }),
      },
      (response) => {
        readText(response).then(
          (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          reject,
        );
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

describe('every answer', () => {
  it.each<[string, string, Sent]>([
    ['data', '/v1/whoami', { as: 'vic' }],
    ['a refusal', '/v1/assets', { from: '127.0.0.2' }],
    ['a path that is not there', '/v1/nothing', { as: 'vic' }],
    ['a path that is none', '/%', {}],
    ['a body that is no JSON', '/v1/networks', { as: 'ada', method: 'POST', body: '{' }],
    ['the documentation', '/docs/', {}],
    ['the metrics', '/metrics', {}],
    ['OpenAPI', '/openapi.json', {}],
  ])('carries the headers that browsers keep to: %s', async (_case, path, sent) => {
    const { headers } = await ask(path, sent);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': expect.stringMatching(/max-age=\d{7,}/) as unknown,
      'content-security-policy': expect.stringMatching(/^default-src 'none'.*frame-ancestors 'none'/) as unknown,
    });
    for (const name of ['server', 'x-powered-by', 'access-control-allow-origin'])
      expect(headers).not.toHaveProperty(name);
    if (!path.startsWith('/docs')) expect(headers['cache-control']).toBe('no-store');
  });

  it('that is a page runs no script and no style that stands in it', async () => {
    const { headers, text } = await ask('/docs/');
    expect(String(headers['content-security-policy'])).not.toMatch(/unsafe|\*|https:/);
    expect(text).toContain('<script src=');
    expect(text).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=|javascript:/i);
  });

  it('to a preflight of another origin lets nothing through', async () => {
    const { status, headers } = await ask('/v1/assets', { method: 'OPTIONS', from: '127.0.0.3' });
    expect([status, headers['access-control-allow-origin']]).toEqual([404, undefined]);
  });
});

describe('TLS', () => {
  const { hostname, port } = { hostname: '127.0.0.1', port: () => Number(new URL(region.apiUrl).port) };
  const agreed = (options: object): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectTls({ host: hostname, port: port(), ca, servername: 'localhost', ...options });
      socket.once('secureConnect', () => resolve(`${socket.getProtocol() ?? ''} ${socket.getCipher().name}`));
      socket.once('error', () => resolve('refused'));
      socket.once('close', () => socket.destroy());
    });

  it.each([
    ['1.3', {}, /^TLSv1\.3 TLS_/],
    ['1.2 with a modern cipher', { maxVersion: 'TLSv1.2' }, /^TLSv1\.2 ECDHE-ECDSA-.*(GCM|POLY1305)/],
    [
      '1.2 without authenticated encryption',
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA' },
      /^refused$/,
    ],
    ['1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }, /^refused$/],
  ])('%s', async (_case, options, expected) => {
    expect(await agreed(options)).toMatch(expected);
  });
});

describe('a slow peer', () => {
  const opened = (url: string, text: string): Socket => {
    const { port } = new URL(url);
    const isTls = url.startsWith('https');
    const options = { port: Number(port), host: '127.0.0.1' };
    const socket = isTls ? connectTls({ ...options, ca, servername: 'localhost' }) : connectTcp(options);
    socket.on('error', () => undefined);
    socket.resume();
    if (text !== '') socket.write(text);
    return socket;
  };
  const endedAfterMs = async (socket: Socket): Promise<number> => {
    const startMs = performance.now();
    await new Promise((resolve) => socket.once('close', resolve));
    return performance.now() - startMs;
  };

  it('is ended: silent after connecting, in its headers, in its handshake, and with an opened link that says no hello', async () => {
    const { api, agents, boot } = { api: region.apiUrl, agents: region.agentUrl, boot: region.bootUrl };
    const half = 'GET /v1/assets HTTP/1.1\r\nhost: x\r\nx-slow: ';
    const raw = connectTcp({ port: Number(new URL(agents).port), host: '127.0.0.1' });
    raw.on('error', () => undefined);
    const times = await Promise.all([
      ...[api, agents, boot].map((url) => endedAfterMs(opened(url, ''))),
      ...[api, agents, boot].map((url) => endedAfterMs(opened(url, half))),
      endedAfterMs(raw),
    ]);
    // The limit is ten seconds; the rest is for a busy machine.
    for (const time of times) expect(time).toBeLessThan(30_000);
  });

  it('that drips a body is ended, on every listener', async () => {
    const head = (path: string): string =>
      `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50000\r\n\r\n{`;
    const { id, secret } = region.credential('vic');
    const known = head('/v1/credentials').replace(
      'host: x',
      `host: x\r\nauthorization: Basic ${btoa(`${id}:${secret}`)}`,
    );
    const dripped = [
      opened(region.apiUrl, known),
      opened(region.agentUrl, head('/agent/v1/enrol')),
      opened(region.bootUrl, head('/boot/ipxe')),
    ];
    const drip = setInterval(() => {
      for (const socket of dripped) if (socket.writable) socket.write(' ');
    }, 500);
    const times = await Promise.all(dripped.map(endedAfterMs));
    clearInterval(drip);
    for (const time of times) expect(time).toBeLessThan(40_000);
  });
});

describe('a flood', () => {
  it('of attempts without a credential is held back by address, with when to come back; others are not', async () => {
    const from = '127.0.0.20';
    const answers: Answer[] = [];
    for (let index = 0; index < strangerBurstMax + 5; index += 1)
      answers.push(await ask('/v1/assets', { from, ...(index % 2 === 0 ? {} : { auth: `crd_${index}:x` }) }));
    expect(answers.slice(0, strangerBurstMax).map(({ status }) => status)).toEqual(
      answers.slice(0, strangerBurstMax).map(() => 401),
    );
    const held = answers.at(-1);
    expect([held?.status, Number(held?.headers['retry-after']) > 0, held?.text.includes('resource_exhausted')]).toEqual(
      [429, true, true],
    );
    // A good credential from the same address that is known already, and any from another address, are served.
    expect((await ask('/v1/whoami', { as: 'vic', from: '127.0.0.21' })).status).toBe(200);
    expect((await ask('/v1/whoami', { as: 'vic', from })).status).toBe(200);
  });

  it('of reads and of strangers leaves a person free to approve', async () => {
    await using machine = createMachine(region, 'L1');
    await machine.boot();
    await assetInState(region, 'L1', 'SPARE');
    const asked = { assets: ['L1'], image: 'test-os', project: 'p', reason: 'under a flood' };
    const change = await region.client('mia').call('asset.provision', asked);
    // Cho signs in before the flood, as somebody who sits before the screen.
    expect((await ask('/v1/whoami', { as: 'cho', from: '127.0.0.30' })).status).toBe(200);
    let isOver = false;
    const statuses = new Map<number, number>();
    const floods = Array.from({ length: 40 }, async (_none, index) => {
      while (!isOver) {
        const sent: Sent = index % 2 === 0 ? { as: 'max', from: '127.0.0.30' } : { from: '127.0.0.30' };
        const status = await ask('/v1/assets', sent).then(
          (answer) => answer.status,
          () => 0,
        );
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    while ((statuses.get(429) ?? 0) < 50) await delay(20);
    const body = JSON.stringify({ payloadSha256: change.payloadSha256 });
    const startMs = performance.now();
    // The flood comes from the checker's own address: connections there are scarce, so what is closed is opened again.
    let approved: Answer | undefined;
    while (approved === undefined && performance.now() - startMs < 30_000)
      approved = await ask(`/v1/changes/${change.id}/approve`, {
        as: 'cho',
        method: 'POST',
        body,
        from: '127.0.0.31',
      }).catch(() => undefined);
    const tookMs = performance.now() - startMs;
    isOver = true;
    await Promise.all(floods);
    expect([approved?.status, statuses.get(429) !== undefined]).toEqual([200, true]);
    expect(tookMs).toBeLessThan(10_000);
    expect(statuses.get(500)).toBeUndefined();
  });

  it('of connections from one address is closed before a handshake, and counted', async () => {
    const sockets = Array.from({ length: 200 }, () => {
      const socket = connectTcp({
        port: Number(new URL(region.agentUrl).port),
        host: '127.0.0.1',
        localAddress: '127.0.0.40',
      });
      socket.on('error', () => undefined);
      return socket;
    });
    await expect
      .poll(() => sockets.filter((socket) => socket.destroyed).length, { timeout: 20_000 })
      .toBeGreaterThan(100);
    const { text } = await ask('/metrics', { from: '127.0.0.41' });
    expect(text).toMatch(
      /ppec_connections_refused_total\{listener="agents",reason="address-(rate|connections)"\} \d{2,}/,
    );
    for (const socket of sockets) socket.destroy();
  });

  it('of boot scripts is held back by address', async () => {
    const script = (): Promise<number> =>
      fetch(`${region.bootUrl}/boot/script?mac=52:54:00:00:00:99&serial=`).then(({ status }) => status);
    const statuses: number[] = [];
    for (let index = 0; index < 70; index += 1) statuses.push(await script());
    expect([statuses[0], statuses.at(-1)]).toEqual([200, 429]);
  });
});
