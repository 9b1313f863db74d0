// What a request presents: HTTP Basic with a credential's id and secret (RFC 7617), a bearer token (RFC 6750), or the
// session cookie of a browser. Everything needs one, except health, metrics, the documentation and the sign-in itself.
import type { FastifyRequest } from 'fastify';

import { PpecError } from '../../shared/errors.ts';
import type { Presented } from '../auth/caller.ts';
import { isCsrfToken } from '../auth/csrf-token.ts';
import { plainAddress, localAddress } from '../domain/source-address.ts';
import { cookieOf, sessionCookie } from './cookies.ts';
import { isSafe, isSameOrigin } from './same-origin.ts';

/** Throws `unauthenticated` with what to do, or `permission_denied` where another site's page sent it. */
export function presentedBy(request: FastifyRequest): Presented {
  const about = { from: sourceOf(request), requestId: request.id };
  const { authorization, cookie } = request.headers;
  // Whoever sends a header means it: a cookie that the browser adds by itself does not stand in for a wrong one.
  if (authorization !== undefined) return { ...byHeader(authorization), ...about };
  const secret = cookieOf(cookie, sessionCookie);
  if (secret === undefined) {
    throw new PpecError(
      'unauthenticated',
      'Sign in, or send a credential: HTTP Basic with its id and secret (curl -u ID:SECRET).',
    );
  }
  if (!isSafe(request.method)) assertOwnPage(request, secret);
  return { kind: 'session', secret, ...about };
}

/** A caller on the Unix socket has no network address. */
export function sourceOf(request: FastifyRequest): string {
  const address = request.socket.remoteAddress;
  return address === undefined ? localAddress : plainAddress(address);
}

type ByHeader =
  | { readonly kind: 'credential'; readonly id: string; readonly secret: string }
  | { readonly kind: 'bearer'; readonly token: string };

function byHeader(header: string): ByHeader {
  const token = /^Bearer +([A-Za-z0-9._~+/-]{1,2000}=*)$/i.exec(header)?.[1];
  if (token !== undefined) return { kind: 'bearer', token };
  const credential = basicCredential(header);
  if (credential !== undefined) return { kind: 'credential', ...credential };
  throw new PpecError(
    'unauthenticated',
    'The authorization header is neither a bearer token nor HTTP Basic with the id and secret of a credential.',
  );
}

/** The id and secret of a Basic header (RFC 7617). */
export function basicCredential(header: string | undefined): { id: string; secret: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=]{1,2000})$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const at = text.indexOf(':');
  return at <= 0 || at === text.length - 1 ? undefined : { id: text.slice(0, at), secret: text.slice(at + 1) };
}

function assertOwnPage({ headers }: FastifyRequest, secret: string): void {
  const token = headers['x-ppec-csrf'];
  if (!isSameOrigin(headers) || typeof token !== 'string' || !isCsrfToken(secret, token)) {
    throw new PpecError(
      'permission_denied',
      'A browser session writes from a page of this controller only, with its token in x-ppec-csrf (see auth.whoami).',
    );
  }
}
