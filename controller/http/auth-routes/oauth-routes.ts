// OAuth 2.0 for programs: tokens (RFC 6749), device authorization (RFC 8628), revocation (RFC 7009), metadata (RFC 8414).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { messageOf, PpecError, toPpecError } from '../../../shared/errors.ts';
import { isRefusal, refusal, type OAuthRefusal, type TokenAnswer } from '../../auth/oauth-answer.ts';
import type { Asker } from '../../auth/tokens.ts';
import { basicCredential, sourceOf } from '../authenticate.ts';
import { addressOf } from '../who-calls.ts';
import { retryAfter } from './page.ts';
import { knock, type AuthRouteDeps } from './visitor.ts';
import { formOf, type Form } from './form.ts';
import { cliClientId, deviceGrant } from '../../../shared/api/oauth.ts';

const hide = { schema: { hide: true } };
const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' } as const;

export function addOAuthRoutes(app: FastifyInstance, deps: AuthRouteDeps): void {
  app.addHook('onRequest', (request, _reply, done) => {
    knock(request, deps, request.method === 'POST');
    done();
  });
  app.setErrorHandler((error, _request, reply) => sendError(error, reply, deps));
  app.get('/.well-known/oauth-authorization-server', hide, () => metadata(deps.apiUrl));
  app.post('/oauth/token', hide, async (request, reply) => {
    const form = formOf(request.body);
    const answer = await grant(request, form, deps);
    if (isRefusal(answer)) return sendRefusal(reply, answer, request.headers.authorization !== undefined);
    const { refresh } = answer;
    deps.limits.welcome(refresh?.person ?? clientOf(request, form)?.id ?? '', addressOf(request));
    return reply.headers(noStore).send({
      access_token: answer.accessToken,
      token_type: 'Bearer',
      expires_in: secondsUntil(answer.expiresAtMs, deps),
      ...(answer.scope === '' ? {} : { scope: answer.scope }),
      ...(refresh === undefined
        ? {}
        : { refresh_token: refresh.token, session_expires_at: refresh.sessionUntilMs, person: refresh.person }),
    });
  });
  app.post('/oauth/device_authorization', hide, async (request, reply) => {
    const form = formOf(request.body);
    if (form.get('client_id') !== cliClientId) {
      return sendRefusal(reply, refusal('invalid_client', `client_id must be ${cliClientId}.`));
    }
    const begun = await deps.auth.device.begin(form.get('client_name') ?? 'a command line', askerOf(request));
    const page = `${deps.apiUrl}/device`;
    return reply.headers(noStore).send({
      device_code: begun.deviceCode,
      user_code: begun.shownCode,
      verification_uri: page,
      verification_uri_complete: `${page}?user_code=${begun.shownCode}`,
      expires_in: secondsUntil(begun.expiresAtMs, deps),
      interval: begun.intervalMs / 1000,
    });
  });
  app.post('/oauth/revoke', hide, async (request, reply) => {
    const token = formOf(request.body).get('token');
    if (token === undefined) return sendRefusal(reply, refusal('invalid_request', 'The field token is missing.'));
    await deps.auth.tokens.revoke(token, askerOf(request));
    return reply.headers(noStore).send({});
  });
}

function metadata(apiUrl: string) {
  return {
    issuer: apiUrl,
    token_endpoint: `${apiUrl}/oauth/token`,
    device_authorization_endpoint: `${apiUrl}/oauth/device_authorization`,
    revocation_endpoint: `${apiUrl}/oauth/revoke`,
    grant_types_supported: ['client_credentials', 'refresh_token', deviceGrant],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    service_documentation: `${apiUrl}/docs`,
  };
}

function secondsUntil(ms: number, { auth }: AuthRouteDeps): number {
  return Math.max(0, Math.round((ms - auth.nowMs()) / 1000));
}

function askerOf(request: FastifyRequest): Asker {
  return { from: sourceOf(request), requestId: request.id };
}

async function grant(request: FastifyRequest, form: Form, { auth }: AuthRouteDeps): Promise<TokenAnswer> {
  const asker = askerOf(request);
  const missing = (name: string): OAuthRefusal => refusal('invalid_request', `The field ${name} is missing.`);
  switch (form.get('grant_type')) {
    case 'client_credentials': {
      const credential = clientOf(request, form);
      if (credential === undefined) {
        return refusal(
          'invalid_client',
          'Send the id and secret of a credential: HTTP Basic, or client_id and client_secret.',
        );
      }
      return auth.tokens.forCredential({ ...credential, scope: form.get('scope') ?? '' }, asker);
    }
    case deviceGrant: {
      const deviceCode = form.get('device_code');
      return deviceCode === undefined ? missing('device_code') : auth.tokens.forDeviceCode(deviceCode, asker);
    }
    case 'refresh_token': {
      const refreshToken = form.get('refresh_token');
      return refreshToken === undefined ? missing('refresh_token') : auth.tokens.forRefreshToken(refreshToken, asker);
    }
    case undefined:
      return missing('grant_type');
    default:
      return refusal('unsupported_grant_type', `grant_type is client_credentials, refresh_token or ${deviceGrant}.`);
  }
}

/** RFC 6749 §2.3.1: Basic, or both in the body; not the one and the other. */
function clientOf({ headers }: FastifyRequest, form: Form): { id: string; secret: string } | undefined {
  const inForm = { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' };
  if (headers.authorization === undefined) return inForm.id === '' || inForm.secret === '' ? undefined : inForm;
  return inForm.secret === '' ? basicCredential(headers.authorization) : undefined;
}

function sendRefusal(reply: FastifyReply, { error, description }: OAuthRefusal, wasBasic = false): FastifyReply {
  const status = error === 'invalid_client' ? 401 : error === 'temporarily_unavailable' ? reply.statusCode : 400;
  if (status === 401 && wasBasic) void reply.header('www-authenticate', 'Basic realm="PPEC"');
  return reply.code(status).headers(noStore).send({ error, error_description: description });
}

/** Errors of these endpoints are OAuth's, not problem+json: its clients know no other. */
function sendError(thrown: unknown, reply: FastifyReply, { log }: AuthRouteDeps): FastifyReply {
  const status = thrown instanceof Error && 'statusCode' in thrown ? Number(thrown.statusCode) : 500;
  // What the framework refuses by itself: a body that is too large, or of another type.
  const isForm = thrown instanceof PpecError || status >= 500;
  const error = isForm ? toPpecError(thrown) : new PpecError('invalid_argument', 'Send a form of 16 KiB at most.');
  if (error.code === 'internal')
    log.error({ error: messageOf(thrown), cause: messageOf(error.cause) }, 'token request failed');
  void reply.headers(retryAfter(error));
  if (error.code === 'resource_exhausted')
    return sendRefusal(reply.code(429), refusal('temporarily_unavailable', error.message));
  if (error.code === 'internal' || error.code === 'unavailable')
    return sendRefusal(reply.code(503), refusal('temporarily_unavailable', error.message));
  return sendRefusal(reply, refusal('invalid_request', error.message));
}
