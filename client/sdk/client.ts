// The SDK: every operation of the contract as one typed call. Every request but GET carries an idempotency key, so all of
// them may be repeated when the controller cannot be reached: a bounded few times, with full jitter.
import { randomBytes, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Transform, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

import {
  findOperation,
  type OperationId,
  type OperationInput,
  type OperationOutput,
} from '../../shared/api/operations.ts';
import { must } from '../../shared/assert.ts';
import { fullJitterMs, type BackoffLimits } from '../../shared/backoff.ts';
import { PpecError } from '../../shared/errors.ts';
import { mib } from '../../shared/units.ts';
import { clientVersion } from '../version.ts';
import { buildRequest } from './request.ts';
import { isRecord, readAnswer, type HttpAnswer } from './response.ts';
import { isCertificateError, openTransport, type HttpRequest, type Transport } from './transport.ts';

export type ClientOptions = {
  /** `https://host:7443`, `http://127.0.0.1:port` or `unix:/path/to.sock`. */
  readonly url: string;
  readonly credential?: ClientCredential | undefined;
  /** A bearer token as it is. */
  readonly bearer?: string | undefined;
  /** A token that is renewed: asked before each request, and once more where the controller refuses what it gave. */
  readonly tokens?: TokenSource | undefined;
  /** PEM of the region's CA; only certificates it signed are accepted. */
  readonly caPem?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly answerBytesMax?: number | undefined;
  readonly retry?: RetryLimits | undefined;
};
export type ClientCredential = { readonly id: string; readonly secret: string };
/** Where access tokens come from. `refused` is the one that the controller did not take; a newer one is wanted. */
export type TokenSource = (refused?: string) => Promise<string>;
export type RetryLimits = BackoffLimits & { readonly attemptsMax: number };

export type CallOptions = {
  readonly signal?: AbortSignal | undefined;
  /** One per intent: the controller answers a repeated key with the first result. */
  readonly idempotencyKey?: string | undefined;
};

export type UploadOptions = {
  readonly bytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((sentBytes: number) => void) | undefined;
};

export type Client = {
  readonly url: string;
  readonly call: <Id extends OperationId>(
    id: Id,
    input: OperationInput<Id>,
    options?: CallOptions,
  ) => Promise<OperationOutput<Id>>;
  /** `PUT /v1/blobs/{sha256}`. A path is read again when the upload must be repeated; a stream is sent once. */
  readonly uploadBlob: (sha256: string, source: string | Readable, options: UploadOptions) => Promise<void>;
  readonly [Symbol.dispose]: () => void;
};

const defaultTimeoutMs = 30_000;
const defaultAnswerBytesMax = 64 * mib;
const defaultRetry: RetryLimits = { attemptsMax: 4, baseMs: 200, capMs: 3000 };
const rng = { bytes: (count: number): Uint8Array => randomBytes(count) };

export function createClient(options: ClientOptions): Client {
  const transport = openTransport({
    url: options.url,
    answerBytesMax: options.answerBytesMax ?? defaultAnswerBytesMax,
    ...(options.caPem === undefined ? {} : { caPem: options.caPem }),
  });
  const connection: Connection = {
    transport,
    authorization: authorizationOf(options),
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    retry: options.retry ?? defaultRetry,
  };
  return {
    url: transport.url,
    call: (id, input, callOptions = {}) => call(connection, { id, input, ...callOptions }),
    uploadBlob: (sha256, source, upload) => uploadBlob(connection, { sha256, source, ...upload }),
    [Symbol.dispose]: () => transport.close(),
  };
}

type Connection = {
  readonly transport: Transport;
  readonly authorization: Authorization;
  readonly timeoutMs: number;
  readonly retry: RetryLimits;
};

type Authorization =
  | { readonly kind: 'none' }
  | { readonly kind: 'fixed'; readonly header: string }
  | { readonly kind: 'tokens'; readonly tokens: TokenSource };

function authorizationOf({ credential, bearer, tokens }: ClientOptions): Authorization {
  if (tokens !== undefined) return { kind: 'tokens', tokens };
  if (bearer !== undefined) return { kind: 'fixed', header: `Bearer ${bearer}` };
  if (credential === undefined) return { kind: 'none' };
  const basic = Buffer.from(`${credential.id}:${credential.secret}`).toString('base64');
  return { kind: 'fixed', header: `Basic ${basic}` };
}

export const commonHeaders = {
  accept: 'application/json, application/problem+json',
  'user-agent': `ppec/${clientVersion}`,
} as const;

/**
 * Sends with what authorizes it. A token that the controller does not take is renewed once: it may have ended in between,
 * and nothing was done with it.
 */
async function authorized<T>(
  { authorization }: Connection,
  send: (headers: Readonly<Record<string, string>>) => Promise<T>,
  mayRepeat = true,
): Promise<T> {
  if (authorization.kind === 'none') return send(commonHeaders);
  if (authorization.kind === 'fixed') return send({ ...commonHeaders, authorization: authorization.header });
  const token = await authorization.tokens();
  try {
    return await send({ ...commonHeaders, authorization: `Bearer ${token}` });
  } catch (error) {
    if (!mayRepeat || !(error instanceof PpecError) || error.code !== 'unauthenticated') throw error;
    const renewed = await authorization.tokens(token);
    return send({ ...commonHeaders, authorization: `Bearer ${renewed}` });
  }
}

type Call<Id extends OperationId> = CallOptions & { readonly id: Id; readonly input: OperationInput<Id> };

async function call<Id extends OperationId>(connection: Connection, wanted: Call<Id>): Promise<OperationOutput<Id>> {
  const operation = must(findOperation(wanted.id), `operation ${wanted.id}`);
  const { method, path, body } = buildRequest(operation, membersOf(wanted.input));
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(method === 'GET' ? {} : { 'idempotency-key': wanted.idempotencyKey ?? randomUUID() }),
  };
  const timeoutMs = connection.timeoutMs + waitMsOf(wanted.input);
  const request: HttpRequest = { method, path, headers, body, timeoutMs, signal: wanted.signal };
  const { transport } = connection;
  const value = await persistently(connection, request.signal, () =>
    authorized(connection, async (common) =>
      readAnswer(await transport.send({ ...request, headers: { ...common, ...headers } }), transport.url),
    ),
  );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the contract types the answer of the controller
  return value as OperationOutput<Id>;
}

function membersOf(input: unknown): Readonly<Record<string, unknown>> {
  return isRecord(input) ? input : {};
}

// A long poll is answered late on purpose.
function waitMsOf(input: unknown): number {
  const { waitMs } = membersOf(input);
  return typeof waitMs === 'number' ? waitMs : 0;
}

/** Repeats what the controller could not be reached for, or answered 503 to; anything else is thrown at once. */
async function persistently<T>(
  { retry }: Connection,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      const mayRepeat = error instanceof PpecError && error.code === 'unavailable' && !isCertificateError(error);
      if (!mayRepeat || failures + 1 >= retry.attemptsMax) throw error;
      await pause(fullJitterMs(failures, retry, rng), signal);
    }
  }
}

/** Waits; throws `cancelled` when the signal aborts meanwhile. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw new PpecError('cancelled', 'Interrupted.', { cause: error });
  }
}

type Upload = UploadOptions & { readonly sha256: string; readonly source: string | Readable };

async function uploadBlob(connection: Connection, upload: Upload): Promise<void> {
  if (!/^[0-9a-f]{64}$/.test(upload.sha256)) {
    throw new PpecError('invalid_argument', `${JSON.stringify(upload.sha256)} is no SHA-256 in lower-case hex.`);
  }
  const { source, signal } = upload;
  const send = async (content: () => Readable, mayRepeat: boolean): Promise<void> =>
    authorized(
      connection,
      async (common) => {
        const request = uploadRequest(connection, upload, content());
        const answer = await connection.transport.send({ ...request, headers: { ...common, ...request.headers } });
        assertAccepted(answer, connection.transport.url);
      },
      mayRepeat,
    );
  if (typeof source !== 'string') return send(() => source, false);
  return persistently(connection, signal, () => send(() => createReadStream(source), true));
}

function uploadRequest(connection: Connection, upload: Upload, content: Readable): HttpRequest {
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(upload.bytes),
    'idempotency-key': randomUUID(),
  };
  return {
    method: 'PUT',
    path: `/v1/blobs/${upload.sha256}`,
    headers,
    body: upload.onProgress === undefined ? content : metered(content, upload.onProgress),
    timeoutMs: connection.timeoutMs,
    signal: upload.signal,
  };
}

function assertAccepted(answer: HttpAnswer, url: string): void {
  const isAccepted = answer.status >= 200 && answer.status < 300;
  if (!isAccepted) readAnswer(answer, url);
}

function metered(content: Readable, onProgress: (sentBytes: number) => void): Readable {
  let sentBytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sentBytes += chunk.length;
      onProgress(sentBytes);
      done(null, chunk);
    },
  });
  content.on('error', (error) => meter.destroy(error));
  meter.on('close', () => content.destroy());
  return content.pipe(meter);
}
