// The HTTP API: one route per operation of the contract, and around them OpenAPI, health and metrics. It knows the
// operations' runner and nothing below it.
import { randomUUID } from 'node:crypto';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { Type } from 'typebox';

import { operations, type AnyOperation } from '../../shared/api/operations.ts';
<<<<<<< HEAD
import type { Clock } from '../../shared/clock.ts';
import { messageOf, PpecError, errorCodes, toPpecError } from '../../shared/errors.ts';
import { withoutSecrets } from '../../shared/secrets.ts';
import { parseStrictJson } from '../../shared/strict-json.ts';
import { decide } from '../domain/rbac.ts';
||||||| 30d527f
import { messageOf, PpecError, errorCodes } from '../../shared/errors.ts';
=======
import { messageOf, PpecError, errorCodes } from '../../shared/errors.ts';
import type { Auth } from '../auth/auth.ts';
import type { OpenRequests } from '../open-requests.ts';
import { cutOffError } from '../ops/cut-off.ts';
>>>>>>> h-b
import type { Caller } from '../ops/handler.ts';
import type { Runner } from '../ops/runner.ts';
import type { Log } from '../log.ts';
<<<<<<< HEAD
import type { Attempt } from '../audit/attempt.ts';
import {
  apiAnswerWindowMs,
  apiBodyBytesMax,
  apiBodyTimeoutMs,
  jsonDepthMax,
  uploadsMax,
  uploadTimeoutMs,
} from '../limits.ts';
import { endSlowPeers } from '../net/slow-peers.ts';
import { presentedBy, type Authenticate } from './authenticate.ts';
||||||| 30d527f
import { presentedBy, type Authenticate } from './authenticate.ts';
=======
import { addAuthRoutes } from './auth-routes/auth-routes.ts';
import { presentedBy } from './authenticate.ts';
>>>>>>> h-b
import { problemOf } from './error-response.ts';
import { refuseBrokenHttp, serverOptions } from './listener.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';
import { addSecurityHeaders, docsPolicy, securityHeaders, setHeaders } from './security-headers.ts';

export type HttpDeps = {
  readonly run: Runner;
  readonly auth: Auth;
  readonly openRequests: OpenRequests;
  /** Where people's browsers reach the API. */
  readonly apiUrl: string;
  readonly region: string;
  readonly putBlob: (caller: Caller, sha256: string, content: Readable) => Promise<{ created: boolean; bytes: number }>;
  /** Keeps in the audit that somebody was refused before any operation ran. */
  readonly auditAttempt: (attempt: Attempt) => Promise<void>;
  /** Why it is not ready, if it is not. */
  readonly notReady: () => Promise<string | undefined>;
  readonly metricsText: () => Promise<string>;
  readonly counted: (operation: string, status: number) => void;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
};

export type HttpOptions = {
  readonly tls?: { readonly key: string; readonly cert: string };
};

/** What the routes of one server share. */
type Serving = HttpDeps & { readonly limits: RateLimits };

export async function createHttpServer(shared: HttpDeps, options: HttpOptions): Promise<FastifyInstance> {
  const deps: Serving = { ...shared, limits: createRateLimits(shared.clock) };
  const isTls = options.tls !== undefined;
  const common = {
    bodyLimit: apiBodyBytesMax,
    genReqId: () => `req_${randomUUID()}`,
    forceCloseConnections: true as const,
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      setHeaders(reply, securityHeaders(isTls));
      void sendProblem(error, { request, reply, deps });
    },
    clientErrorHandler: refuseBrokenHttp,
  };
  const app: FastifyInstance =
    options.tls === undefined
      ? fastify({ ...common, ...serverOptions(undefined) })
      : // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- same routes over TLS; only the raw server's type differs
        (fastify({ ...common, ...serverOptions(options.tls) }) as unknown as FastifyInstance);
  addSecurityHeaders(app, isTls);
  const slow = endSlowPeers(
    app.server,
    {
      bodyTimeoutMs: ({ url }) => (url?.startsWith('/v1/blobs/') === true ? uploadTimeoutMs : apiBodyTimeoutMs),
      answerWindowMs: apiAnswerWindowMs,
    },
    { nowMs: deps.clock.nowMs, ended: (what) => deps.log.info({ what }, 'slow API peer ended') },
  );
  app.addHook('onClose', (_instance, done) => {
    slow.stop();
    done();
  });
  // The runner validates against the same schemas; the framework's copy is for the documentation.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler((error, request, reply) => sendProblem(error, { request, reply, deps }));
  app.setNotFoundHandler((request) => {
    deps.limits.open(addressOf(request));
    const path = (request.url.split('?')[0] ?? '').slice(0, 200);
    throw new PpecError('not_found', `There is no ${request.method} ${path}. The API is described at /docs.`);
  });
  // A POST without a body is an operation without more input.
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? {} : parseStrictJson(body.toString(), jsonDepthMax));
    } catch (error) {
      done(
        error instanceof PpecError
          ? error
          : new PpecError('invalid_argument', `The body is not JSON: ${messageOf(error)}`, { cause: error }),
      );
    }
  });
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  await app.register(swagger, { openapi: openApiInfo(deps.version) });
  // Pages are there for whoever asks; what asks too often waits.
  const onRequest = (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    deps.limits.open(addressOf(request));
    done();
  };
  await app.register(async (docs) => {
    docs.addHook('onRequest', onRequest);
    await docs.register(swaggerUi, { routePrefix: '/docs', staticCSP: docsPolicy });
  });
  for (const operation of operations) addRoute(app, operation, deps);
  addBlobRoute(app, deps);
<<<<<<< HEAD
  addOpenPages(app, onRequest, deps);
  return app;
}

function addOpenPages(
  app: FastifyInstance,
  onRequest: (request: FastifyRequest, reply: FastifyReply, done: () => void) => void,
  deps: Serving,
): void {
  const page = { schema: { hide: true }, onRequest };
  app.get('/healthz', page, () => ({ status: 'ok' }));
  app.get('/readyz', page, async (_request, reply) => {
    const why = await deps.notReady();
    return reply
      .code(why === undefined ? 200 : 503)
      .send(why === undefined ? { status: 'ready' } : { status: 'not ready', why });
||||||| 30d527f
  app.get('/healthz', { schema: { hide: true } }, () => ({ status: 'ok' }));
  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const isReady = await deps.isReady();
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not ready' });
=======
  await app.register((scope) => addAuthRoutes(scope, { ...deps, hasPages: options.tls !== undefined }));
  app.get('/healthz', { schema: { hide: true } }, () => ({ status: 'ok' }));
  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const isReady = await deps.isReady();
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not ready' });
>>>>>>> h-b
  });
  app.get('/metrics', page, async (_request, reply) =>
    reply.type('text/plain; version=0.0.4').send(await deps.metricsText()),
  );
  // Made once: it is large, and the same for everybody.
  let openApi: string | undefined;
  app.get('/openapi.json', page, (_request, reply) => {
    openApi ??= JSON.stringify(app.swagger());
    return reply.type('application/json; charset=utf-8').serializer(String).send(openApi);
  });
}

/** A caller on the Unix socket has no network address. */
function addressOf(request: FastifyRequest): string | undefined {
  return request.socket.remoteAddress;
}

function openApiInfo(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'PPEC',
      version,
      description:
        'Every operation of a PPEC region. Sizes are bytes, times milliseconds since 1970 UTC. Errors are problem+json (RFC 9457) with a `code`. Send an `idempotency-key` with whatever writes; a repeat is answered with the first answer.',
    },
    components: {
      securitySchemes: {
        credential: { type: 'http' as const, scheme: 'basic' },
        token: { type: 'http' as const, scheme: 'bearer' },
      },
    },
    security: [{ credential: [] }, { token: [] }],
  };
}

const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.Unsafe<string>({ type: 'string', enum: Object.keys(errorCodes) }),
  requestId: Type.String(),
  issues: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
});

function addRoute(app: FastifyInstance, operation: AnyOperation, deps: Serving): void {
  const status = operation.effect === 'state-change' ? 202 : 200;
  app.route({
    method: operation.method,
    url: operation.path,
    schema: documentation(operation, status),
    // Before the body is read: nobody unknown makes the controller hold and parse one.
    onRequest: (request) => signIn(request, deps, operation.effect === 'read'),
    handler: async (request, reply) => {
<<<<<<< HEAD
      const caller = await signedIn(request, deps);
      const key = request.headers['idempotency-key'];
      const output = await deps.limits.within(caller.actor.credentialId ?? '', operation, () =>
        deps.run({
          operation,
          input: inputOf(request, operation),
          caller,
          ...(typeof key === 'string' && operation.effect !== 'read' ? { idempotencyKey: key } : {}),
        }),
      );
||||||| 30d527f
      const caller = await callerOf(request, deps);
      const key = request.headers['idempotency-key'];
      const output = await deps.run({
        operation,
        input: inputOf(request, operation),
        caller,
        ...(typeof key === 'string' && operation.effect !== 'read' ? { idempotencyKey: key } : {}),
      });
=======
      const output = await asCaller(request, deps, (caller) => {
        const key = request.headers['idempotency-key'];
        return deps.run({
          operation,
          input: inputOf(request, operation),
          caller,
          ...(typeof key === 'string' && operation.effect !== 'read' ? { idempotencyKey: key } : {}),
        });
      });
>>>>>>> h-b
      deps.counted(operation.id, status);
      return reply.code(status).send(output);
    },
  });
}

/** Path, query and body are one input; a member may come from one place only. */
function inputOf(request: FastifyRequest, operation: AnyOperation): unknown {
  const params = members(request.params);
  const rest = members(operation.method === 'GET' ? request.query : request.body);
  const both = Object.keys(params).find((name) => Object.hasOwn(rest, name));
  if (both !== undefined)
    throw new PpecError(
      'invalid_argument',
      `'${both}' is in the path already; leave it out of the ${operation.method === 'GET' ? 'query' : 'body'}.`,
    );
  return { ...rest, ...params };
}

function members(value: unknown): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new PpecError('invalid_argument', 'The body must be a JSON object.');
  return { ...value };
}

function documentation(operation: AnyOperation, status: number): object {
  const pathNames = new Set([...operation.path.matchAll(/:([A-Za-z]+)/g)].map((match) => match[1]));
  const properties = Object.entries(operation.input.properties);
  const required = new Set<string>(operation.input.required ?? []);
  const part = (isInPath: boolean): object | undefined => {
    const chosen = properties.filter(([name]) => pathNames.has(name) === isInPath);
    if (chosen.length === 0) return undefined;
    return {
      type: 'object',
      properties: Object.fromEntries(chosen),
      required: chosen.map(([name]) => name).filter((name) => required.has(name)),
      additionalProperties: false,
    };
  };
  const [params, rest] = [part(true), part(false)];
  return {
    operationId: operation.id,
    summary: operation.summary,
    description: `Permission: \`${operation.permission}\`${whereText(operation)}. Effect: ${operation.effect}.`,
    tags: [operation.id.split('.')[0]],
    ...(params === undefined ? {} : { params }),
    ...(rest === undefined
      ? {}
      : operation.method === 'GET'
        ? { querystring: rest }
        : { body: { ...rest, examples: [operation.example] } }),
    response: { [status]: operation.output, default: Problem },
  };
}

function whereText({ scope }: AnyOperation): string {
  switch (scope) {
    case 'region':
      return ' at region';
    case 'catalogue':
      return ' at any scope';
    case 'visible':
      return ' at any scope; answers what the caller may see';
    case 'own':
      return ', which everybody has';
    default:
      return ` where it reaches ${scope.join(' and ')}`;
  }
}

function addBlobRoute(app: FastifyInstance, deps: Serving): void {
  let uploads = 0;
  app.put<{ Params: { sha256: string } }>(
    '/v1/blobs/:sha256',
    {
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        operationId: 'blob.put',
        summary: 'Upload the content of an image; it must have the digest in the path',
        description: 'Permission: `image.import`. Send the bytes as application/octet-stream.',
        tags: ['image'],
        response: { 200: Type.Object({ sha256: Type.String(), bytes: Type.Integer() }), default: Problem },
      },
      onRequest: async (request) => {
        await signIn(request, deps, false);
        await mayUpload(request, deps);
      },
    },
    async (request, reply) => {
<<<<<<< HEAD
      const caller = await signedIn(request, deps);
      const { sha256 } = request.params;
      if (!/^[0-9a-f]{64}$/.test(sha256))
        throw new PpecError('invalid_argument', 'The path must end with a SHA-256 digest in lower-case hex.');
      if (!isReadable(request.body))
        throw new PpecError('invalid_argument', 'Send the content as application/octet-stream.');
      if (uploads >= uploadsMax)
        throw new PpecError('resource_exhausted', `${uploadsMax} uploads run already. Try again in 10 s.`, {
          retryAfterMs: 10_000,
        });
      uploads += 1;
      try {
        request.raw.setTimeout(uploadTimeoutMs);
        const { created, bytes } = await deps.putBlob(caller, sha256, request.body);
        deps.log.info({ sha256, bytes, person: caller.actor.name }, 'image content stored');
        return await reply.code(created ? 201 : 200).send({ sha256, bytes });
      } finally {
        uploads -= 1;
      }
||||||| 30d527f
      const caller = await callerOf(request, deps);
      if (!caller.permissions.has('image.import'))
        throw new PpecError('permission_denied', 'Uploading image content needs the permission image.import.');
      const { sha256 } = request.params;
      if (!/^[0-9a-f]{64}$/.test(sha256))
        throw new PpecError('invalid_argument', 'The path must end with a SHA-256 digest in lower-case hex.');
      if (!isReadable(request.body))
        throw new PpecError('invalid_argument', 'Send the content as application/octet-stream.');
      request.raw.setTimeout(uploadTimeoutMs);
      const { created, bytes } = await deps.putBlob(caller, sha256, request.body);
      deps.log.info({ sha256, bytes, person: caller.actor.name }, 'image content stored');
      return reply.code(created ? 201 : 200).send({ sha256, bytes });
=======
      const stored = await asCaller(request, deps, (caller) => putBlob(request, caller, deps));
      return reply.code(stored.created ? 201 : 200).send({ sha256: stored.sha256, bytes: stored.bytes });
>>>>>>> h-b
    },
  );
}

<<<<<<< HEAD
async function mayUpload(request: FastifyRequest, deps: Serving): Promise<void> {
  const caller = await signedIn(request, deps);
  const decision = decide(caller.rights, 'image.import', 'region');
  if (decision.allowed) return;
  const message = `You may not upload image content. ${decision.why}`;
  await deps.auditAttempt({ ...attemptOf(request), caller, message });
  throw new PpecError('permission_denied', message);
}

||||||| 30d527f
=======
async function putBlob(
  request: FastifyRequest<{ Params: { sha256: string } }>,
  caller: Caller,
  deps: HttpDeps,
): Promise<{ readonly created: boolean; readonly bytes: number; readonly sha256: string }> {
  if (!caller.permissions.has('image.import'))
    throw new PpecError('permission_denied', 'Uploading image content needs the permission image.import.');
  const { sha256 } = request.params;
  if (!/^[0-9a-f]{64}$/.test(sha256))
    throw new PpecError('invalid_argument', 'The path must end with a SHA-256 digest in lower-case hex.');
  if (!isReadable(request.body))
    throw new PpecError('invalid_argument', 'Send the content as application/octet-stream.');
  request.raw.setTimeout(uploadTimeoutMs);
  const { created, bytes } = await deps.putBlob(caller, sha256, request.body);
  deps.log.info({ sha256, bytes, person: caller.actor.name }, 'image content stored');
  return { created, bytes, sha256 };
}

>>>>>>> h-b
function isReadable(value: unknown): value is Readable {
  return typeof value === 'object' && value !== null && 'pipe' in value && typeof value.pipe === 'function';
}

<<<<<<< HEAD
/** Whoever sends a request, from its headers to its body. */
const callers = new WeakMap<FastifyRequest, { readonly caller: Caller; readonly atMs: number }>();
/** A body that took longer than this may have outlived its credential. */
const signedInForMs = 1000;

async function signIn(request: FastifyRequest, deps: Serving, isRead: boolean): Promise<void> {
  const address = addressOf(request);
  const { authorization } = request.headers;
  deps.limits.knock(authorization, address, isRead);
  try {
    const caller = await callerOf(request, deps);
    if (authorization !== undefined) deps.limits.known(authorization, caller.actor.credentialId ?? '', address);
    callers.set(request, { caller, atMs: deps.clock.nowMs() });
  } catch (error) {
    if (authorization !== undefined) deps.limits.notKnown(authorization);
    throw error;
  }
}

async function signedIn(request: FastifyRequest, deps: Serving): Promise<Caller> {
  const known = callers.get(request);
  if (known !== undefined && deps.clock.nowMs() - known.atMs < signedInForMs) return known.caller;
  return callerOf(request, deps);
}

async function callerOf(request: FastifyRequest, deps: HttpDeps): Promise<Caller> {
  try {
    return await authenticated(request, deps);
  } catch (error) {
    const { code, message } = toPpecError(error);
    if (code === 'unauthenticated') await deps.auditAttempt({ ...attemptOf(request), message });
    throw error;
  }
}

function attemptOf(request: FastifyRequest): Omit<Attempt, 'message'> {
  return {
    operation: request.routeOptions.schema?.operationId ?? request.routeOptions.url ?? 'http',
    authorization: request.headers.authorization,
    from: addressOf(request) ?? 'local',
    requestId: request.id,
  };
}

async function authenticated(request: FastifyRequest, deps: HttpDeps): Promise<Caller> {
  const presented = presentedBy(request.headers.authorization);
  const caller = await deps.authenticate({
    ...presented,
    from: addressOf(request) ?? 'local',
    requestId: request.id,
||||||| 30d527f
async function callerOf(request: FastifyRequest, deps: HttpDeps): Promise<Caller> {
  const presented = presentedBy(request.headers.authorization);
  const caller = await deps.authenticate({
    ...presented,
    // A caller on the Unix socket has no network address.
    from: request.socket.remoteAddress ?? 'local',
    requestId: request.id,
=======
/** Rounds of finding out who calls: each is one revocation that came in between. */
const authenticateMax = 5;

/** Does the work as whoever calls; ends it then and there when they lose the right to it. */
async function asCaller<T>(request: FastifyRequest, deps: HttpDeps, work: (caller: Caller) => Promise<T>): Promise<T> {
  const presented = presentedBy(request);
  for (let round = 0; round < authenticateMax; round += 1) {
    const cuts = deps.openRequests.cuts();
    const known = await deps.auth.authenticate(presented);
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

async function untilCutOff<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined;
  const cut = new Promise<never>((_resolve, reject) => {
    stop = () => reject(cutOffError());
    signal.addEventListener('abort', stop, { once: true });
>>>>>>> h-b
  });
  try {
    return await Promise.race([work, cut]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

type Failed = { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly deps: HttpDeps };

function sendProblem(error: unknown, { request, reply, deps }: Failed): FastifyReply {
  const { status, body, retryAfter } = problemOf(error, request.id);
  const facts = {
    requestId: request.id,
    method: request.method,
    path: withoutSecrets(request.url.split('?')[0] ?? '').slice(0, 200),
    code: body.code,
  };
  if (status >= 500)
    deps.log.error(
      {
        ...facts,
        error: messageOf(error),
        cause: error instanceof Error ? messageOf(error.cause ?? error.stack) : undefined,
      },
      'request failed',
    );
  // A flood must not fill the log as well.
  else
    deps.log[status === 429 ? 'debug' : 'info']({ ...facts, detail: withoutSecrets(body.detail) }, 'request refused');
  deps.counted('refused', status);
<<<<<<< HEAD
  if (status === 401) void reply.header('www-authenticate', 'Basic realm="PPEC"');
  if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter));
||||||| 30d527f
  if (status === 401) void reply.header('www-authenticate', 'Basic realm="PPEC"');
=======
  if (status === 401) void reply.header('www-authenticate', challengeOf(request));
  // Whatever is still being sent is not read any more.
  if (status === 401 && !request.raw.complete) reply.raw.once('finish', () => void request.raw.destroy());
>>>>>>> h-b
  return reply.code(status).type('application/problem+json').send(body);
}

/** RFC 6750 §3: a bearer token that is not valid is told so; nobody else hears of errors before they tried. */
function challengeOf({ headers }: FastifyRequest): string[] {
  const bearer = 'Bearer realm="PPEC"';
  const tried = /^Bearer /i.test(headers.authorization ?? '');
  return [tried ? `${bearer}, error="invalid_token"` : bearer, 'Basic realm="PPEC"'];
}
