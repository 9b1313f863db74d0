// /device: a person says whether the command line that shows a code is theirs (RFC 8628 §3.3). Nothing is confirmed by
// opening a link: who asks, from where and since when is shown first, and a button is pressed.
import type { FastifyInstance, FastifyReply } from 'fastify';

import { PpecError } from '../../../shared/errors.ts';
import type { Waiting } from '../../auth/device-flow.ts';
import { sourceOf } from '../authenticate.ts';
import { whoIsHere, type AuthRouteDeps } from './visitor.ts';
import { formOf } from './form.ts';
import { markup, notice, seeOther, sendPage } from './page.ts';
import { assertOwnForm, csrfField, shownTime } from './sign-in-pages.ts';

const hide = { schema: { hide: true } };

export function addDevicePages(app: FastifyInstance, deps: AuthRouteDeps): void {
  app.get<{ Querystring: Readonly<Record<string, unknown>> }>('/device', hide, async (request, reply) => {
    const typed = request.query['user_code'];
    const code = typeof typed === 'string' ? typed.slice(0, 20) : '';
    const here = await whoIsHere(request, deps);
    if (here === undefined) {
      const back = code === '' ? '/device' : `/device?user_code=${encodeURIComponent(code)}`;
      return seeOther(reply, `/sign-in?return=${encodeURIComponent(back)}`);
    }
    if (code === '') return sendCodeForm(reply, deps, {});
    try {
      const waiting = await deps.auth.device.find(code, here);
      return sendQuestion(reply, deps, { waiting, ...here });
    } catch (error) {
      if (!(error instanceof PpecError)) throw error;
      return sendCodeForm(reply, deps, { refused: error.message, code });
    }
  });
  app.post('/device', hide, async (request, reply) => {
    const here = await whoIsHere(request, deps);
    if (here === undefined) return seeOther(reply, '/sign-in?return=%2Fdevice');
    const form = formOf(request.body);
    assertOwnForm(request, form, here.secret);
    const decision = form.get('decision') === 'approve' ? ('approved' as const) : ('denied' as const);
    const asker = { from: sourceOf(request), requestId: request.id };
    const waiting = await deps.auth.device.decide(form.get('user_code') ?? '', decision, { ...here, ...asker });
    return sendDecided(reply, deps, { waiting, decision });
  });
}

function sendCodeForm(
  reply: FastifyReply,
  { region }: AuthRouteDeps,
  { refused, code = '' }: { readonly refused?: string; readonly code?: string },
): FastifyReply {
  return sendPage(reply, {
    title: 'Confirm a sign-in',
    region,
    status: refused === undefined ? 200 : 404,
    body: markup`${refused === undefined ? null : notice(refused)}
      <form method="get" action="/device">
        <label for="code">The code that your command line shows</label>
        <input
          id="code"
          class="code"
          name="user_code"
          value="${code}"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck="false"
          maxlength="20"
          required
        />
        <button>Continue</button>
      </form>`,
  });
}

type Question = { readonly waiting: Waiting; readonly person: { readonly name: string }; readonly secret: string };

function sendQuestion(
  reply: FastifyReply,
  { region }: AuthRouteDeps,
  { waiting, person, secret }: Question,
): FastifyReply {
  return sendPage(reply, {
    title: 'Is this you?',
    region,
    body: markup`<p>A command line wants to act as <b>${person.name}</b>, with all your rights, for up to seven days.</p>
      <p class="big">${waiting.shownCode}</p>
      <dl>
        <dt>Who asks</dt>
        <dd>${waiting.client}</dd>
        <dt>From</dt>
        <dd>${waiting.from_address}</dd>
        <dt>Since</dt>
        <dd>${shownTime(waiting.created_at)}</dd>
      </dl>
      <p>
        Confirm only if you have just typed <b>ppec login</b> yourself and it shows this very code. If somebody sent you
        here, refuse.
      </p>
      <form method="post" action="/device">
        ${csrfField(secret)}
        <input type="hidden" name="user_code" value="${waiting.shownCode}" />
        <button name="decision" value="approve">Yes, sign it in</button>
        <button name="decision" value="deny" class="second">No, refuse</button>
      </form>`,
  });
}

type Decided = { readonly waiting: Waiting; readonly decision: 'approved' | 'denied' };

function sendDecided(reply: FastifyReply, { region }: AuthRouteDeps, { waiting, decision }: Decided): FastifyReply {
  const isApproved = decision === 'approved';
  return sendPage(reply, {
    title: isApproved ? 'Signed in' : 'Refused',
    region,
    body: isApproved
      ? markup`<p>${waiting.client} is signed in. Go back to it; this page can be closed.</p>`
      : markup`<p>
          ${waiting.client} was not signed in. If you did not begin this yourself, tell your administrator: somebody
          tried to act as you.
        </p>`,
  });
}
