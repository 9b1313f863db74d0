// /sign-in, /sign-out and /set-up.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { passwordLengthMin } from '../../../shared/api/person.ts';
import { toRfc3339 } from '../../../shared/clock.ts';
import { errorCodes, PpecError } from '../../../shared/errors.ts';
import { oidcCallbackPath } from '../../auth/auth.ts';
import { csrfTokenOf, isCsrfToken } from '../../auth/csrf-token.ts';
import { clearCookie, cookieOf, oidcCookie, sessionCookie, setCookie } from '../cookies.ts';
import { isSameOrigin } from '../same-origin.ts';
import { addressOf } from '../who-calls.ts';
import { visitorOf, whoIsHere, type AuthRouteDeps } from './visitor.ts';
import { formOf, type Form } from './form.ts';
import { markup, notice, retryAfter, seeOther, sendPage, type Html } from './page.ts';
import { safeReturn } from './return-to.ts';

const hide = { schema: { hide: true } };
type Query = { Querystring: Readonly<Record<string, unknown>> };

export function addSignInPages(app: FastifyInstance, deps: AuthRouteDeps): void {
  app.get<Query>('/sign-in', hide, async (request, reply) => {
    const here = await whoIsHere(request, deps);
    const returnTo = safeReturn(textOf(request.query['return']));
    if (here === undefined) return sendSignIn(reply, deps, { returnTo });
    if (returnTo !== '/sign-in') return seeOther(reply, returnTo);
    return sendSignedIn(reply, deps, here);
  });
  app.post('/sign-in', hide, (request, reply) => signIn(request, reply, deps));
  app.get<Query>('/sign-in/provider', hide, async (request, reply) => {
    const { oidc } = deps.auth;
    if (oidc === null) throw new PpecError('not_found', 'No identity provider is configured here.');
    const { url, sealed } = await oidc.begin(safeReturn(textOf(request.query['return'])));
    return seeOther(reply, url, [setCookie(oidcCookie, sealed)]);
  });
  app.get(oidcCallbackPath, hide, async (request, reply) => {
    const { oidc } = deps.auth;
    if (oidc === null) throw new PpecError('not_found', 'No identity provider is configured here.');
    // Used or not, what the cookie holds is good for one answer of the provider.
    void reply.header('set-cookie', clearCookie(oidcCookie));
    const url = new URL(request.url, deps.apiUrl);
    const sealed = cookieOf(request.headers.cookie, oidcCookie);
    const begun = await oidc.finish({ url, sealed }, visitorOf(request));
    deps.limits.welcome(begun.person.id, addressOf(request));
    return seeOther(reply, begun.returnTo, [setCookie(sessionCookie, begun.secret)]);
  });
  app.get('/sign-out', hide, async (request, reply) => {
    const here = await whoIsHere(request, deps);
    return here === undefined ? sendSignedOut(reply, deps) : sendSignedIn(reply, deps, here);
  });
  app.post('/sign-out', hide, async (request, reply) => {
    const visitor = visitorOf(request);
    if (visitor.oldSecret !== undefined) assertOwnForm(request, formOf(request.body), visitor.oldSecret);
    await deps.auth.signOut(visitor);
    void reply.header('set-cookie', clearCookie(sessionCookie));
    return sendSignedOut(reply, deps);
  });
  app.get<Query>('/set-up', hide, async (request, reply) => {
    const token = textOf(request.query['token']) ?? '';
    return sendSetUp(reply, deps, { token });
  });
  app.post('/set-up', hide, (request, reply) => setUp(request, reply, deps));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Forms of somebody who is signed in carry the session's token, and come from a page of ours. */
export function assertOwnForm(request: FastifyRequest, form: Form, secret: string): void {
  if (isSameOrigin(request.headers) && isCsrfToken(secret, form.get('csrf') ?? '')) return;
  throw new PpecError('permission_denied', 'This form was not sent from its page. Open the page again and repeat it.');
}

/** There is no session yet that a token could belong to: where the form comes from must do. */
function assertFromHere(request: FastifyRequest): void {
  if (isSameOrigin(request.headers)) return;
  throw new PpecError('permission_denied', 'This form was not sent from its page. Open the page again and repeat it.');
}

async function signIn(request: FastifyRequest, reply: FastifyReply, deps: AuthRouteDeps): Promise<FastifyReply> {
  assertFromHere(request);
  const form = formOf(request.body);
  const [name, password] = [(form.get('name') ?? '').trim().slice(0, 200), form.get('password') ?? ''];
  const returnTo = safeReturn(form.get('return'));
  try {
    const begun = await deps.auth.password.signIn({ name, password }, visitorOf(request));
    deps.limits.welcome(begun.person.id, addressOf(request));
    return seeOther(reply, returnTo, [setCookie(sessionCookie, begun.secret)]);
  } catch (error) {
    return sendSignIn(reply, deps, { returnTo, name, refused: expected(error) });
  }
}

/** A refusal that the page shows beside its form; whatever else it is goes on. */
function expected(error: unknown): PpecError {
  if (error instanceof PpecError && errorCodes[error.code].httpStatus < 500) return error;
  throw error;
}

type SignInForm = { readonly returnTo: string; readonly name?: string; readonly refused?: PpecError };

function sendSignIn(
  reply: FastifyReply,
  deps: AuthRouteDeps,
  { returnTo, name = '', refused }: SignInForm,
): FastifyReply {
  const { oidc } = deps.auth;
  const provider =
    oidc === null
      ? null
      : markup`<p>
            <a class="button" href="/sign-in/provider?return=${encodeURIComponent(returnTo)}"
              >Sign in with ${oidc.name}</a
            >
          </p>
          <hr />`;
  return sendPage(reply, {
    title: 'Sign in',
    region: deps.region,
    status: refused === undefined ? 200 : errorCodes[refused.code].httpStatus,
    ...(refused === undefined ? {} : { headers: retryAfter(refused) }),
    body: markup`${refused === undefined ? null : notice(refused.message)} ${provider}
      <form method="post" action="/sign-in">
        <input type="hidden" name="return" value="${returnTo}" />
        <label for="name">Name</label>
        <input
          id="name"
          name="name"
          value="${name}"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required
        />
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required />
        <button>Sign in</button>
      </form>
      <p class="hint">No password yet, or forgotten? An administrator gives you a link.</p>`,
  });
}

type Here = NonNullable<Awaited<ReturnType<typeof whoIsHere>>>;

function sendSignedIn(reply: FastifyReply, deps: AuthRouteDeps, { person, row, secret }: Here): FastifyReply {
  return sendPage(reply, {
    title: `Signed in as ${person.name}`,
    region: deps.region,
    body: markup`<dl>
        <dt>Since</dt>
        <dd>${shownTime(row.created_at)}</dd>
        <dt>Until</dt>
        <dd>${shownTime(row.expires_at)}, or an hour without use</dd>
      </dl>
      <p><a class="button second" href="/device">Confirm the sign-in of a command line</a></p>
      <form method="post" action="/sign-out">
        ${csrfField(secret)}
        <button class="second">Sign out</button>
      </form>`,
  });
}

export function csrfField(secret: string): Html {
  return markup`<input type="hidden" name="csrf" value="${csrfTokenOf(secret)}" />`;
}

/** `2026-11-23 15:44 UTC`. */
export function shownTime(ms: number): string {
  return `${toRfc3339(ms).slice(0, 16).replace('T', ' ')} UTC`;
}

function sendSignedOut(reply: FastifyReply, { region }: AuthRouteDeps): FastifyReply {
  return sendPage(reply, {
    title: 'You are signed out',
    region,
    body: markup`<p>Nothing here is signed in any more.</p>
      <p><a class="button second" href="/sign-in">Sign in again</a></p>`,
  });
}

async function setUp(request: FastifyRequest, reply: FastifyReply, deps: AuthRouteDeps): Promise<FastifyReply> {
  assertFromHere(request);
  const form = formOf(request.body);
  const [token, password] = [form.get('token') ?? '', form.get('password') ?? ''];
  try {
    if (password !== form.get('again'))
      throw new PpecError('invalid_argument', 'The two passwords differ. Type them again.');
    const begun = await deps.auth.password.setUp({ token, password }, visitorOf(request));
    deps.limits.welcome(begun.person.id, addressOf(request));
    return seeOther(reply, '/sign-in', [setCookie(sessionCookie, begun.secret)]);
  } catch (error) {
    const refused = expected(error);
    if (refused.code !== 'invalid_argument') throw refused;
    return sendSetUp(reply, deps, { token, refused });
  }
}

async function sendSetUp(
  reply: FastifyReply,
  deps: AuthRouteDeps,
  { token, refused }: { readonly token: string; readonly refused?: PpecError },
): Promise<FastifyReply> {
  const person = await deps.auth.password.setUpFor(token);
  if (person === undefined) {
    throw new PpecError('not_found', 'This link was used, or its time is over. Ask an administrator for a new one.');
  }
  return sendPage(reply, {
    title: `Choose a password, ${person.name}`,
    region: deps.region,
    status: refused === undefined ? 200 : errorCodes[refused.code].httpStatus,
    body: markup`${refused === undefined ? null : notice(refused.message)}
      <form method="post" action="/set-up">
        <input type="hidden" name="token" value="${token}" />
        <input type="hidden" name="username" value="${person.name}" autocomplete="username" />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="new-password"
          aria-describedby="rule"
          required
        />
        <label for="again">The same again</label>
        <input id="again" name="again" type="password" autocomplete="new-password" required />
        <p class="hint" id="rule">
          At least ${String(passwordLengthMin)} characters of any kind. Several words are easy to remember.
        </p>
        <button>Keep it and sign in</button>
      </form>`,
  });
}
