// Who a request is from. It is found out before the body is read, so that nobody unknown makes the controller hold and parse
// one; the work is done as that caller, and ends then and there when they lose the right to it.
import type { FastifyRequest } from 'fastify';

import { PpecError, toPpecError } from '../../shared/errors.ts';
import type { Attempt } from '../audit/attempt.ts';
import type { Known } from '../auth/caller.ts';
import { cutOffError } from '../ops/cut-off.ts';
import type { Caller } from '../ops/handler.ts';
import { presentedBy, sourceOf } from './authenticate.ts';
import { cookieOf, sessionCookie } from './cookies.ts';
import type { RateLimits } from './rate-limits.ts';
import type { HttpDeps } from './server.ts';

type Deps = Pick<HttpDeps, 'auth' | 'openRequests' | 'auditAttempt' | 'clock'> & { readonly limits: RateLimits };

/** A caller, and how many revocations there had been when they were looked up. */
type Recognised = { readonly known: Known; readonly cuts: number; readonly atMs: number };

/** Whoever sends a request, from its headers to its body. */
const callers = new WeakMap<FastifyRequest, Recognised>();
/** A body that took longer than this may have outlived its credential. */
const recognisedForMs = 1000;
/** How often it is found out who calls: again for each revocation that came in between. */
const lookUps = 5;

/** Undefined for a caller on the Unix socket, who has no network address. */
export function addressOf(request: FastifyRequest): string | undefined {
  return request.socket.remoteAddress;
}

/** Takes it from the sender's budget, and finds out who they are. Throws `unauthenticated` and what authenticating throws. */
export async function signIn(request: FastifyRequest, deps: Deps, isRead: boolean): Promise<void> {
  const address = addressOf(request);
  const secret = request.headers.authorization ?? cookieOf(request.headers.cookie, sessionCookie);
  deps.limits.knock(secret, address, isRead);
  try {
    const { known } = await recognise(request, deps);
    if (secret !== undefined) deps.limits.known(secret, known.actor.credentialId ?? '', address);
  } catch (error) {
    if (secret !== undefined) deps.limits.notKnown(secret);
    throw error;
  }
}

/** Does the work as whoever calls. Throws `unauthenticated` when they lose the right to it meanwhile. */
export async function asCaller<T>(
  request: FastifyRequest,
  deps: Deps,
  work: (caller: Caller) => Promise<T>,
): Promise<T> {
  for (let round = 0; round < lookUps; round += 1) {
    const { known, cuts } = stillRecognised(request, deps) ?? (await recognise(request, deps));
    const { actor, personId } = known;
    const opened = deps.openRequests.open({ personId, credentialId: actor.credentialId, requestId: actor.requestId });
    try {
      // What was revoked after it was read and before this request was on the list would be missed.
      if (deps.openRequests.cuts() === cuts)
        return await untilCutOff(work({ ...known, signal: opened.signal }), opened.signal);
    } finally {
      opened.close();
    }
  }
  throw new PpecError('unavailable', 'Rights change too fast right now. Try again.');
}

function stillRecognised(request: FastifyRequest, { clock, openRequests }: Deps): Recognised | undefined {
  const found = callers.get(request);
  const isFresh =
    found !== undefined && clock.nowMs() - found.atMs < recognisedForMs && found.cuts === openRequests.cuts();
  return isFresh ? found : undefined;
}

async function recognise(request: FastifyRequest, deps: Deps): Promise<Recognised> {
  const cuts = deps.openRequests.cuts();
  try {
    const known = await deps.auth.authenticate(presentedBy(request));
    const found = { known, cuts, atMs: deps.clock.nowMs() };
    callers.set(request, found);
    return found;
  } catch (error) {
    const { code, message, detail } = toPpecError(error);
    if (code === 'unauthenticated' || code === 'permission_denied') {
      await deps.auditAttempt({ ...attemptOf(request), message: detail ?? message });
    }
    throw error;
  }
}

export function attemptOf(request: FastifyRequest): Omit<Attempt, 'message'> {
  return {
    operation: request.routeOptions.schema?.operationId ?? request.routeOptions.url ?? 'http',
    authorization: request.headers.authorization,
    from: sourceOf(request),
    requestId: request.id,
  };
}

async function untilCutOff<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined;
  const cut = new Promise<never>((_resolve, reject) => {
    stop = () => reject(cutOffError());
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, cut]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
