// The HTTP API: one route per operation of the contract, and around them OpenAPI, health and metrics. It knows the
// operations' runner and nothing below it.
import { randomUUID } from 'node:crypto';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';

import { operations, type AnyOperation } from '../../shared/api/operations.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf, PpecError } from '../../shared/errors.ts';
import { withoutSecrets } from '../../shared/secrets.ts';
import { parseStrictJson } from '../../shared/strict-json.ts';
import type { Auth } from '../auth/auth.ts';
import type { Caller } from '../ops/handler.ts';
import type { Runner } from '../ops/runner.ts';
import type { Log } from '../log.ts';
import type { Attempt } from '../audit/attempt.ts';
import { apiAnswerWindowMs, apiBodyBytesMax, apiBodyTimeoutMs, jsonDepthMax, uploadTimeoutMs } from '../limits.ts';
import { endSlowPeers } from '../net/slow-peers.ts';
import type { OpenRequests } from '../open-requests.ts';
import { addAuthRoutes } from './auth-routes/auth-routes.ts';
import { addBlobRoute } from './blob-route.ts';
import { problemOf } from './error-response.ts';
import { Problem } from './problem.ts';
import { refuseBrokenHttp, serverOptions } from './listener.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';
import { addressOf, asCaller, signIn } from './who-calls.ts';
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
export type Serving = HttpDeps & { readonly limits: RateLimits };

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
  await app.register((scope) => addAuthRoutes(scope, { ...deps, hasPages: isTls }));
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

function addRoute(app: FastifyInstance, operation: AnyOperation, deps: Serving): void {
  const status = operation.effect === 'state-change' ? 202 : 200;
  app.route({
    method: operation.method,
    url: operation.path,
    schema: documentation(operation, status),
    // Before the body is read: nobody unknown makes the controller hold and parse one.
    onRequest: (request) => signIn(request, deps, operation.effect === 'read'),
    handler: async (request, reply) => {
      const output = await asCaller(request, deps, (caller) => {
        const key = request.headers['idempotency-key'];
        return deps.limits.within(caller.actor.credentialId ?? '', operation, () =>
          deps.run({
            operation,
            input: inputOf(request, operation),
            caller,
            ...(typeof key === 'string' && operation.effect !== 'read' ? { idempotencyKey: key } : {}),
          }),
        );
      });
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
  if (status === 401) void reply.header('www-authenticate', challengeOf(request));
  if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter));
  // Whatever is still being sent is not read any more.
  if (status === 401 && !request.raw.complete) reply.raw.once('finish', () => void request.raw.destroy());
  return reply.code(status).type('application/problem+json').send(body);
}

/** RFC 6750 §3: a bearer token that is not valid is told so; nobody else hears of errors before they tried. */
function challengeOf({ headers }: FastifyRequest): string[] {
  const bearer = 'Bearer realm="PPEC"';
  const tried = /^Bearer /i.test(headers.authorization ?? '');
  return [tried ? `${bearer}, error="invalid_token"` : bearer, 'Basic realm="PPEC"'];
}
