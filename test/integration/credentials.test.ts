// API credentials: what they may at most, from where, until when; their tokens; and that losing one ends what is open.
import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { credentialTokens } from '../../client/sdk/oauth.ts';
import { createClient } from '../../client/sdk/client.ts';
import { openTransport } from '../../client/sdk/transport.ts';
import { isSecretText } from '../../shared/secret-text.ts';
import {
  form,
  hourMs,
  minuteMs,
  startSignInRegion,
  type Answer,
  type Credential,
  type SignInRegion,
} from './sign-in-region.ts';

let region: SignInRegion;

beforeAll(async () => {
  region = await startSignInRegion({
    ada: ['admin'],
    max: ['provisioner', 'approver'],
    mia: ['provisioner'],
    cho: ['approver'],
  });
});
afterAll(async () => region[Symbol.asyncDispose]());

type Wanted = Parameters<ReturnType<SignInRegion['client']>['call']>[1];
async function make(as: string | Credential, wanted: object = {}): Promise<Credential> {
  const { credential, secret } = await region
    .client(as)
    .call('credential.create', { label: 'test', ...wanted } as Wanted & { label: string });
  return { id: credential.id, secret };
}

const refused = { code: 'permission_denied' };
const out = { code: 'unauthenticated' };

const tokenFor = ({ id, secret }: Credential, fields: Record<string, string> = {}): Promise<Answer> =>
  region.http({
    path: '/oauth/token',
    ...form({ grant_type: 'client_credentials', client_id: id, client_secret: secret, ...fields }),
  });

describe('a credential', () => {
  it('has a secret that scanners know, shown once', async () => {
    const { secret } = await make('mia');
    expect(isSecretText('credential', secret)).toBe(true);
    expect(JSON.stringify(await region.client('ada').call('credential.list', {}))).not.toContain(secret);
    expect(region.logText()).not.toContain(secret);
  });

  it('that only reads cannot write, and cannot make another that could', async () => {
    const reader = region.client(await make('mia', { limits: { access: 'read' } }));
    expect((await reader.call('asset.list', {})).items).toEqual([]);
    const { permissions, signedIn } = await reader.call('auth.whoami', {});
    expect(permissions).toContain('asset.list');
    expect(permissions).not.toContain('asset.provision');
    expect(signedIn.limits).toEqual({ access: 'read' });
    await expect(reader.call('credential.create', { label: 'wide' })).rejects.toMatchObject(refused);
    await expect(reader.call('person.set-password', { old: 'x', new: 'y' })).rejects.toMatchObject(refused);
  });

  it('never makes a wider one: not in roles, access, sources or time', async () => {
    const bounds = { limits: { roles: ['provisioner'] }, sources: ['127.0.0.0/8'], expiresInDays: 10 };
    const narrow = await make('max', bounds);
    const client = region.client(narrow);
    for (const wider of [
      { limits: { roles: ['approver'] } },
      { limits: { roles: ['provisioner', 'approver'] } },
      { limits: { roles: ['admin'] } },
      { sources: ['0.0.0.0/0'] },
      { sources: ['127.0.0.0/8', '10.0.0.0/8'] },
      { sources: ['::/0'] },
      { expiresInDays: 11 },
    ]) {
      await expect(
        client.call('credential.create', { label: 'wide', ...wider }),
        JSON.stringify(wider),
      ).rejects.toMatchObject(refused);
    }
    const child = await client.call('credential.create', { label: 'child' });
    expect(child.credential).toMatchObject({ limits: { roles: ['provisioner'] }, sources: ['127.0.0.0/8'] });
    expect(child.credential.expiresAt).toBeLessThanOrEqual(region.clock.nowMs() + 10 * 24 * hourMs);
    // Nor by way of a token of it, or a new secret for a wider one.
    const wide = await make('max');
    await expect(client.call('credential.rotate', { credential: wide.id })).rejects.toMatchObject(refused);
    const token = await tokenFor(wide, { scope: 'read role:provisioner' });
    const byToken = region.client({ bearer: String(token.json['access_token']) });
    await expect(byToken.call('credential.rotate', { credential: wide.id })).rejects.toMatchObject(refused);
    const writing = await tokenFor(wide, { scope: 'role:provisioner' });
    const byWriting = region.client({ bearer: String(writing.json['access_token']) });
    await expect(byWriting.call('credential.rotate', { credential: wide.id })).rejects.toMatchObject(refused);
    expect((await byWriting.call('credential.create', { label: 'x' })).credential.limits).toEqual({
      roles: ['provisioner'],
    });
  });

  it('of an admin that has limits makes no link to a sign-in without any', async () => {
    const narrow = region.client(await make('ada', { limits: { roles: ['admin'] } }));
    await expect(narrow.call('person.set-up', { person: 'mia' })).rejects.toMatchObject(refused);
  });

  it('with a scope sees what is there, and does nothing at region', async () => {
    const elsewhere = region.client(await make('mia', { limits: { scopes: ['team:storage'] } }));
    expect((await elsewhere.call('asset.list', {})).items).toEqual([]);
    await expect(elsewhere.call('po.list', {})).rejects.toMatchObject(refused);
    expect((await region.client('mia').call('po.list', {})).items).toEqual([]);
  });

  it.each([
    [['127.0.0.1/32'], true],
    [['127.0.0.0/8', '2001:db8::/32'], true],
    [['::ffff:127.0.0.0/104'], true],
    [['::1/128'], false],
    [['10.0.0.0/8'], false],
    [['::/0'], false],
  ])('is used from its networks only: %j', async (sources, isAllowed) => {
    const credential = await make('mia', { sources });
    const call = region.client(credential).call('auth.whoami', {});
    if (isAllowed) expect((await call).person.name).toBe('mia');
    else await expect(call).rejects.toMatchObject(refused);
    expect((await tokenFor(credential)).status).toBe(isAllowed ? 200 : 401);
  });

  it.each([['10.0.0.0/33'], ['10.0.0'], ['010.0.0.1'], ['localhost'], ['10.0.0.0/8/8'], ['fe80::1%eth0']])(
    'refuses %s as a network',
    async (source) => {
      await expect(make('mia', { sources: [source] })).rejects.toMatchObject({ code: 'invalid_argument' });
    },
  );

  it('shows when and from where it was last used', async () => {
    const credential = await make('mia');
    await region.client(credential).call('auth.whoami', {});
    const { items } = await region.client('mia').call('credential.list', { limit: 1000 });
    expect(items.find(({ id }) => id === credential.id)).toMatchObject({ lastUsedFrom: '127.0.0.1' });
  });

  it('is rotated with a time in which both secrets are good, and not a moment more', async () => {
    const old = await make('mia');
    const { secret } = await region.client('mia').call('credential.rotate', { credential: old.id, overlapHours: 2 });
    const fresh = { id: old.id, secret };
    region.clock.move(2 * hourMs - minuteMs);
    expect((await region.client(old).call('auth.whoami', {})).person.name).toBe('mia');
    expect((await region.client(fresh).call('auth.whoami', {})).person.name).toBe('mia');
    region.clock.move(minuteMs);
    await expect(region.client(old).call('auth.whoami', {})).rejects.toMatchObject(out);
    const last = await region.client(fresh).call('credential.rotate', { credential: old.id, overlapHours: 0 });
    await expect(region.client(fresh).call('auth.whoami', {})).rejects.toMatchObject(out);
    expect((await region.client({ id: old.id, secret: last.secret }).call('auth.whoami', {})).person.name).toBe('mia');
  });

  it('ends by itself', async () => {
    const credential = await make('mia', { expiresInDays: 1 });
    const token = await tokenFor(credential);
    region.clock.move(24 * hourMs);
    await expect(region.client(credential).call('auth.whoami', {})).rejects.toMatchObject(out);
    expect((await tokenFor(credential)).status).toBe(401);
    await expect(
      region.client({ bearer: String(token.json['access_token']) }).call('auth.whoami', {}),
    ).rejects.toMatchObject(out);
  });

  it('that is revoked ends its long polls and its uploads then and there', async () => {
    const credential = await make('ada');
    const client = region.client(credential);
    const poll = expect(client.call('event.list', { after: 1_000_000, waitMs: 30_000 })).rejects.toMatchObject(out);
    const content = randomBytes(64 * 1024);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const upload = endlessUpload(credential, sha256);
    await upload.begun;
    const begunMs = performance.now();
    await region.client('ada').call('credential.revoke', { credential: credential.id });
    await poll;
    await upload.ended;
    expect(performance.now() - begunMs).toBeLessThan(10_000);
    await expect(client.call('auth.whoami', {})).rejects.toMatchObject(out);
  });
});

/** An upload that sends a little and never ends by itself. */
function endlessUpload({ id, secret }: Credential, sha256: string): { begun: Promise<void>; ended: Promise<void> } {
  const sent = request(`${region.apiUrl}/v1/blobs/${sha256}`, {
    method: 'PUT',
    ca: region.caPem,
    auth: `${id}:${secret}`,
    agent: false,
    headers: { 'content-type': 'application/octet-stream', 'content-length': '1000000000', expect: '100-continue' },
  });
  const ended = new Promise<void>((resolve) => {
    sent.once('response', ({ statusCode }) => {
      expect(statusCode).toBe(401);
      resolve();
    });
    // Cut before the answer was read, or after.
    sent.once('error', () => resolve());
  });
  sent.write(randomBytes(1024));
  const begun = new Promise<void>((resolve) => sent.once('continue', () => resolve()));
  return { begun, ended };
}

describe('a service', () => {
  it('has a person who answers for it, makes its credentials, and does not check what it asks for', async () => {
    const ada = region.client('ada');
    await expect(ada.call('person.create', { name: 'bot', kind: 'service' })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    const bot = await ada.call('person.create', {
      name: 'bot',
      kind: 'service',
      owner: 'max',
    });
    expect(bot).toMatchObject({ kind: 'service', owner: 'max' });
    for (const role of ['provisioner', 'approver']) {
      const asked = { holder: 'service:bot', role, scope: 'region', reason: 'it runs the pipeline' };
      const { id: change, payloadSha256 } = await ada.call('grant.create', asked);
      // Its owner would have these rights, too.
      await expect(region.client('max').call('change.approve', { change, payloadSha256 })).rejects.toMatchObject(
        refused,
      );
      await region.client('cho').call('change.approve', { change, payloadSha256 });
    }
    const credential = await make('max', { person: 'bot' });
    await expect(make('mia', { person: 'bot' })).rejects.toMatchObject(refused);
    const { permissions } = await region.client(credential).call('auth.whoami', {});
    expect(permissions).toContain('asset.provision');
    expect(permissions).not.toContain('change.approve');
  });
});

describe('a token for a credential', () => {
  it('is good for ten minutes, wherever Basic is, and says so where it is not', async () => {
    const credential = await make('mia');
    const { id, secret } = credential;
    const basic = await region.http({
      path: '/oauth/token',
      ...form({ grant_type: 'client_credentials' }),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
      },
    });
    expect(basic.json).toMatchObject({ token_type: 'Bearer', expires_in: 600 });
    const client = region.client({ bearer: String(basic.json['access_token']) });
    expect((await client.call('auth.whoami', {})).signedIn).toMatchObject({ how: 'token', id });
    region.clock.move(10 * minuteMs);
    const late = await region.http({
      path: '/v1/whoami',
      headers: { authorization: `Bearer ${String(basic.json['access_token'])}` },
    });
    expect([late.status, late.json['code']]).toEqual([401, 'unauthenticated']);
    expect(late.headers['www-authenticate']).toContain('Bearer realm="PPEC", error="invalid_token"');
  });

  it.each([
    [{ scope: 'role:checker' }, 'invalid_scope'],
    [{ scope: 'role:admin read' }, 'invalid_scope'],
    [{ client_secret: 'wrong' }, 'invalid_client'],
    [{ client_id: 'crd_nobody' }, 'invalid_client'],
    [{ grant_type: 'password' }, 'unsupported_grant_type'],
    [{ grant_type: '' }, 'unsupported_grant_type'],
  ])('is refused for %j with %s', async (fields, error) => {
    const answer = await tokenFor(await make('mia'), fields as Record<string, string>);
    expect(answer.json['error']).toBe(error);
    expect(answer.status).toBe(error === 'invalid_client' ? 401 : 400);
  });

  it('ends with its credential, and with the role that its owner loses', async () => {
    const credential = await make('mia');
    const { json } = await tokenFor(credential);
    const client = region.client({ bearer: String(json['access_token']) });
    expect((await client.call('auth.whoami', {})).person.name).toBe('mia');
    await region.client('mia').call('credential.revoke', { credential: credential.id });
    await expect(client.call('auth.whoami', {})).rejects.toMatchObject(out);
  });

  it('is fetched by the SDK when there is none, and again when the controller does not take it', async () => {
    const credential = await make('mia');
    const transport = openTransport({ url: region.apiUrl, caPem: region.caPem, answerBytesMax: 65_536 });
    const tokens = credentialTokens(transport, { ...credential, scope: 'read' }, region.clock);
    const client = createClient({ url: region.apiUrl, caPem: region.caPem, tokens });
    expect((await client.call('auth.whoami', {})).signedIn).toMatchObject({ how: 'token', limits: { access: 'read' } });
    const first = await tokens();
    region.clock.move(9 * minuteMs + 1);
    expect(await tokens()).not.toBe(first);
    const second = await tokens();
    // Given back behind the client's back: it asks anew, once.
    await region.http({ path: '/oauth/revoke', ...form({ token: second }) });
    expect((await client.call('auth.whoami', {})).person.name).toBe('mia');
    expect(await tokens()).not.toBe(second);
    transport.close();
    client[Symbol.dispose]();
  });
});

describe('the metadata', () => {
  it('names what there is (RFC 8414)', async () => {
    const { json } = await region.http({ path: '/.well-known/oauth-authorization-server' });
    expect(json).toMatchObject({ issuer: region.apiUrl, token_endpoint: `${region.apiUrl}/oauth/token` });
    for (const [name, error] of [
      ['token_endpoint', 'invalid_request'],
      ['device_authorization_endpoint', 'invalid_client'],
      ['revocation_endpoint', 'invalid_request'],
    ] as const) {
      const path = new URL(String(json[name])).pathname;
      expect((await region.http({ path, ...form({}) })).json, name).toMatchObject({ error });
    }
  });
});
