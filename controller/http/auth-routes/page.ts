// The few pages that a controller serves by itself: plain HTML with one style sheet inside, no script, and nothing from
// anywhere else. The policy that says so to the browser is made from the same text.
import type { FastifyReply } from 'fastify';

import type { PpecError } from '../../../shared/errors.ts';
import { formPagePolicy } from '../security-headers.ts';
import { pageStyle } from './page-style.ts';

/** Text that is HTML already; everything else is escaped. */
export type Html = { readonly html: string };

/** Escapes whatever is put in, unless it is HTML made here. */
export function markup(
  texts: TemplateStringsArray,
  ...values: readonly (string | Html | readonly Html[] | null)[]
): Html {
  const parts = texts.map((text, at) => text + shown(values[at] ?? null));
  return { html: parts.join('') };
}

function shown(value: string | Html | readonly Html[] | null): string {
  if (value === null) return '';
  if (typeof value === 'string') return escaped(value);
  return 'html' in value ? value.html : value.map((each) => each.html).join('');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

export type Page = {
  readonly title: string;
  readonly region: string;
  readonly body: Html;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
};

const policy = formPagePolicy(pageStyle);

export function sendPage(reply: FastifyReply, page: Page): FastifyReply {
  const document = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${page.title} · PPEC ${page.region}</title>
<style>${{ html: pageStyle }}</style>
</head>
<body>
<main>
<p class="where">PPEC · region <b>${page.region}</b></p>
<h1>${page.title}</h1>
${page.body}
</main>
</body>
</html>
`;
  return reply
    .code(page.status ?? 200)
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      // A form of a page with `no-referrer` is sent with `Origin: null` (Fetch §3.2), which says nothing of where it is from.
      'referrer-policy': 'same-origin',
      ...page.headers,
    })
    .send(document.html);
}

/** Sends the browser on with a GET; form submissions end this way, so that reloading repeats nothing. */
export function seeOther(reply: FastifyReply, location: string, cookies: readonly string[] = []): FastifyReply {
  return reply
    .code(303)
    .headers({
      location,
      ...(cookies.length === 0 ? {} : { 'set-cookie': [...cookies] }),
    })
    .send('');
}

/** Something went wrong: said once, at the top, and announced to those who listen. */
export function notice(message: string): Html {
  return markup`<p class="notice" role="alert">${message}</p>`;
}

/** RFC 9110 §10.2.3. */
export function retryAfter({ retryAfterMs }: PpecError): Readonly<Record<string, string>> {
  return retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
}
