// `ppec login`: the device flow with the real client, tokens that are renewed, and their end.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { environmentOf } from '../../client/cli/config.ts';
import { runCli } from '../../client/cli/run.ts';
import { cliClientId, deviceGrant } from '../../shared/api/oauth.ts';
import {
  form,
  hourMs,
  minuteMs,
  secondMs,
  startSignInRegion,
  withPassword,
  type Answer,
  type Browser,
  type SignInRegion,
} from './sign-in-region.ts';

const password = 'four dull yellow lamps';
let region: SignInRegion;
let mia: Browser;
let folder: string;

beforeAll(async () => {
  region = await startSignInRegion({ ada: ['admin'], mia: ['provisioner'] });
  folder = mkdtempSync(join(tmpdir(), 'ppec-login-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await region[Symbol.asyncDispose]();
});

const post = (path: string, fields: Readonly<Record<string, string>>): Promise<Answer> =>
  region.http({ path, ...form(fields) });
const begin = (name = 'ppec of mia on desk'): Promise<Answer> =>
  post('/oauth/device_authorization', { client_id: cliClientId, client_name: name });
const poll = (deviceCode: unknown): Promise<Answer> =>
  post('/oauth/token', { grant_type: deviceGrant, device_code: String(deviceCode), client_id: cliClientId });
const refresh = (token: unknown): Promise<Answer> =>
  post('/oauth/token', { grant_type: 'refresh_token', refresh_token: String(token), client_id: cliClientId });

async function decide(browser: Browser, code: unknown, decision: 'approve' | 'deny'): Promise<number> {
  const page = await browser.get(`/device?user_code=${String(code)}`);
  return (await browser.post('/device', { csrf: page.csrf, user_code: String(code), decision })).status;
}

async function signedIn(): Promise<Record<string, unknown>> {
  mia = await withPassword(region, 'mia', password);
  const { json } = await begin();
  expect(await decide(mia, json['user_code'], 'approve')).toBe(200);
  return { ...(await poll(json['device_code'])).json };
}

const whoami = async (token: unknown): Promise<Answer> =>
  region.http({ path: '/v1/whoami', headers: { authorization: `Bearer ${String(token)}` } });

describe('the device flow', () => {
  it('gives a code that is read aloud, and tokens once, after its person has confirmed who asks', async () => {
    mia = await withPassword(region, 'mia', password);
    const begun = await begin('ppec of mia on <b>desk</b>');
    expect(begun.json).toMatchObject({
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/) as unknown,
      verification_uri: `${region.apiUrl}/device`,
      interval: 5,
    });
    const { device_code: deviceCode, user_code: userCode } = begun.json;
    expect((await poll(deviceCode)).json).toMatchObject({ error: 'authorization_pending' });
    expect((await poll(deviceCode)).json).toMatchObject({ error: 'slow_down' });
    // Too fast again: the interval has grown to ten seconds.
    region.clock.move(6 * secondMs);
    expect((await poll(deviceCode)).json).toMatchObject({ error: 'slow_down' });
    const stranger = await region.browser().get(`/device?user_code=${String(userCode)}`);
    expect([stranger.status, stranger.location]).toEqual([
      303,
      `/sign-in?return=${encodeURIComponent(`/device?user_code=${String(userCode)}`)}`,
    ]);
    const page = await mia.get(`/device?user_code=${String(userCode).toLowerCase().replace('-', '')}`);
    expect(page.text).toContain('ppec of mia on &lt;b&gt;desk&lt;/b&gt;');
    expect(page.text).toContain('127.0.0.1');
    // To look at it confirms nothing, nor does a form of another site.
    region.clock.move(20 * secondMs);
    expect((await poll(deviceCode)).json).toMatchObject({ error: 'authorization_pending' });
    expect((await mia.post('/device', { user_code: String(userCode), decision: 'approve' })).status).toBe(403);
    expect(await decide(mia, userCode, 'approve')).toBe(200);
    region.clock.move(20 * secondMs);
    const both = await Promise.all([poll(deviceCode), poll(deviceCode)]);
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400]);
    const tokens = both.find(({ status }) => status === 200);
    expect(tokens?.headers['cache-control']).toBe('no-store');
    expect(tokens?.json).toMatchObject({ token_type: 'Bearer', expires_in: 600, person: 'mia' });
    expect((await whoami(tokens?.json['access_token'])).json).toMatchObject({
      person: { name: 'mia' },
      signedIn: { how: 'cli' },
    });
    expect((await poll(deviceCode)).json).toMatchObject({ error: 'expired_token' });
    expect((await mia.get(`/device?user_code=${String(userCode)}`)).status).toBe(404);
  });

  it('ends when it is refused, and after ten minutes', async () => {
    mia = await withPassword(region, 'mia', password);
    const refused = await begin();
    expect(await decide(mia, refused.json['user_code'], 'deny')).toBe(200);
    expect((await poll(refused.json['device_code'])).json).toMatchObject({ error: 'access_denied' });
    const late = await begin();
    region.clock.move(10 * minuteMs);
    expect((await mia.get(`/device?user_code=${String(late.json['user_code'])}`)).status).toBe(404);
    expect((await poll(late.json['device_code'])).json).toMatchObject({ error: 'expired_token' });
    expect((await poll('nonsense')).json).toMatchObject({ error: 'invalid_grant' });
  });

  it('lets nobody try codes for long, nor fill it', async () => {
    region.clock.move(hourMs);
    mia = await withPassword(region, 'mia', password);
    const guess = () => mia.get('/device?user_code=BBBB-BBBB');
    for (let n = 0; n < 11; n += 1) expect((await guess()).text).toContain('No sign-in waits');
    expect((await guess()).text).toContain('Too many wrong codes');
    const answers: Answer[] = [];
    for (let n = 0; n < 25; n += 1) answers.push(await begin());
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect(answers.at(-1)?.json).toMatchObject({ error: 'temporarily_unavailable' });
    region.clock.move(hourMs);
    expect((await begin()).status).toBe(200);
  });
});

describe('tokens of a sign-in', () => {
  it('end after ten minutes and are renewed; a refresh token that is used twice ends the whole sign-in', async () => {
    const first = await signedIn();
    expect((await whoami(first['access_token'])).status).toBe(200);
    region.clock.move(10 * minuteMs);
    const late = await whoami(first['access_token']);
    expect([late.status, late.headers['www-authenticate']]).toEqual([401, expect.stringContaining('invalid_token')]);
    const second = await refresh(first['refresh_token']);
    expect((await whoami(second.json['access_token'])).status).toBe(200);
    const reused = await refresh(first['refresh_token']);
    expect([reused.status, reused.json['error']]).toEqual([400, 'invalid_grant']);
    expect((await whoami(second.json['access_token'])).status).toBe(401);
    expect((await refresh(second.json['refresh_token'])).json).toMatchObject({ error: 'invalid_grant' });
    expect((await region.audited('session.refresh')).join()).toContain('was used twice; the session is ended');
  });

  it('end a day after their last use, a week after the sign-in, and when they are given back', async () => {
    const idle = await signedIn();
    region.clock.move(24 * hourMs + 1);
    expect((await refresh(idle['refresh_token'])).json).toMatchObject({ error: 'invalid_grant' });
    let tokens = await signedIn();
    for (let n = 0; n < 7; n += 1) {
      region.clock.move(24 * hourMs - minuteMs);
      tokens = { ...(await refresh(tokens['refresh_token'])).json };
      const { json } = await whoami(tokens['access_token']);
      expect(json, `day ${n}`).toMatchObject({ person: { name: 'mia' } });
    }
    region.clock.move(hourMs);
    expect((await refresh(tokens['refresh_token'])).status).toBe(400);
    const given = await signedIn();
    expect((await post('/oauth/revoke', { token: String(given['refresh_token']) })).status).toBe(200);
    expect((await whoami(given['access_token'])).status).toBe(401);
    expect((await post('/oauth/revoke', { token: 'nothing that is known' })).status).toBe(200);
  });

  it('are no longer good, nor is what they have open, once the session is ended', async () => {
    const tokens = await signedIn();
    const client = region.client({ bearer: String(tokens['access_token']) });
    const ended = expect(client.call('event.list', { after: 1_000_000, waitMs: 30_000 })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    const { items } = await region.client('mia').call('session.list', {});
    const cli = items.find(({ kind }) => kind === 'cli');
    await region.client('ada').call('session.end', { session: cli?.id ?? '' });
    await ended;
    await expect(client.call('auth.whoami', {})).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('ppec login', () => {
  it('signs in, is renewed while it is used, by several at once too, and signs out', async () => {
    const configPath = join(folder, 'config.json');
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, region.caPem);
    mia = await withPassword(region, 'mia', password);
    let err = '';
    let decided = false;
    const ppec = async (...words: string[]): Promise<{ status: number; out: string }> => {
      let out = '';
      const sink = (take: (text: string) => void) =>
        new Writable({
          write: (chunk: Buffer, _encoding, done) => {
            take(chunk.toString());
            done();
          },
        });
      const status = await runCli(words, {
        stdin: new PassThrough().end(),
        stdout: sink((text) => (out += text)),
        stderr: sink((text) => (err += text)),
        environment: environmentOf({ PPEC_CONFIG: configPath }),
        clock: region.clock,
        // Between two questions the person confirms, and time goes on.
        pause: async (ms) => {
          region.clock.move(ms);
          const code = /Enter {2}(\S+)/.exec(err)?.[1];
          if (!decided && code !== undefined) decided = (await decide(mia, code, 'approve')) === 200;
        },
        abort: new AbortController(),
      });
      return { status, out };
    };
    expect((await ppec('context', 'add', 'test', '--url', region.apiUrl, '--ca', ca)).status).toBe(0);
    expect(await ppec('whoami')).toMatchObject({ status: 4 });
    const login = await ppec('login');
    expect([login.status, login.out]).toEqual([0, expect.stringMatching(/^Signed in as mia until /)]);
    expect(statSync(configPath).mode & 0o777).toBe(0o600);
    const me = await ppec('whoami');
    expect(me.out).toMatch(/signed in +by ppec login \(ses_/);
    const kept = (): string => {
      const config: unknown = JSON.parse(readFileSync(configPath, 'utf8'));
      return /"refreshToken": ?"([^"]+)"/.exec(JSON.stringify(config))?.[1] ?? '';
    };
    const before = kept();
    region.clock.move(hourMs);
    // Each of them finds the access token ended; one renews it and the others take what it got.
    const all = await Promise.all(Array.from({ length: 5 }, () => ppec('whoami')));
    expect(all.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0]);
    expect(kept()).not.toBe(before);
    const { items } = await region.client('mia').call('session.list', {});
    expect(items.filter(({ kind }) => kind === 'cli')).toHaveLength(1);
    expect((await ppec('logout')).out).toBe('Signed out mia.\n');
    expect(readFileSync(configPath, 'utf8')).not.toContain('ppec_');
    expect((await refresh(before)).status).toBe(400);
  });
});
