// Signing in at a real identity provider that runs in this process, and what must not get in.
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { Provider } from 'oidc-provider';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { freePorts } from './region.ts';
import { minuteMs, startSignInRegion, type Browser, type Page, type SignInRegion } from './sign-in-region.ts';

type Account = { readonly email: string; readonly isVerified: boolean; readonly username: string };
const accounts: Readonly<Record<string, Account>> = {
  'sub-mia': { email: 'Mia@example.net', isVerified: true, username: 'mia' },
  'sub-eve': { email: 'ada@example.net', isVerified: false, username: 'ada' },
  'sub-new': { email: 'new.person@example.net', isVerified: true, username: 'New Person' },
};
const clientSecret = 'a secret of the test';

type Idp = { readonly issuer: string; readonly server: Server; login: string };

/** A provider at which whoever `login` says is signed in already. */
async function startProvider(redirectUris: readonly string[]): Promise<Idp> {
  const [port = 0] = await freePorts(1);
  const issuer = `http://127.0.0.1:${port}`;
  const idp: Idp = { issuer, server: createServer(), login: '' };
  const provider: Provider = new Provider(issuer, {
    clients: [{ client_id: 'ppec', client_secret: clientSecret, redirect_uris: [...redirectUris] }],
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['preferred_username'] },
    pkce: { required: () => true },
    ttl: { AuthorizationCode: 60 },
    cookies: { keys: ['of the test'] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => {
        const { email = '', isVerified = false, username = '' } = accounts[id] ?? {};
        return { sub: id, email, email_verified: isVerified, preferred_username: username };
      },
    }),
    loadExistingGrant: async (context) => {
      const grant = new provider.Grant({
        clientId: context.oidc.client?.clientId ?? '',
        accountId: context.oidc.session?.accountId ?? '',
      });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
  const handle = provider.callback();
  idp.server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/') === true) {
      void provider.interactionFinished(request, response, { login: { accountId: idp.login } });
    } else void handle(request, response);
  });
  idp.server.listen(port, '127.0.0.1');
  await once(idp.server, 'listening');
  return idp;
}

/** Goes through the provider as a browser does, up to where it sends one back to. */
async function throughProvider(start: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = new URL(start);
  for (let hops = 0; hops < 10; hops += 1) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const text of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (text.split(';')[0] ?? '').split('=');
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`the provider stopped at ${url.pathname}: ${await answer.text()}`);
    url = new URL(location, url);
    if (url.protocol === 'https:') return url;
  }
  throw new Error('the provider sends one around in circles');
}

async function startRegion(match: string, create: boolean): Promise<{ region: SignInRegion; idp: Idp }> {
  const [api = 0] = await freePorts(1);
  const idp = await startProvider([`https://127.0.0.1:${api}/sign-in/provider/callback`]);
  const region = await startSignInRegion(
    { ada: ['admin'], mia: [], dan: [] },
    {
      api: { port: api },
      oidc: {
        issuer: idp.issuer,
        clientId: 'ppec',
        clientSecretFile: 'oidc.secret',
        name: 'Example SSO',
        match,
        create,
      },
    },
    { 'oidc.secret': `${clientSecret}\n` },
  );
  return { region, idp };
}

let bySubject: { region: SignInRegion; idp: Idp };
let byEmail: { region: SignInRegion; idp: Idp };
let creating: { region: SignInRegion; idp: Idp };

beforeAll(async () => {
  [bySubject, byEmail, creating] = await Promise.all([
    startRegion('subject', false),
    startRegion('email', false),
    startRegion('username', true),
  ]);
});
afterAll(async () => {
  for (const { region, idp } of [bySubject, byEmail, creating]) {
    await region[Symbol.asyncDispose]();
    idp.server.closeAllConnections();
    idp.server.close();
  }
});
afterEach(() => void vi.useRealTimers());

type Changed = { readonly there?: (url: URL) => void; readonly back?: (url: URL) => void };

/** The whole way; a test may change what the browser carries there and back. */
async function signIn(
  { region, idp }: { region: SignInRegion; idp: Idp },
  login: string,
  changed: Changed = {},
): Promise<{ page: Page; browser: Browser; callback: string }> {
  idp.login = login;
  const browser = region.browser();
  const begun = await browser.get('/sign-in/provider?return=/device');
  const there = new URL(begun.location);
  changed.there?.(there);
  const back = await throughProvider(there.href);
  changed.back?.(back);
  const callback = back.pathname + back.search;
  return { page: await browser.get(callback), browser, callback };
}

async function nameOf(region: SignInRegion, browser: Browser): Promise<unknown> {
  const { status, json } = await region.http({ path: '/v1/whoami', headers: browser.cookieHeader() });
  return status === 200 ? json['person'] : status;
}

describe('sign-in at a provider', () => {
  it('finds a person by the subject that an administrator gave them, and leads back', async () => {
    const { region } = bySubject;
    const unknown = await signIn(bySubject, 'sub-mia');
    expect([unknown.page.status, unknown.browser.cookies.size]).toEqual([403, 0]);
    expect(unknown.page.text).toContain('ppec person update NAME --oidc-subject sub-mia');
    await region.client('ada').call('person.update', { person: 'mia', oidcSubject: 'sub-mia' });
    const { page, browser } = await signIn(bySubject, 'sub-mia');
    expect([page.status, page.location]).toEqual([303, '/device']);
    expect(await nameOf(region, browser)).toMatchObject({ name: 'mia' });
    // The name and the address at the provider are anybody's to choose: they mean nothing here.
    expect((await signIn(bySubject, 'sub-eve')).page.status).toBe(403);
    await expect(
      region.client('ada').call('person.update', { person: 'dan', oidcSubject: 'sub-mia' }),
    ).rejects.toMatchObject({ code: 'already_exists' });
    expect((await region.audited('session.sign-in')).join('\n')).toContain('mia signed in at Example SSO as sub-mia');
  });

  it('finds a person by e-mail address only where that is configured and the provider has verified it', async () => {
    const { region } = byEmail;
    const ada = region.client('ada');
    await ada.call('person.update', { person: 'mia', email: 'mia@example.net' });
    await ada.call('person.update', { person: 'dan', email: 'dan@example.net' });
    const unverified = await signIn(byEmail, 'sub-eve');
    expect([unverified.page.status, await nameOf(region, unverified.browser)]).toEqual([403, 401]);
    const { browser } = await signIn(byEmail, 'sub-mia');
    expect(await nameOf(region, browser)).toMatchObject({ name: 'mia' });
    // From now on it is the subject that counts.
    await ada.call('person.update', { person: 'mia', email: null });
    expect(await nameOf(region, (await signIn(byEmail, 'sub-mia')).browser)).toMatchObject({ name: 'mia' });
  });

  it('makes a person without any right where that is configured', async () => {
    const { region } = creating;
    const { browser } = await signIn(creating, 'sub-new');
    expect(await nameOf(region, browser)).toMatchObject({
      name: 'new-person',
      email: 'new.person@example.net',
    });
  });

  it('lets in nobody who is deactivated here', async () => {
    const { region } = byEmail;
    await region.client('ada').call('person.deactivate', { person: 'mia', reason: 'left' });
    const { page, browser } = await signIn(byEmail, 'sub-mia');
    expect([page.status, browser.cookies.size]).toEqual([401, 0]);
  });
});

describe('what does not get in', () => {
  const refusedWith = async (changed: Changed): Promise<void> => {
    const { page, browser } = await signIn(bySubject, 'sub-mia', changed);
    expect([page.status, browser.cookies.size]).toEqual([401, 0]);
  };

  it('an answer with another nonce', () =>
    refusedWith({ there: (url) => url.searchParams.set('nonce', 'of-another-sign-in') }));
  it('an answer with another state', () => refusedWith({ back: (url) => url.searchParams.set('state', 'another') }));
  it('an answer without state', () => refusedWith({ back: (url) => url.searchParams.delete('state') }));
  it('an answer that says it is of another issuer', () =>
    refusedWith({ back: (url) => url.searchParams.set('iss', 'https://evil.example') }));
  it('another code challenge', () =>
    refusedWith({ there: (url) => url.searchParams.set('code_challenge', 'a'.repeat(43)) }));
  it('a code that was never given', () => refusedWith({ back: (url) => url.searchParams.set('code', 'made-up') }));

  it('a code of another provider', async () => {
    const other = await startProvider([`${bySubject.region.apiUrl}/sign-in/provider/callback`]);
    other.login = 'sub-mia';
    await refusedWith({
      there: (url) => {
        url.port = new URL(other.issuer).port;
      },
      back: (url) => url.searchParams.delete('iss'),
    });
    other.server.closeAllConnections();
    other.server.close();
  });

  it('a code that is used again, or in another browser', async () => {
    const { callback } = await signIn(bySubject, 'sub-mia');
    const other = bySubject.region.browser();
    expect((await other.get(callback)).status).toBe(401);
    await other.get('/sign-in/provider');
    expect((await other.get(callback)).status).toBe(401);
    expect(other.cookies.size).toBe(0);
  });

  it('a code that is too old', async () => {
    await refusedWith({
      back: () => {
        vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * minuteMs });
      },
    });
  });

  it('a sign-in that took longer than ten minutes', async () => {
    await refusedWith({ back: () => bySubject.region.clock.move(10 * minuteMs) });
  });

  it('whoever the unusable provider says: the page tells, and passwords go on', async () => {
    const [port = 0] = await freePorts(1);
    await using region = await startSignInRegion(
      { ada: ['admin'] },
      { oidc: { issuer: `http://127.0.0.1:${port}`, clientId: 'ppec', clientSecretFile: 'oidc.secret' } },
      { 'oidc.secret': clientSecret },
    );
    const page = await region.browser().get('/sign-in/provider');
    expect([page.status, page.text]).toEqual([503, expect.stringContaining('cannot be reached')]);
    expect((await region.browser().get('/sign-in')).text).toContain('Sign in with single sign-on');
  });
});
