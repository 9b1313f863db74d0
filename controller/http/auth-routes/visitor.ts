// Who is at the browser: what its request says, and who is signed in there.
import type { FastifyRequest } from 'fastify';

import type { Auth } from '../../auth/auth.ts';
import type { Visitor } from '../../auth/begin-session.ts';
import type { SignedInPerson } from '../../auth/device-flow.ts';
import type { Log } from '../../log.ts';
import { sourceOf } from '../authenticate.ts';
import { cookieOf, sessionCookie } from '../cookies.ts';

export type AuthRouteDeps = {
  readonly auth: Auth;
  readonly apiUrl: string;
  readonly region: string;
  readonly log: Log;
  readonly hasPages: boolean;
};

export function visitorOf(request: FastifyRequest): Visitor {
  return {
    from: sourceOf(request),
    requestId: request.id,
    userAgent: request.headers['user-agent'] ?? 'unknown browser',
    oldSecret: cookieOf(request.headers.cookie, sessionCookie),
  };
}

/** Who is signed in here, with the secret of their cookie. */
export async function whoIsHere(
  request: FastifyRequest,
  { auth }: AuthRouteDeps,
): Promise<(SignedInPerson & { readonly secret: string }) | undefined> {
  const secret = cookieOf(request.headers.cookie, sessionCookie);
  const found = secret === undefined ? undefined : await auth.personOf(secret);
  return secret === undefined || found === undefined ? undefined : { ...found, secret };
}
