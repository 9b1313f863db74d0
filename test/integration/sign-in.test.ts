// Signing in with a password, what a browser session is worth, and how it ends.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import Sqlite from 'better-sqlite3';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  form,
  hourMs,
  minuteMs,
  startSignInRegion,
  withPassword,
  type Answer,
  type Browser,
  type SignInRegion,
} from './sign-in-region.ts';

const password = 'four dull yellow lamps';
const refused = { code: 'permission_denied' };
let region: SignInRegion;

beforeAll(async () => {
  region = await startSignInRegion({
    ada: ['admin'],
    mia: ['provisioner'],
    max: ['provisioner'],
    cho: ['approver'],
    vic: ['viewer'],
  });
});
afterAll(async () => region[Symbol.asyncDispose]());

async function whoami(browser: Browser): Promise<number> {
  return (await region.http({ path: '/v1/whoami', headers: browser.cookieHeader() })).status;
}

describe('a set-up link', () => {
  it('lets the person choose a password once, and is not for a service', async () => {
    const ada = region.client('ada');
    await ada.call('person.create', { name: 'lea' });
    const { token, url } = await ada.call('person.set-up', { person: 'lea' });
    expect(url).toBe(`${region.apiUrl}/set-up?token=${token}`);
    const browser = region.browser();
    expect((await browser.get(`/set-up?token=${token}`)).text).toContain('Choose a password, lea');
    for (const [bad, why] of [
      ['short', '5 characters'],
      ['lea-password', 'name does not give away'],
      ['aaaaaaaaaaaaaaa', 'over and over'],
    ] as const) {
      const answer = await browser.post('/set-up', { token, password: bad, again: bad });
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(why)]);
    }
    expect((await browser.post('/set-up', { token, password, again: 'another' })).status).toBe(400);
    expect((await browser.post('/set-up', { token, password, again: password })).status).toBe(303);
    expect(await whoami(browser)).toBe(200);
    expect((await region.browser().post('/set-up', { token, password, again: password })).status).toBe(401);
    await ada.call('person.create', { name: 'ci', kind: 'service', owner: 'mia' });
    await expect(ada.call('person.set-up', { person: 'ci' })).rejects.toMatchObject({ code: 'failed_precondition' });
  });

  it('ends after a day, and when another is made', async () => {
    const ada = region.client('ada');
    await ada.call('person.create', { name: 'leo' });
    const first = await ada.call('person.set-up', { person: 'leo' });
    const second = await ada.call('person.set-up', { person: 'leo' });
    expect((await region.browser().get(`/set-up?token=${first.token}`)).status).toBe(404);
    region.clock.move(24 * hourMs + 1);
    expect((await region.browser().get(`/set-up?token=${second.token}`)).status).toBe(404);
  });

  it('is no way to the rights of somebody else: where they hold any, a second person must agree, once', async () => {
    const ada = region.client('ada');
    const message: unknown = expect.stringContaining('ppec person open-sign-in max');
    const needed = { code: 'failed_precondition', message };
    await expect(ada.call('person.set-up', { person: 'max' })).rejects.toMatchObject(needed);
    await expect(ada.call('person.update', { person: 'max', email: 'ada@example.net' })).rejects.toMatchObject(needed);
    await expect(ada.call('credential.create', { label: 'x', person: 'max' })).rejects.toMatchObject(refused);
    const { items } = await ada.call('credential.list', {});
    const ofMax = items.find(({ person }) => person === 'max')?.id ?? '';
    await expect(ada.call('credential.rotate', { credential: ofMax })).rejects.toMatchObject({ code: 'not_found' });

    const asked = { person: 'max', reason: 'forgot the password, asked at the desk' };
    const change = await ada.call('person.open-sign-in', asked);
    const approval = { change: change.id, payloadSha256: change.payloadSha256 };
    await expect(ada.call('change.approve', approval)).rejects.toMatchObject(refused);
    expect(await region.client('cho').call('change.approve', approval)).toMatchObject({ state: 'executed' });
    const { token } = await ada.call('person.set-up', { person: 'max' });
    await expect(ada.call('person.set-up', { person: 'max' })).rejects.toMatchObject(needed);
    const browser = region.browser();
    expect((await browser.post('/set-up', { token, password, again: password })).status).toBe(303);
    // What anybody had as them before is worth nothing now.
    await expect(region.client('max').call('auth.whoami', {})).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await whoami(browser)).toBe(200);
  });

  it('that was made while they held no rights is worth nothing when they do', async () => {
    const ada = region.client('ada');
    await ada.call('person.create', { name: 'new' });
    const { token } = await ada.call('person.set-up', { person: 'new' });
    const asked = { holder: 'person:new', role: 'viewer', scope: 'region', reason: 'joined' };
    const { id: change, payloadSha256 } = await ada.call('grant.create', asked);
    await region.client('cho').call('change.approve', { change, payloadSha256 });
    expect((await region.browser().get(`/set-up?token=${token}`)).status).toBe(404);
    expect((await region.browser().post('/set-up', { token, password, again: password })).status).toBe(401);
  });
});

describe('a password', () => {
  it('signs in, says nothing about which of the two is wrong, and is kept only as argon2id', async () => {
    await withPassword(region, 'mia', password);
    const browser = region.browser();
    const wrong = await browser.signIn('mia', 'not it at all');
    const unknown = await browser.signIn('nobody-here', password);
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    const said = (text: string): string | undefined => /role="alert">([^<]+)/.exec(text)?.[1];
    expect(said(wrong.text)).toBe('Name or password is wrong.');
    expect(said(unknown.text)).toBe('Name or password is wrong.');
    const done = await browser.signIn('mia', password);
    expect([done.status, done.location]).toEqual([303, '/sign-in']);
    expect(done.headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-ppec-session=ppec_ss_[0-9A-Za-z]{49}; Path=\/; Secure; HttpOnly; SameSite=Lax$/),
    ]);
    expect((await browser.get('/sign-in')).text).toContain('Signed in as mia');
    const file = new Sqlite(join(region.dir, 'data/ppec.db'), { readonly: true });
    const kept = file.prepare('select phc from passwords').all();
    const secrets = file.prepare('select secret_hash from sessions').all();
    file.close();
    expect(JSON.stringify(kept)).toMatch(/^\[\{"phc":"\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(JSON.stringify(secrets)).not.toContain('ppec_ss_');
    const secret = browser.cookies.get('__Host-ppec-session') ?? 'no cookie';
    expect(region.logText()).not.toContain(secret);
    expect(region.logText()).not.toContain(password);
  });

  it('that is kept with too little work is hashed anew at the next sign-in', async () => {
    await withPassword(region, 'mia', password);
    const weak = spawnSync(process.execPath, ['-e', `
      const { argon2Sync } = require('node:crypto');
      const nonce = Buffer.alloc(16, 1);
      const key = argon2Sync('argon2id', { message: ${JSON.stringify(password)}, nonce, parallelism: 1, tagLength: 32, memory: 8192, passes: 1 });
      const b = (x) => x.toString('base64').replaceAll('=', '');
      process.stdout.write('$argon2id$v=19$m=8192,t=1,p=1$' + b(nonce) + '$' + b(key));
    `], { encoding: 'utf8' }).stdout; // prettier-ignore
    const mia = (await region.client('ada').call('person.list', {})).items.find(({ name }) => name === 'mia');
    const file = new Sqlite(join(region.dir, 'data/ppec.db'));
    file.prepare('update passwords set phc = ? where person_id = ?').run(weak, mia?.id);
    expect((await region.browser().signIn('mia', password)).status).toBe(303);
    const row = file.prepare('select phc from passwords where person_id = ?').get(mia?.id);
    file.close();
    expect(JSON.stringify(row)).toContain('m=19456,t=2,p=1');
    expect((await region.browser().signIn('mia', password)).status).toBe(303);
  });

  it('is guessed ever more slowly, and the right one is taken again when the wait is over', async () => {
    await withPassword(region, 'cho', password);
    region.clock.move(2 * hourMs);
    const guess = (word: string) => region.browser().signIn('cho', word);
    for (let n = 0; n < 6; n += 1) expect((await guess(`wrong ${n}`)).status).toBe(401);
    const slowed = await guess(password);
    expect([slowed.status, slowed.headers['retry-after']]).toEqual([429, '1']);
    region.clock.move(1001);
    expect((await guess('wrong again')).status).toBe(401);
    expect((await guess(password)).headers['retry-after']).toBe('2');
    region.clock.move(2001);
    expect((await guess(password)).status).toBe(303);
    // It counts from the beginning again.
    expect((await guess('wrong')).status).toBe(401);
    expect((await guess(password)).status).toBe(303);
  });

  it('is changed with the old one; other sessions end then and there', async () => {
    const here = await withPassword(region, 'vic', password);
    const there = region.browser();
    await there.signIn('vic', password);
    const csrf = await csrfOf(here);
    const change = (old: string, next: string) =>
      region.http({
        method: 'POST',
        path: '/v1/password',
        headers: { ...apiHeaders(here, csrf) },
        body: JSON.stringify({ old, new: next }),
      });
    expect(await change('wrong one', 'seven grey wet stones')).toMatchObject({ status: 403 });
    expect(await change(password, 'short')).toMatchObject({ status: 400 });
    expect(await change(password, 'seven grey wet stones')).toMatchObject({ status: 200, json: { sessionsEnded: 1 } });
    expect([await whoami(here), await whoami(there)]).toEqual([200, 401]);
    expect((await region.browser().signIn('vic', password)).status).toBe(401);
    expect((await region.browser().signIn('vic', 'seven grey wet stones')).status).toBe(303);
  });

  it('is set on the controller’s own machine', async () => {
    const set = spawnSync(
      process.execPath,
      ['controller/main.ts', '--config', region.configPath, 'set-password', 'ada'],
      {
        input: 'nine soft brown birds\n',
        encoding: 'utf8',
      },
    );
    expect([set.status, set.stdout]).toEqual([0, '']);
    expect((await region.browser().signIn('ada', 'nine soft brown birds')).status).toBe(303);
    const bad = spawnSync(
      process.execPath,
      ['controller/main.ts', '--config', region.configPath, 'set-password', 'ada'],
      {
        input: 'short\n',
        encoding: 'utf8',
      },
    );
    expect([bad.status, bad.stderr]).toEqual([2, expect.stringContaining('it needs 12')]);
  });
});

async function csrfOf(browser: Browser): Promise<string> {
  const { json } = await region.http({ path: '/v1/whoami', headers: browser.cookieHeader() });
  const { signedIn } = json;
  const token = typeof signedIn === 'object' && signedIn !== null && 'csrfToken' in signedIn ? signedIn.csrfToken : '';
  return String(token);
}

function apiHeaders(browser: Browser, csrf: string): Record<string, string> {
  return {
    ...browser.cookieHeader(),
    'content-type': 'application/json',
    'sec-fetch-site': 'same-origin',
    origin: region.apiUrl,
    'x-ppec-csrf': csrf,
  };
}

describe('a browser session', () => {
  it('is another one after each sign-in, and the one before has ended', async () => {
    const browser = await withPassword(region, 'mia', password);
    const before = new Map(browser.cookies);
    await browser.signIn('mia', password);
    expect(browser.cookies).not.toEqual(before);
    const old = { cookie: [...before].map((pair) => pair.join('=')).join('; ') };
    expect((await region.http({ path: '/v1/whoami', headers: old })).status).toBe(401);
    expect(await whoami(browser)).toBe(200);
  });

  it('ends an hour after its last use, and twelve hours after it began whatever happens', async () => {
    const idle = await withPassword(region, 'mia', password);
    region.clock.move(hourMs - 1000);
    expect(await whoami(idle)).toBe(200);
    region.clock.move(hourMs - 1000);
    expect(await whoami(idle)).toBe(200);
    region.clock.move(hourMs);
    expect(await whoami(idle)).toBe(401);
    const busy = region.browser();
    await busy.signIn('mia', password);
    for (let n = 0; n < 23; n += 1) {
      region.clock.move(hourMs / 2);
      expect(await whoami(busy), `half-hour ${n}`).toBe(200);
    }
    region.clock.move(hourMs / 2);
    expect(await whoami(busy)).toBe(401);
  });

  it('is listed and ended by its person, by nobody else, and by sign-out', async () => {
    const here = await withPassword(region, 'mia', password);
    const there = region.browser();
    await there.signIn('mia', password);
    const { items } = await region.client('mia').call('session.list', {});
    const [newest] = items;
    expect(newest).toMatchObject({ person: 'mia', kind: 'browser', method: 'password', client: 'Test Browser' });
    await expect(region.client('vic').call('session.end', { session: newest?.id ?? '' })).rejects.toMatchObject({
      code: 'not_found',
    });
    await region.client('mia').call('session.end', { session: newest?.id ?? '' });
    expect([await whoami(here), await whoami(there)]).toEqual([200, 401]);
    const { csrf } = await here.get('/sign-in');
    expect((await here.post('/sign-out', { csrf })).status).toBe(200);
    expect(here.cookies.size).toBe(0);
    expect(await region.audited('session.sign-out')).toContain('mia signed out');
  });

  it('writes only from a page of this controller, with the session’s token', async () => {
    const browser = await withPassword(region, 'ada', 'nine soft brown birds');
    const csrf = await csrfOf(browser);
    const good = apiHeaders(browser, csrf);
    const post = (headers: Record<string, string>, name: string) =>
      region.http({ method: 'POST', path: '/v1/people', headers, body: JSON.stringify({ name }) });
    const { 'x-ppec-csrf': _token, ...withoutToken } = good;
    const { origin: _origin, 'sec-fetch-site': _site, ...fromNowhere } = good;
    const other = await withPassword(region, 'mia', password);
    for (const [what, headers] of [
      ['no token', withoutToken],
      ['a wrong token', { ...good, 'x-ppec-csrf': 'x'.repeat(43) }],
      ['the token of another session', { ...good, 'x-ppec-csrf': await csrfOf(other) }],
      ['another site', { ...good, 'sec-fetch-site': 'cross-site' }],
      ['a sibling host', { ...good, 'sec-fetch-site': 'same-site' }],
      ['another origin', { ...good, origin: 'https://evil.example' }],
      ['no word of where from', fromNowhere],
    ] as const) {
      expect((await post(headers, 'eve')).status, what).toBe(403);
    }
    expect((await post(good, 'dan')).status).toBe(200);
    expect((await region.client('ada').call('person.list', {})).items.map(({ name }) => name)).not.toContain('eve');
  });

  it('is not begun or ended by a form of another site', async () => {
    const browser = region.browser();
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
      expect((await browser.post('/sign-in', { name: 'mia', password }, headers)).status).toBe(403);
    }
    expect(browser.cookies.size).toBe(0);
    await browser.signIn('mia', password);
    expect((await browser.post('/sign-out', { csrf: 'x' })).status).toBe(403);
    expect(await whoami(browser)).toBe(200);
    // A header that is wrong is not made good by a cookie that the browser adds.
    const headers = { ...browser.cookieHeader(), authorization: 'Basic eDp5' };
    expect((await region.http({ path: '/v1/whoami', headers })).status).toBe(401);
  });

  it.each([
    ['//evil.example/', '/sign-in'],
    ['/\\evil.example', '/sign-in'],
    ['https://evil.example', '/sign-in'],
    ['/device?user_code=BCDF-GHJK', '/device?user_code=BCDF-GHJK'],
  ])('leads back to a path of this controller only: %s', async (asked, led) => {
    const done = await region.browser().post('/sign-in', { name: 'mia', password, return: asked });
    expect(done.location).toBe(led);
  });
});

describe('pages', () => {
  it.each(['/sign-in', '/sign-out', '/device?user_code=BCDF-GHJK'])(
    '%s runs no script, loads nothing, and is framed by nobody',
    async (path) => {
      const browser = await withPassword(region, 'mia', password);
      const page = await browser.get(path);
      const style = /<style>([^<]*)<\/style>/.exec(page.text)?.[1] ?? '';
      const hash = createHash('sha256').update(style).digest('base64');
      expect(page.headers['content-security-policy']).toContain(`default-src 'none'; style-src 'sha256-${hash}'; `);
      expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'same-origin' });
      expect(page.text).not.toMatch(/<script|javascript:|on(click|load)=|src=/i);
      expect(page.text).toMatch(/^<!doctype html>\n<html lang="en">/);
      const inputs = [...page.text.matchAll(/<input id="([^"]+)"/g)].map((match) => match[1]);
      for (const id of inputs) expect(page.text).toContain(`<label for="${id}"`);
    },
  );

  it('escape what they are given', async () => {
    const page = await region.browser().signIn('"><script>alert(1)</script>', 'x');
    expect(page.text).not.toContain('<script>');
    expect(page.text).toContain('&quot;&gt;&lt;script&gt;');
  });

  it('refuse a field that is there twice', async () => {
    const sent = form({});
    const headers = { ...sent.headers, 'sec-fetch-site': 'same-origin' };
    const twice = await region.http({ path: '/sign-in', ...sent, headers, body: 'name=a&name=b&password=c' });
    expect(twice.status).toBe(400);
  });
});

describe('a person', () => {
  it('who is deactivated is out at once, in every way, and comes back without the old sessions', async () => {
    const browser = await withPassword(region, 'cho', password);
    const cho = region.client('cho');
    const ended = expect(cho.call('event.list', { after: 1_000_000, waitMs: 30_000 })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(region.client('mia').call('person.deactivate', { person: 'cho', reason: 'no' })).rejects.toMatchObject(
      {
        code: 'permission_denied',
      },
    );
    const begunMs = performance.now();
    await region.client('ada').call('person.deactivate', { person: 'cho', reason: 'left' });
    await ended;
    expect(performance.now() - begunMs).toBeLessThan(10_000);
    expect(await whoami(browser)).toBe(401);
    await expect(cho.call('auth.whoami', {})).rejects.toMatchObject({ code: 'unauthenticated' });
    expect((await region.browser().signIn('cho', password)).status).toBe(401);
    await region.client('ada').call('person.reactivate', { person: 'cho', reason: 'back' });
    expect(await whoami(browser)).toBe(401);
    expect((await cho.call('auth.whoami', {})).person.name).toBe('cho');
    expect((await region.browser().signIn('cho', password)).status).toBe(303);
  });

  it('does not deactivate themselves', async () => {
    await expect(
      region.client('ada').call('person.deactivate', { person: 'ada', reason: 'oops' }),
    ).rejects.toMatchObject({
      code: 'failed_precondition',
    });
  });
});

describe('guesses', () => {
  it.each(['/oauth/token', '/oauth/device_authorization', '/sign-in', '/set-up'])(
    'at %s use up the budget of a stranger, and no credential’s',
    async (path) => {
      await using quiet = await startSignInRegion({ ada: ['admin'] });
      const ada = quiet.client('ada');
      await ada.call('auth.whoami', {});
      const guess = () =>
        quiet.http({
          path,
          ...form({ grant_type: 'refresh_token', refresh_token: 'x', name: 'ada', password: 'x', token: 'x' }),
        });
      const answers: Answer[] = [];
      for (let n = 0; n < 25; n += 1) answers.push(await guess());
      const last = answers.at(-1);
      expect([last?.status, Number(last?.headers['retry-after'])]).toEqual([429, expect.closeTo(2, 0)]);
      if (path.startsWith('/oauth')) expect(last?.json).toMatchObject({ error: 'temporarily_unavailable' });
      expect((await ada.call('auth.whoami', {})).person.name).toBe('ada');
      quiet.clock.move(minuteMs);
      expect((await guess()).status).not.toBe(429);
    },
  );
});

describe('the audit', () => {
  it('has every attempt that its address may make, without secrets', async () => {
    await using quiet = await startSignInRegion({ ada: ['admin'] });
    const { id, secret } = quiet.credential('ada');
    const attempt = async (basic: string): Promise<number> =>
      (
        await quiet.http({
          path: '/v1/whoami',
          headers: { authorization: `Basic ${Buffer.from(basic).toString('base64')}` },
        })
      ).status;
    // The secret in the place of the id, a terminal's control characters, and something long.
    expect(await attempt(`${secret}:oops`)).toBe(401);
    expect(await attempt(`crd_\u001b[31m${'x'.repeat(300)}:guess`)).toBe(401);
    expect(await attempt(`${id}:guess`)).toBe(401);
    let refusals = 0;
    for (let n = 0; n < 40; n += 1) if ((await attempt(`crd_${n}:guess`)) === 429) refusals += 1;
    expect(refusals).toBeGreaterThan(10);
    quiet.clock.move(2 * minuteMs);
    const entries = await quiet.audited('auth.whoami');
    expect(entries).toEqual(expect.arrayContaining(['credential: no such credential', 'credential: wrong secret']));
    const all = JSON.stringify((await quiet.client('ada').call('audit.list', { limit: 1000 })).items);
    expect(all + quiet.logText()).not.toContain(secret);
    expect(all).not.toContain('u001b');
    expect(await quiet.client('ada').call('audit.verify', {})).toMatchObject({ ok: true });
  });
});
