// Real sockets against real servers: what is closed, when, and that others are served meanwhile. Loopback has many addresses.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttp, type Server as HttpServer } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { systemClock } from '../../shared/clock.ts';
import { openRegionCa } from '../crypto/region-ca.ts';
import { bodyWindowMs } from '../limits.ts';
import { strongRng } from '../strong-rng.ts';
import { guardConnections, type GateLimits, type GateReason } from './connection-gate.ts';
import { endSlowPeers } from './slow-peers.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  vi.restoreAllMocks();
});

async function listening(server: Server): Promise<number> {
  cleanups.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return (address satisfies AddressInfo).port;
}

function open(port: number, localAddress = '127.0.0.1'): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  cleanups.push(() => socket.destroy());
  return socket;
}

/** Whether the connection is still there when the server has had its say. */
async function isKept(socket: Socket): Promise<boolean> {
  if (socket.closed) return false;
  const ended = new Promise<false>((resolve) => socket.once('close', () => resolve(false)));
  const begun = socket.connecting ? new Promise<true>((resolve) => socket.once('connect', () => resolve(true))) : true;
  return (await Promise.race([begun, ended])) && Promise.race([ended, delay(300, true)]);
}

describe('the gate', () => {
  const wide: GateLimits = {
    connectionsMax: 100,
    connectionsPerAddressMax: 100,
    perSecondMax: 100,
    perAddressPerSecondMax: 100,
  };
  const gated = async (limits: Partial<GateLimits>): Promise<{ port: number; refused: GateReason[] }> => {
    const server = createHttp((_request, response) => response.end('here'));
    const refused: GateReason[] = [];
    const clock = { nowMs: () => 0 };
    guardConnections(server, { ...wide, ...limits }, { clock, refused: (reason) => refused.push(reason) });
    return { port: await listening(server), refused };
  };

  it('closes what is more than one address may hold, and lets in others and whoever comes after', async () => {
    const { port, refused } = await gated({ connectionsPerAddressMax: 2 });
    const [first, second, third] = [open(port), open(port), open(port)];
    expect([await isKept(first), await isKept(second), await isKept(third)]).toEqual([true, true, false]);
    expect(await isKept(open(port, '127.0.0.2'))).toBe(true);
    first.destroy();
    await vi.waitFor(async () => expect(await isKept(open(port))).toBe(true), 10_000);
    expect(refused[0]).toBe('address-connections');
  });

  it.each<[string, { readonly limits: Partial<GateLimits>; readonly reason: GateReason; readonly lastFrom: string }]>([
    ['all connections together', { limits: { connectionsMax: 3 }, reason: 'connections', lastFrom: '127.0.0.9' }],
    [
      'the rate of one address',
      { limits: { perAddressPerSecondMax: 0.3 }, reason: 'address-rate', lastFrom: '127.0.0.1' },
    ],
    ['the rate of all', { limits: { perSecondMax: 0.3 }, reason: 'rate', lastFrom: '127.0.0.9' }],
  ])('closes what is more than %s may be', async (_case, { limits, reason, lastFrom }) => {
    const { port, refused } = await gated(limits);
    for (let index = 0; index < 3; index += 1) expect(await isKept(open(port))).toBe(true);
    expect(await isKept(open(port, lastFrom))).toBe(false);
    expect(refused).toEqual([reason]);
  });

  it('closes before a TLS handshake: not a byte is answered, and no TLS socket is made', async () => {
    const server = createHttps({});
    let handshakes = 0;
    server.on('secureConnection', () => (handshakes += 1));
    server.on('tlsClientError', () => (handshakes += 1));
    guardConnections(server, { ...wide, connectionsMax: 0 }, { clock: systemClock, refused: () => undefined });
    const socket = open(await listening(server));
    let bytes = 0;
    socket.on('data', (chunk) => (bytes += chunk.length));
    expect(await isKept(socket)).toBe(false);
    expect([bytes, handshakes]).toEqual([0, 0]);
  });
});

async function serverIdentity(): Promise<{ key: string; cert: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'ppec-listener-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const options = { folder, region: 'test-1', hosts: ['127.0.0.1'], agentLifeMs: 60_000 };
  return (await openRegionCa({ ...options, clock: systemClock, rng: strongRng })).server;
}

describe('a slow peer', () => {
  const watched = async (server: HttpServer, answerWindowMs = 3000): Promise<{ port: number; ended: string[] }> => {
    const ended: string[] = [];
    // Time runs as fast as the test says: a window is over in a moment.
    const speed = 10;
    const slow = endSlowPeers(
      server,
      { bodyTimeoutMs: () => 60_000, answerWindowMs: answerWindowMs * speed },
      { nowMs: () => performance.now() * speed, ended: (what) => ended.push(what) },
    );
    cleanups.push(slow.stop);
    return { port: await listening(server), ended };
  };
  const swallow = (): HttpServer =>
    createHttp((request, response) => request.resume().once('end', () => response.end('all of it')));
  const head = (bytes: number): string => `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`;

  it('that drips a body is ended', async () => {
    const { port, ended } = await watched(swallow());
    const socket = open(port);
    socket.write(head(1_000_000));
    const drip = setInterval(() => socket.write('x'), 100);
    cleanups.push(() => clearInterval(drip));
    await once(socket, 'close');
    expect(ended).toEqual(['body']);
  });

  it('that was refused and drips on is ended too', async () => {
    const { port, ended } = await watched(createHttp((_request, response) => response.writeHead(401).end('no')));
    const socket = open(port);
    socket.resume();
    socket.write(head(1_000_000));
    const drip = setInterval(() => socket.write('x'), 100);
    cleanups.push(() => clearInterval(drip));
    await once(socket, 'close');
    expect(ended).toEqual(['body']);
  });

  it('that is slow but goes on is served', async () => {
    const { port, ended } = await watched(swallow());
    const socket = open(port);
    const bytes = 40 * 8192;
    socket.write(head(bytes));
    let sent = 0;
    const pour = setInterval(() => {
      sent += 8192;
      socket.write(Buffer.alloc(8192));
      if (sent >= bytes) clearInterval(pour);
    }, 100);
    cleanups.push(() => clearInterval(pour));
    const answer: unknown[] = await once(socket, 'data');
    expect(String(answer[0])).toContain('all of it');
    expect(4000).toBeGreaterThan((2 * bodyWindowMs) / 10);
    expect(ended).toEqual([]);
  });

  it.each(['plain', 'TLS'])('that does not read its answer is ended, over %s', async (kind) => {
    const handler = (_request: unknown, response: { end: (body: Buffer) => void }): void =>
      response.end(Buffer.alloc(64 * 1024 * 1024));
    const server = kind === 'plain' ? createHttp(handler) : createHttps(await serverIdentity(), handler);
    const { port, ended } = await watched(server, 1000);
    const { connect: connectTls } = await import('node:tls');
    const socket = kind === 'plain' ? open(port) : connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.on('error', () => undefined);
    cleanups.push(() => socket.destroy());
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await vi.waitFor(() => expect(ended).toEqual(['answer']), 20_000);
  });

  it('that reads slowly but goes on is served', async () => {
    const size = 12 * 1024 * 1024;
    const { port, ended } = await watched(
      createHttp((_request, response) => response.end(Buffer.alloc(size))),
      1000,
    );
    const socket = open(port);
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    let read = 0;
    while (read < size) {
      const chunk: unknown = socket.read(512 * 1024) ?? socket.read();
      if (Buffer.isBuffer(chunk)) read += chunk.length;
      else if (socket.destroyed) break;
      await delay(100);
    }
    expect([read >= size, ended]).toEqual([true, []]);
  });
});
