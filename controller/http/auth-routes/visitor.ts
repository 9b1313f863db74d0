// Who is at the browser: what its request says, and who is signed in there.
import type { FastifyRequest } from 'fastify';

import type { Auth } from '../../auth/auth.ts';
import type { Visitor } from '../../auth/begin-session.ts';
import type { SignedInPerson } from '../../auth/device-flow.ts';
import type { Log } from '../../log.ts';
import type { RateLimits } from '../rate-limits.ts';
import { sourceOf } from '../authenticate.ts';
import { addressOf } from '../who-calls.ts';
import { cookieOf, sessionCookie } from '../cookies.ts';

export type AuthRouteDeps = {
  readonly auth: Auth;
  readonly apiUrl: string;
  readonly region: string;
  readonly limits: RateLimits;
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
  { auth, limits }: AuthRouteDeps,
): Promise<(SignedInPerson & { readonly secret: string }) | undefined> {
  const secret = cookieOf(request.headers.cookie, sessionCookie);
  const found = secret === undefined ? undefined : await auth.personOf(secret);
  if (secret === undefined || found === undefined) return undefined;
  limits.known(secret, found.row.id, addressOf(request));
  return { ...found, secret };
}

/** Reading costs what a page costs; whatever could be a guess costs what an attempt costs. */
export function knock(request: FastifyRequest, { limits }: AuthRouteDeps, isGuess: boolean): void {
  const address = addressOf(request);
  if (isGuess) limits.knock(cookieOf(request.headers.cookie, sessionCookie), address, false);
  else limits.open(address);
}
