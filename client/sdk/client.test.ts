import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';

import { PpecError } from '../../shared/errors.ts';
import { cannedServer, problem, type Canned, type CannedServer } from './canned-server.ts';
import { createClient, type Client, type ClientOptions } from './client.ts';
import { watchEvents, waitForOperation } from './follow.ts';
import { listAll, listAudit, listPage } from './lists.ts';

const retry = { attemptsMax: 3, baseMs: 1, capMs: 2 };

function clientOf(server: CannedServer, options: Partial<ClientOptions> = {}): Client {
  return createClient({ url: server.url, retry, timeoutMs: 5000, ...options });
}

async function errorOf(promise: Promise<unknown>): Promise<PpecError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof PpecError)) throw new TypeError('no PpecError was thrown', { cause: thrown });
  return thrown;
}

it('puts path members into the path, the rest of a GET into the query', async () => {
  await using server = await cannedServer(() => ({ json: { items: [], next: null } }));
  using client = clientOf(server);
  await client.call('address.list', { network: 'a/b c', limit: 5 });
  expect(server.seen[0]).toMatchObject({ method: 'GET', url: '/v1/networks/a%2Fb%20c/addresses?limit=5', body: '' });
  expect(server.seen[0]?.headers['idempotency-key']).toBeUndefined();
});

it('refuses a name that would change the route, before anything is sent', async () => {
  await using server = await cannedServer(() => ({ json: {} }));
  using client = clientOf(server);
  for (const asset of ['', '.', '..']) {
    expect((await errorOf(client.call('asset.get', { asset }))).code).toBe('invalid_argument');
  }
  expect(server.seen).toHaveLength(0);
});

it('sends credential, JSON body and an idempotency key with a POST', async () => {
  await using server = await cannedServer(() => ({ status: 202, json: { id: 'chg_1' } }), { onPort: true });
  using client = clientOf(server, { credential: { id: 'crd_1', secret: 's:é' } });
  await client.call('change.reject', { change: 'chg_1', reason: 'wrong rack' });
  const seen = server.seen[0];
  expect(seen).toMatchObject({ method: 'POST', url: '/v1/changes/chg_1/reject', body: '{"reason":"wrong rack"}' });
  expect(seen?.headers.authorization).toBe(`Basic ${Buffer.from('crd_1:s:é').toString('base64')}`);
  expect(seen?.headers['idempotency-key']).toMatch(/^[0-9a-f]{8}-/);
});

it('repeats what is unavailable with the same idempotency key, and answers the first success', async () => {
  const answers: Canned[] = [problem(503, 'unavailable', 'starting'), { hangUp: true }, { json: { id: 'chg_1' } }];
  await using server = await cannedServer((_seen, index) => answers[index]);
  using client = clientOf(server);
  await expect(client.call('change.withdraw', { change: 'chg_1' })).resolves.toEqual({ id: 'chg_1' });
  expect(server.seen).toHaveLength(3);
  expect(new Set(server.seen.map((seen) => seen.headers['idempotency-key'])).size).toBe(1);
});

it('gives up after a bounded number of attempts', async () => {
  await using server = await cannedServer(() => problem(503, 'unavailable', 'starting'));
  using client = clientOf(server);
  expect(await errorOf(client.call('region.get', {}))).toMatchObject({ code: 'unavailable', message: 'starting' });
  expect(server.seen).toHaveLength(retry.attemptsMax);
});

it('never repeats a refusal, and keeps its code, message and issues', async () => {
  const json = { code: 'failed_precondition', detail: 'no room', issues: [{ path: '/count', message: 'too many' }, 7] };
  await using server = await cannedServer(() => ({ status: 409, json }));
  using client = clientOf(server);
  const error = await errorOf(client.call('change.withdraw', { change: 'chg_1' }));
  expect(error).toMatchObject({ code: 'failed_precondition', message: 'no room' });
  expect(error.issues).toEqual([{ path: '/count', message: 'too many' }]);
  expect(server.seen).toHaveLength(1);
});

it.each([
  [401, 'unauthenticated'],
  [404, 'not_found'],
  [418, 'invalid_argument'],
  [500, 'internal'],
  [502, 'unavailable'],
] as const)('tells status %i without problem+json as %s', async (status, code) => {
  await using server = await cannedServer(() => ({ status, text: '<html>', contentType: 'text/html' }));
  using client = clientOf(server);
  expect((await errorOf(client.call('region.get', {}))).code).toBe(code);
});

it.each(['[]', 'null', '"text"', '<html>', ''])('refuses the answer %j, which is no JSON object', async (text) => {
  await using server = await cannedServer(() => ({ text }));
  using client = clientOf(server);
  expect((await errorOf(client.call('region.get', {}))).code).toBe('internal');
});

it('refuses an answer over the size limit', async () => {
  await using server = await cannedServer(() => ({ json: { text: 'x'.repeat(2000) } }));
  using client = clientOf(server, { answerBytesMax: 1000 });
  expect((await errorOf(client.call('region.get', {}))).code).toBe('resource_exhausted');
});

it('ends a call without an answer at its deadline, and adds the wait of a long poll to it', async () => {
  await using server = await cannedServer(() => ({ silent: true }));
  using client = clientOf(server, { timeoutMs: 20 });
  expect(await errorOf(client.call('event.list', { waitMs: 30 }))).toMatchObject({
    code: 'deadline_exceeded',
    message: `${server.url} did not answer within 0.05 s.`,
  });
});

it('ends a call at once when its signal aborts', async () => {
  const abort = new AbortController();
  await using server = await cannedServer(() => {
    abort.abort();
    return { silent: true };
  });
  using client = clientOf(server);
  expect((await errorOf(client.call('region.get', {}, { signal: abort.signal }))).code).toBe('cancelled');
  expect((await errorOf(client.call('region.get', {}, { signal: abort.signal }))).code).toBe('cancelled');
  expect(server.seen).toHaveLength(1);
});

it('names the address and what to check when nothing answers', async () => {
  using client = createClient({ url: 'unix:/nowhere/api.sock', retry });
  expect(await errorOf(client.call('region.get', {}))).toMatchObject({
    code: 'unavailable',
    message: 'There is no socket at unix:/nowhere/api.sock. Check the path, and that the controller runs.',
  });
});

it.each(['http://controller.example:7443', 'https://id:secret@127.0.0.1', 'ftp://127.0.0.1', 'nonsense'])(
  'refuses the address %s',
  (url) => {
    expect(() => createClient({ url })).toThrow(PpecError);
  },
);

it('follows cursors to the last page', async () => {
  await using server = await cannedServer(({ url }) =>
    url.includes('cursor=two')
      ? { json: { items: [{ id: 'c' }], next: null } }
      : { json: { items: [{ id: 'a' }, { id: 'b' }], next: 'two' } },
  );
  using client = clientOf(server);
  const ids: string[] = [];
  for await (const asset of listAll(client, { id: 'asset.list', input: { state: 'SPARE' } })) ids.push(asset.id);
  expect(ids).toEqual(['a', 'b', 'c']);
  expect(server.seen.map((seen) => seen.url)).toEqual([
    '/v1/assets?state=SPARE&limit=1000',
    '/v1/assets?state=SPARE&limit=1000&cursor=two',
  ]);
});

it('stops a list at its limit and says where to go on', async () => {
  await using server = await cannedServer(() => ({ json: { items: [{ id: 'a' }, { id: 'b' }], next: 'two' } }));
  using client = clientOf(server);
  const page = await listPage(client, { id: 'asset.list', input: {} }, { itemsMax: 2 });
  expect(page).toEqual({ items: [{ id: 'a' }, { id: 'b' }], next: 'two' });
  expect(server.seen.map((seen) => seen.url)).toEqual(['/v1/assets?limit=2']);
});

it('does not follow a cursor in circles', async () => {
  await using server = await cannedServer(() => ({ json: { items: [{ id: 'a' }], next: 'same' } }));
  using client = clientOf(server);
  expect((await errorOf(listPage(client, { id: 'asset.list', input: {} }))).code).toBe('internal');
  expect(server.seen).toHaveLength(2);
});

it('pages the audit by sequence number', async () => {
  const page = (from: number, count: number): Canned => ({
    json: { items: Array.from({ length: count }, (_, at) => ({ seq: from + at })), next: null },
  });
  await using server = await cannedServer(({ url }) => (url.includes('after=0') ? page(1, 1000) : page(1001, 3)));
  using client = clientOf(server);
  let last = 0;
  for await (const { seq } of listAudit(client, {})) last = seq;
  expect(last).toBe(1003);
  expect(server.seen).toHaveLength(2);
});

it('watches events from now on, over an unreachable moment and a feed that begins anew', async () => {
  const event = (seq: number) => ({ seq, at: 0, kind: 'asset', objectId: 'a', text: `event ${seq}` });
  const answers: Canned[] = [
    { json: { items: [event(1)], last: 7, oldest: 1 } },
    { json: { items: [event(8), event(9)], last: 9, oldest: 1 } },
    { hangUp: true },
    { json: { items: [], last: 2, oldest: 1 } },
    { json: { items: [event(3)], last: 3, oldest: 1 } },
  ];
  await using server = await cannedServer((_seen, index) => answers[index]);
  using client = clientOf(server);
  const seen: number[] = [];
  for await (const { seq } of watchEvents(client, undefined, { waitMs: 0 })) {
    seen.push(seq);
    if (seq === 3) break;
  }
  expect(seen).toEqual([8, 9, 3]);
  expect(server.seen.map(({ url }) => new URLSearchParams(url.split('?')[1]).get('after'))).toEqual([
    null,
    '7',
    '9',
    '9',
    '2',
  ]);
});

it('tells that events were lost', async () => {
  const json = { items: [{ seq: 50, at: 0, kind: 'asset', objectId: 'a', text: '' }], last: 50, oldest: 50 };
  await using server = await cannedServer(() => ({ json }));
  using client = clientOf(server);
  const gaps: number[] = [];
  for await (const _ of watchEvents(client, 7, { waitMs: 0, onGap: (seq) => gaps.push(seq) })) break;
  expect(gaps).toEqual([50]);
});

it('waits for an operation until it has ended, and shows each state', async () => {
  await using server = await cannedServer((_seen, index) => ({ json: { state: index < 2 ? 'running' : 'failed' } }));
  using client = clientOf(server);
  const states: string[] = [];
  const ended = await waitForOperation(client, 'op_1', { pollMs: 1, onUpdate: ({ state }) => states.push(state) });
  expect(ended.state).toBe('failed');
  expect(states).toEqual(['running', 'running', 'failed']);
});

it('gives up waiting at the timeout, by the clock it was given', async () => {
  await using server = await cannedServer(() => ({ json: { state: 'running' } }));
  using client = clientOf(server);
  let nowMs = 0;
  const clock = { nowMs: () => (nowMs += 400) };
  const error = await errorOf(waitForOperation(client, 'op_1', { pollMs: 1, timeoutMs: 1000, clock }));
  expect(error.code).toBe('deadline_exceeded');
});

const content = Buffer.from('content of an image');
const sha256 = createHash('sha256').update(content).digest('hex');

it('uploads a file with its length, and again when the controller was away', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ppec-upload-'));
  const path = join(folder, 'image');
  await writeFile(path, content);
  await using server = await cannedServer((_seen, index) =>
    index === 0 ? { hangUp: true } : { status: 201, text: '' },
  );
  using client = clientOf(server);
  const progress: number[] = [];
  await client.uploadBlob(sha256, path, { bytes: content.length, onProgress: (bytes) => progress.push(bytes) });
  expect(server.seen.map(({ method, url, body }) => [method, url, body])).toEqual(
    [0, 1].map(() => ['PUT', `/v1/blobs/${sha256}`, content.toString()]),
  );
  expect(server.seen[1]?.headers['content-length']).toBe(String(content.length));
  expect(progress.at(-1)).toBe(content.length);
  await rm(folder, { recursive: true });
});

it('sends a stream once only', async () => {
  await using server = await cannedServer(() => problem(503, 'unavailable', 'starting'));
  using client = clientOf(server);
  const error = await errorOf(client.uploadBlob(sha256, Readable.from([content]), { bytes: content.length }));
  expect(error.code).toBe('unavailable');
  expect(server.seen).toHaveLength(1);
});

it('tells a refused upload as what the controller said, and a missing file as our own fault', async () => {
  await using server = await cannedServer(() => problem(400, 'invalid_argument', 'the digest differs'));
  using client = clientOf(server);
  const refused = await errorOf(client.uploadBlob(sha256, Readable.from([content]), { bytes: content.length }));
  expect(refused).toMatchObject({ code: 'invalid_argument', message: 'the digest differs' });
  const missing = await errorOf(client.uploadBlob(sha256, '/nowhere/image', { bytes: 5 }));
  expect(missing.code).toBe('failed_precondition');
});
