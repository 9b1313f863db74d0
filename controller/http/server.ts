// The HTTP API: one route per operation of the contract, and around them OpenAPI, health and metrics. It knows the
// operations' runner and nothing below it.
import { randomUUID } from 'node:crypto';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { Type } from 'typebox';

import { operations, type AnyOperation } from '../../shared/api/operations.ts';
import { messageOf, PpecError, errorCodes } from '../../shared/errors.ts';
import type { Auth } from '../auth/auth.ts';
import type { OpenRequests } from '../open-requests.ts';
import { cutOffError } from '../ops/cut-off.ts';
import type { Caller } from '../ops/handler.ts';
import type { Runner } from '../ops/runner.ts';
import type { Log } from '../log.ts';
import { addAuthRoutes } from './auth-routes/auth-routes.ts';
import { presentedBy } from './authenticate.ts';
import { problemOf } from './error-response.ts';

export type HttpDeps = {
  readonly run: Runner;
  readonly auth: Auth;
  readonly openRequests: OpenRequests;
  /** Where people's browsers reach the API. */
  readonly apiUrl: string;
  readonly region: string;
  readonly putBlob: (caller: Caller, sha256: string, content: Readable) => Promise<{ created: boolean; bytes: number }>;
  readonly isReady: () => Promise<boolean>;
  readonly metricsText: () => Promise<string>;
  readonly counted: (operation: string, status: number) => void;
  readonly version: string;
  readonly log: Log;
};

/** Largest JSON body. Well above the largest order document, so that what is too large by the contract is refused in
 * words; beyond this the connection is cut. */
const bodyBytesMax = 16 * 1024 * 1024;
const uploadTimeoutMs = 3_600_000;

export type HttpOptions = {
  readonly tls?: { readonly key: string; readonly cert: string };
};

export async function createHttpServer(deps: HttpDeps, options: HttpOptions): Promise<FastifyInstance> {
  const common = {
    bodyLimit: bodyBytesMax,
    genReqId: () => `req_${randomUUID()}`,
    forceCloseConnections: true as const,
    routerOptions: { maxParamLength: 200 },
  };
  const app: FastifyInstance =
    options.tls === undefined
      ? fastify(common)
      : // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- same routes over TLS; only the raw server's type differs
        (fastify({ ...common, https: { ...options.tls, minVersion: 'TLSv1.2' } }) as unknown as FastifyInstance);
  // The runner validates against the same schemas; the framework's copy is for the documentation.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler((error, request, reply) => sendProblem(error, { request, reply, deps }));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      new PpecError(
        'not_found',
        `There is no ${request.method} ${request.url.split('?')[0] ?? ''}. The API is described at /docs.`,
      ),
      { request, reply, deps },
    ),
  );
  // A POST without a body is an operation without more input.
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? {} : JSON.parse(body.toString()));
    } catch (error) {
      done(new PpecError('invalid_argument', `The body is not JSON: ${messageOf(error)}`));
    }
  });
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  await app.register(swagger, { openapi: openApiInfo(deps.version) });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  for (const operation of operations) addRoute(app, operation, deps);
  addBlobRoute(app, deps);
  await app.register((scope) => addAuthRoutes(scope, { ...deps, hasPages: options.tls !== undefined }));
  app.get('/healthz', { schema: { hide: true } }, () => ({ status: 'ok' }));
  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const isReady = await deps.isReady();
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not ready' });
  });
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/plain; version=0.0.4').send(await deps.metricsText()),
  );
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  return app;
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

function addRoute(app: FastifyInstance, operation: AnyOperation, deps: HttpDeps): void {
  const status = operation.effect === 'state-change' ? 202 : 200;
  app.route({
    method: operation.method,
    url: operation.path,
    schema: documentation(operation, status),
    handler: async (request, reply) => {
      const output = await asCaller(request, deps, (caller) => {
        const key = request.headers['idempotency-key'];
        return deps.run({
          operation,
          input: inputOf(request, operation),
          caller,
          ...(typeof key === 'string' && operation.effect !== 'read' ? { idempotencyKey: key } : {}),
        });
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
    description: `Permission: \`${operation.permission}\`. Effect: ${operation.effect}.`,
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

function addBlobRoute(app: FastifyInstance, deps: HttpDeps): void {
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
    },
    async (request, reply) => {
      const stored = await asCaller(request, deps, (caller) => putBlob(request, caller, deps));
      return reply.code(stored.created ? 201 : 200).send({ sha256: stored.sha256, bytes: stored.bytes });
    },
  );
}

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

function isReadable(value: unknown): value is Readable {
  return typeof value === 'object' && value !== null && 'pipe' in value && typeof value.pipe === 'function';
}

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
  });
  try {
    return await Promise.race([work, cut]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

type Failed = { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly deps: HttpDeps };

function sendProblem(error: unknown, { request, reply, deps }: Failed): FastifyReply {
  const { status, body } = problemOf(error, request.id);
  const facts = { requestId: request.id, method: request.method, path: request.url.split('?')[0], code: body.code };
  if (status >= 500)
    deps.log.error(
      {
        ...facts,
        error: messageOf(error),
        cause: error instanceof Error ? messageOf(error.cause ?? error.stack) : undefined,
      },
      'request failed',
    );
  else deps.log.info({ ...facts, detail: body.detail }, 'request refused');
  deps.counted('refused', status);
  if (status === 401) void reply.header('www-authenticate', challengeOf(request));
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
