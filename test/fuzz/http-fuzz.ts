// The API under requests made of its own operations and then bent: paths, queries, bodies, types, headers, methods, framing. By
// a stranger, by somebody who may only read, and by an administrator. It goes over the Unix socket, where no budget stops it.
import { request as httpRequest, Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';

import { ownPermissions } from '../../controller/domain/built-in-roles.ts';
import { operations, type AnyOperation } from '../../shared/api/operations.ts';
import { messageOf } from '../../shared/errors.ts';
import { machineSpec } from '../integration/machine.ts';
import { furnish, startTestRegion, type Region } from '../integration/region.ts';
import { diceOf, mutated, mutatedBytes, oddTexts, oddValue, type Dice } from './dice.ts';
import { eachCase, type Fuzz, type FuzzOptions, type FuzzResult } from './fuzz.ts';
import { differences, fuzzHeapMb, rssBytes, witnessOf } from './witness.ts';

export const httpFuzz: Fuzz = {
  summary: 'requests to the API, bent in every way, by a stranger, a viewer and an administrator',
  cases: 100_000,
  run,
};

type Role = 'stranger' | 'viewer' | 'admin';
type Asked = {
  readonly operation: AnyOperation;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
};
type Target = { readonly region: Region; readonly socketPath: string; readonly agent: Agent };

const answerTimeoutMs = 60_000;
/** Pages that are there for everybody. */
const openPaths = /^\/(?:docs|healthz|readyz|metrics|openapi\.json)(?:[/?#]|$)/;

async function run(options: FuzzOptions): Promise<FuzzResult> {
  await using region = await startTestRegion({}, undefined, { heapMb: fuzzHeapMb });
  await furnish(region, ['FUZZ-1', 'FUZZ-2'], machineSpec);
  const target: Target = {
    region,
    socketPath: join(region.dir, 'api.sock'),
    agent: new Agent({ keepAlive: true, maxSockets: 16 }),
  };
  const { permissions } = await region.client('vic').call('auth.whoami', {});
  const may = new Set([...permissions, ...ownPermissions]);
  const done: Record<string, number> = { requests: 0, 'broken framing': 0, 'RSS MB, most': 0 };
  const problems: string[] = [];
  const before = witnessOf(region);
  const share = Math.ceil(options.cases / 3);
  const phase = async (role: Role, first: number): Promise<void> => {
    const part = { ...options, cases: share, seconds: options.seconds / 3 };
    await eachCase(part, { lanes: 8, problems }, async (index) => {
      const problem = await one(target, { role, may, done, dice: diceOf(options.seed, first + index) });
      if (problem !== undefined) problems.push(`case ${first + index}, seed ${options.seed}: ${problem}`);
      if (index % 500 === 0)
        done['RSS MB, most'] = Math.max(done['RSS MB, most'] ?? 0, Math.round(rssBytes(region) / 1e6));
    });
  };
  await phase('stranger', 0);
  await phase('viewer', share);
  // Up to here nothing may have been changed by anybody.
  problems.push(...differences(before, witnessOf(region), region));
  await phase('admin', 2 * share);
  await region.client('vic').call('region.get', {});
  const after = witnessOf(region);
  problems.push(...differences({ ...before, digests: new Map() }, after, region));
  target.agent.destroy();
  return { done, problems };
}

type Case = {
  readonly role: Role;
  readonly may: ReadonlySet<string>;
  readonly done: Record<string, number>;
  readonly dice: Dice;
};

/** Sends one; answers what was wrong with how it was taken. */
async function one(target: Target, { role, may, done, dice }: Case): Promise<string | undefined> {
  const asked = askedOf(target.region, role, dice);
  const isBroken = dice.chance(0.1);
  count(done, 'requests');
  if (isBroken) count(done, 'broken framing');
  const told = (): string =>
    `${role} ${asked.method} ${asked.path.slice(0, 300)} ${asked.body?.toString('latin1').slice(0, 500) ?? ''}`;
  let statuses: number[];
  try {
    statuses = isBroken ? await sendBroken(target, asked, dice) : [await send(target, asked)];
  } catch (error) {
    return `${messageOf(error)}: ${told()}`;
  }
  for (const status of statuses) {
    count(done, `${role}: ${status}`);
    const wrong = wrongOf(status, { role, may, asked, isBroken });
    if (wrong !== undefined) return `${wrong}: ${told()}`;
  }
  return undefined;
}

function count(done: Record<string, number>, what: string): void {
  done[what] = (done[what] ?? 0) + 1;
}

type Taken = Pick<Case, 'role' | 'may'> & { readonly asked: Asked; readonly isBroken: boolean };

function wrongOf(status: number, { role, may, asked, isBroken }: Taken): string | undefined {
  if (status >= 500 && status !== 501) return String(status);
  // A refusal, a cut, or an interim answer (RFC 9110 §15.2), which lets nothing in.
  if (status >= 400 || status < 200) return undefined;
  if (openPaths.test(asked.path)) return undefined;
  if (role === 'stranger') return `a stranger got ${status}`;
  // Only what is sent as it was meant is sure to be this operation.
  const isMeant = !isBroken && asked.method === asked.operation.method;
  return role === 'viewer' && isMeant && !may.has(asked.operation.permission) ? `a viewer got ${status}` : undefined;
}

function askedOf(region: Region, role: Role, dice: Dice): Asked {
  const operation = dice.pick(operations);
  const example: unknown = operation.example;
  const bent = dice.chance(0.85) ? mutated(example, dice) : example;
  const members: Record<string, unknown> =
    typeof bent === 'object' && bent !== null && !Array.isArray(bent) ? { ...bent } : {};
  // A poll that waits for what never comes is no test of anything.
  if (operation.id === 'event.list') members['waitMs'] = 0;
  let path = operation.path.replaceAll(/:([A-Za-z0-9]+)/g, (_all, name: string) => {
    const value = members[name] ?? dice.pick(oddTexts);
    delete members[name];
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return dice.chance(0.9) ? encoded(text) : text.replaceAll(/[^\x21-\x7e]/g, '') || 'x';
  });
  if (dice.chance(0.03))
    path =
      dice.pick(['/docs/static/', '/v1/blobs/', '/docs/', '/v1/', '/']) +
      encoded(dice.pick(oddTexts)).replaceAll('%2F', '/');
  if (dice.chance(0.02))
    path = `/docs/static/${'../'.repeat(dice.int(6))}${dice.pick(['%2e%2e/', '..%5c', '..;/'])}package.json`;
  const method = dice.chance(0.95)
    ? operation.method
    : dice.pick(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE', 'QUERY']);
  const isGet = method === 'GET' || method === 'HEAD';
  if (isGet) path += queryOf(members, dice);
  const body = isGet && !dice.chance(0.02) ? undefined : bodyOf(bent, members, dice);
  return { operation, method, path, headers: headersOf(region, role, { dice, hasBody: body !== undefined }), body };
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return '%ED%A0%80';
  }
}

function queryOf(members: Readonly<Record<string, unknown>>, dice: Dice): string {
  const pairs = Object.entries(members).map(
    ([name, value]) => `${encoded(name)}=${encoded(typeof value === 'string' ? value : JSON.stringify(value))}`,
  );
  if (dice.chance(0.05)) pairs.push(...pairs);
  if (dice.chance(0.05)) pairs.push(`${encoded(dice.pick(oddTexts))}=${encoded(dice.pick(oddTexts))}`);
  if (dice.chance(0.01)) pairs.push(...Array.from({ length: 1200 }, (_none, index) => `a${index}=1`));
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function bodyOf(bent: unknown, members: object, dice: Dice): Buffer {
  const text = JSON.stringify(dice.chance(0.9) ? members : bent) ?? 'null';
  switch (dice.int(20)) {
    case 0:
      return mutatedBytes(Buffer.from(text), dice);
    case 1:
      // A name twice: the first member again, with another value.
      return Buffer.from(
        text.replace(/^\{("[^"]*"):/, (_all, name: string) => `{${name}:${JSON.stringify(oddValue(dice))},${name}:`),
      );
    case 2:
      return Buffer.from(text.replace(/^\{/, '{"__proto__":{"isAdmin":true},'));
    case 3:
      return Buffer.concat([Buffer.alloc(dice.int(100_000), '['), Buffer.from(text)]);
    case 4:
      return Buffer.from(text, 'utf16le');
    case 5:
      return dice.chance(0.05) ? Buffer.alloc(17 * 1024 * 1024, ' ') : dice.bytes(dice.int(200));
    default:
      return Buffer.from(text);
  }
}

const contentTypes = [
  'text/plain', 'application/xml', 'application/json; charset=utf-16', 'application/octet-stream', 'multipart/form-data; boundary=x', '', ',',
  'application/x-www-form-urlencoded', 'application/json, application/json', `application/${'x'.repeat(500)}`,
]; // prettier-ignore
const noCredentials = [
  undefined, '', 'Basic', 'Basic ', 'Basic !!!', 'Basic Og==', 'Basic YTpi', 'Bearer x', 'Bearer null', 'Digest username="ada"', 'Negotiate', 'Basic YWRhOg==',
  `Basic ${'A'.repeat(1999)}`, `Bearer ${'e'.repeat(4000)}`, 'basic  YTpi', 'Basic YTpi, Basic YTpi',
]; // prettier-ignore

function headersOf(
  region: Region,
  role: Role,
  { dice, hasBody }: { readonly dice: Dice; readonly hasBody: boolean },
): Record<string, string> {
  const headers: Record<string, string> = {};
  const authorization = role === 'stranger' ? dice.pick(noCredentials) : credentialOf(region, role);
  if (authorization !== undefined) headers['authorization'] = authorization;
  if (hasBody) headers['content-type'] = dice.chance(0.95) ? 'application/json' : dice.pick(contentTypes);
  if (dice.chance(0.1)) headers['idempotency-key'] = latin(dice.pick(oddTexts));
  if (dice.chance(0.05)) headers['x-forwarded-for'] = '127.0.0.1';
  if (dice.chance(0.02)) headers['x-http-method-override'] = 'DELETE';
  if (dice.chance(0.02)) headers['cookie'] = latin(dice.pick(oddTexts));
  if (dice.chance(0.02)) headers['accept-version'] = latin(dice.pick(oddTexts));
  if (dice.chance(0.02)) headers['range'] = 'bytes=0-18446744073709551615';
  if (dice.chance(0.02)) headers['content-encoding'] = 'gzip';
  return headers;
}

function latin(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '').trim();
}

function credentialOf(region: Region, role: Exclude<Role, 'stranger'>): string {
  const { id, secret } = region.credential(role === 'viewer' ? 'vic' : 'ada');
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

/** One request by Node's own client; 0 where it was cut off, which is an answer too. */
function send({ socketPath, agent }: Target, { method, path, headers, body }: Asked): Promise<number> {
  return new Promise((resolve, reject) => {
    const all = body === undefined ? headers : { ...headers, 'content-length': String(body.length) };
    const sent = httpRequest({ socketPath, agent, method, path, headers: all }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
      response.once('error', () => resolve(response.statusCode ?? 0));
    });
    sent.setTimeout(answerTimeoutMs, () => {
      reject(new Error('no answer'));
      sent.destroy();
    });
    sent.once('error', () => resolve(0));
    sent.end(body);
  });
}

const bends: readonly ((text: string, dice: Dice) => string)[] = [
  (text) => text.replace('content-length:', 'content-length: 3\r\ncontent-length:'),
  (text) => text.replace('\r\n\r\n', '\r\ntransfer-encoding: chunked\r\n\r\n'),
  (text) => text.replace('\r\n\r\n', '\r\ntransfer-encoding: chunked, identity\r\n\r\n'),
  (text) => text.replace('\r\n\r\n', '\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n'),
  (text) => text.replaceAll('\r\n', '\n'),
  (text) => text.replace(' HTTP/1.1', ' HTTP/9.9'),
  (text) => text.replace(' HTTP/1.1', ''),
  (text) => text.replace('host: x', ''),
  (text) => text.replace('host: x', 'host: x\r\nhost: y'),
  (text) => text.replace('host: x', `host: x\r\nx-long: ${'a'.repeat(70_000)}`),
  (text) => text.replace('host: x', `host: x\r\n${'x-many: 1\r\n'.repeat(2000)}x-last: 1`),
  (text) => text.replace('host: x', 'host: x\r\nx-\0: \x01'),
  (text) => text.replace('host: x', 'host: x\r\n folded: yes'),
  (text) => text.replace('host: x', 'host: x\r\nexpect: 100-continue'),
  (text) => text.replace('host: x', 'host: x\r\nupgrade: websocket\r\nconnection: upgrade'),
  (text) => text.replace('host: x', 'host: x\r\nconnection: keep-alive, content-length'),
  (text) => text.replace(/content-length: (\d+)/, 'content-length: -1'),
  (text) => text.replace(/content-length: (\d+)/, 'content-length: 99999999999999999999'),
  (text) => text.replace(/content-length: (\d+)/, 'content-length: 0x10'),
  (text) => text + text + text,
  (text) => `\r\n\r\n${text}`,
  (text) => text.replace(/^(\w+) (\S+)/, '$1 http://other.example$2'),
  (text) => text.replace(/^(\w+) (\S+)/, 'CONNECT evil.example:443'),
  (text) => text.replace(/^(\w+) (\S+)/, '$1 *'),
  (text) => text.replace(/^(\w+) (\S+)/, '$1 //$2'),
  (text, dice) => mutatedBytes(Buffer.from(text, 'latin1'), dice).toString('latin1'),
  (text, dice) => text.slice(0, dice.int(text.length)),
];

/** The same with its framing broken, as bytes; answers every status that came back. */
function sendBroken({ socketPath }: Target, { method, path, headers, body }: Asked, dice: Dice): Promise<number[]> {
  const lines = Object.entries({
    host: 'x',
    ...headers,
    ...(body === undefined ? {} : { 'content-length': String(body.length) }),
  });
  const sound = `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body?.subarray(0, 65_536).toString('latin1') ?? ''}`;
  const bytes = Buffer.from(dice.pick(bends)(sound, dice), 'latin1');
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let text = '';
    socket.setTimeout(answerTimeoutMs, () => {
      reject(new Error(`no end after ${text.slice(0, 100)}: ${bytes.toString('latin1', 0, 300)}`));
      socket.destroy();
    });
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    socket.on('error', () => undefined);
    // `HTTP/1.1` may be in a body, a status line begins a line and follows the end of what was before.
    socket.on('close', () => resolve([...text.matchAll(/HTTP\/1\.1 (\d{3}) [A-Z]/g)].map((match) => Number(match[1]))));
    socket.end(bytes);
  });
}
