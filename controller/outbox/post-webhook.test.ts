import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTls } from 'node:https';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';

import { systemClock } from '../../shared/clock.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { openRegionCa } from '../crypto/region-ca.ts';
import { parseCidr, type Cidr } from '../domain/webhook-address.ts';
import { strongRng } from '../strong-rng.ts';
import { postWebhook, type Post, type WebhookRules } from './post-webhook.ts';

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const cidrs = (...texts: string[]): Cidr[] => texts.map(parseCidr).filter((cidr) => cidr !== undefined);
const rules: WebhookRules = {
  allowed: cidrs('127.0.0.0/8', '::1/128'),
  allowHttp: true,
  caPem: undefined,
  timeoutMs: 5000,
};
const never = new AbortController().signal;
const loopback = (): Promise<{ address: string; family: number }[]> =>
  Promise.resolve([{ address: '127.0.0.1', family: 4 }]);

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
const served = (answer: RequestListener): Promise<number> => listening(createServer(answer));
const post = (url: string): Post => ({ url, headers: { 'webhook-id': 'msg_1' }, body: '{"a":"ü"}' });

it('posts the body and answers the status', async () => {
  let seen = '';
  const port = await served((request, response) => {
    request.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    request.on('end', () => response.writeHead(204).end());
  });
  expect(await postWebhook(post(`http://127.0.0.1:${port}/x`), rules, { resolve: loopback, signal: never })).toBe(204);
  expect(seen).toBe('{"a":"ü"}');
});

it('connects to the address that was judged, and sends the name it was given', async () => {
  let host = '';
  const port = await served((request, response) => {
    host = request.headers.host ?? '';
    response.end();
  });
  let asked = 0;
  // A name that answers differently the second time gains nothing: it is asked once.
  const rebinding = (): Promise<{ address: string; family: number }[]> => {
    asked += 1;
    return Promise.resolve([{ address: asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]);
  };
  expect(await postWebhook(post(`http://hooks.invalid:${port}/`), rules, { resolve: rebinding, signal: never })).toBe(
    200,
  );
  expect({ host, asked }).toEqual({ host: `hooks.invalid:${port}`, asked: 1 });
});

it.each([
  ['http://127.0.0.1:PORT/', []],
  ['http://2130706433:PORT/', []],
  ['http://0x7f.1:PORT/', []],
  ['http://[::1]:PORT/', []],
  ['http://[::ffff:127.0.0.1]:PORT/', []],
  ['http://0.0.0.0:PORT/', []],
  ['http://name.invalid:PORT/', ['127.0.0.1']],
  ['http://name.invalid:PORT/', ['8.8.8.8', '127.0.0.1']],
  ['http://name.invalid:PORT/', ['169.254.169.254']],
  ['http://name.invalid:PORT/', ['fd00:ec2::254']],
])('sends nothing to %s, which is at %j', async (url, addresses) => {
  let hits = 0;
  const port = await served((_request, response) => {
    hits += 1;
    response.end();
  });
  const resolve = () =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
  const closed = { ...rules, allowed: [] };
  await expect(postWebhook(post(url.replace('PORT', String(port))), closed, { resolve, signal: never })).rejects.toMatchObject({
    code: 'failed_precondition', message: matching(/^not sent: /),
  }); // prettier-ignore
  expect(hits).toBe(0);
});

it('takes https alone, unless the configuration says otherwise', async () => {
  const strict = { ...rules, allowHttp: false };
  await expect(postWebhook(post('http://127.0.0.1/'), strict, { resolve: loopback, signal: never })).rejects.toMatchObject({ message: 'http:// is not allowed here' });
}); // prettier-ignore

it('follows no redirect', async () => {
  let hits = 0;
  const port = await served((request, response) => {
    hits += 1;
    response.writeHead(307, { location: request.url === '/a' ? '/b' : '/c' }).end();
  });
  expect(await postWebhook(post(`http://127.0.0.1:${port}/a`), rules, { resolve: loopback, signal: never })).toBe(307);
  expect(hits).toBe(1);
});

it('gives up on a receiver that says nothing', async () => {
  const port = await served(() => undefined);
  const hasty = { ...rules, timeoutMs: 300 };
  const sent = postWebhook(post(`http://127.0.0.1:${port}/`), hasty, { resolve: loopback, signal: never });
  await expect(sent).rejects.toMatchObject({ message: 'no answer within 0.3 s' });
});

it('waits for no answer to end', async () => {
  const port = await served((_request, response) => void response.writeHead(200).write('.'));
  expect(await postWebhook(post(`http://127.0.0.1:${port}/`), rules, { resolve: loopback, signal: never })).toBe(200);
});

it('reads no more of an answer than it has to', async () => {
  let sentBytes = 0;
  const port = await served((_request, response) => {
    response.writeHead(200);
    const pour = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536))) sentBytes += 65_536;
    };
    response.on('drain', pour);
    response.on('error', () => undefined);
    pour();
  });
  expect(await postWebhook(post(`http://127.0.0.1:${port}/`), rules, { resolve: loopback, signal: never })).toBe(200);
  expect(sentBytes).toBeLessThan(32 * 1024 * 1024);
});

it('trusts a receiver by TLS only with an authority it was given', async () => {
  const folder = await temporaryFolder();
  const ca = await openRegionCa({
    folder, region: 'r', hosts: ['hooks.invalid'], agentLifeMs: 1000, clock: systemClock, rng: strongRng,
  }); // prettier-ignore
  const port = await listening(createTls({ ...ca.server }, (_request, response) => void response.end()));
  const url = `https://hooks.invalid:${port}/`;
  const trusting = { ...rules, caPem: ca.caPem };
  expect(await postWebhook(post(url), trusting, { resolve: loopback, signal: never })).toBe(200);
  await expect(postWebhook(post(url), rules, { resolve: loopback, signal: never })).rejects.toMatchObject({
    code: 'unavailable',
  });
  const other = `https://others.invalid:${port}/`;
  await expect(postWebhook(post(other), trusting, { resolve: loopback, signal: never })).rejects.toMatchObject({
    code: 'unavailable',
  });
});
