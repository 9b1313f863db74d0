// Headers that every answer of the API carries, errors too. Answers are data: a browser may neither run, frame, keep nor
// guess them. The documentation is a page: it may run its own scripts, none that stand in the text.
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** For whatever is no page. */
const dataPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** The pages under /docs. Swagger UI draws its symbols from data: URLs. */
export const docsPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Pages of forms, with one style sheet inside: nothing may be loaded, framed or run; forms go to this controller only. */
export function formPagePolicy(style: string): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const always: Readonly<Record<string, string>> = {
  'content-security-policy': dataPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), usb=()',
  'cache-control': 'no-store',
};
const hsts = 'max-age=31536000; includeSubDomains';

export function securityHeaders(isTls: boolean): Readonly<Record<string, string>> {
  return isTls ? { ...always, 'strict-transport-security': hsts } : always;
}

export function addSecurityHeaders(app: FastifyInstance, isTls: boolean): void {
  const headers = securityHeaders(isTls);
  app.addHook('onRequest', (_request, reply, done) => {
    setHeaders(reply, headers);
    done();
  });
}

export function setHeaders(reply: FastifyReply, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) void reply.header(name, value);
}
