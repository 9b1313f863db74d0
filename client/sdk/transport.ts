// HTTP to one controller: over TLS that is pinned to the region's CA, over a Unix socket, or in plain text to this host
// only. One keep-alive pool per transport; every answer has a size limit and a deadline.
import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';

import { messageOf, PpecError } from '../../shared/errors.ts';
import type { HttpAnswer } from './response.ts';

export type HttpRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Readable | undefined;
  /** Until the whole answer is there; for a streamed body: without any byte in either direction. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
};

export type Transport = {
  /** As errors name it. */
  readonly url: string;
  readonly send: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly close: () => void;
};

export type TransportOptions = {
  readonly url: string;
  /** Only certificates signed by this CA are accepted; without it, those the system trusts. */
  readonly caPem?: string;
  readonly answerBytesMax: number;
};

type Target = {
  readonly url: string;
  readonly prefix: string;
  readonly open: typeof http.request;
  readonly options: http.RequestOptions & { readonly agent: http.Agent };
};

const socketsMax = 8;

export function openTransport(options: TransportOptions): Transport {
  const target = targetOf(options);
  return {
    url: target.url,
    send: (request) => send(target, request, options.answerBytesMax),
    close: () => target.options.agent.destroy(),
  };
}

function targetOf({ url, caPem }: TransportOptions): Target {
  if (url.startsWith('unix:')) {
    const socketPath = url.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
    const agent = new http.Agent({ keepAlive: true, maxSockets: socketsMax });
    return { url, prefix: '', open: http.request, options: { agent, socketPath, host: 'localhost' } };
  }
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) {
    throw new PpecError(
      'invalid_argument',
      `${JSON.stringify(url)} is no controller address; it looks like https://host:7443 or unix:/path/to.sock.`,
    );
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw new PpecError('invalid_argument', 'The URL contains a secret; give the credential apart from it.');
  }
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  const prefix = parsed.pathname.replace(/\/+$/, '');
  const common = { host, ...(parsed.port === '' ? {} : { port: Number(parsed.port) }) };
  if (parsed.protocol === 'https:') {
    const pinned = caPem === undefined ? {} : { ca: caPem };
    const agent = new https.Agent({ keepAlive: true, maxSockets: socketsMax, ...pinned });
    return { url: parsed.origin + prefix, prefix, open: https.request, options: { ...common, agent } };
  }
  if (!isLoopback(host)) {
    throw new PpecError('invalid_argument', `${url} would send the credential in plain text; use https://.`);
  }
  const agent = new http.Agent({ keepAlive: true, maxSockets: socketsMax });
  return { url: parsed.origin + prefix, prefix, open: http.request, options: { ...common, agent } };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

async function send(target: Target, request: HttpRequest, answerBytesMax: number): Promise<HttpAnswer> {
  assertGoesOn(request.signal);
  const path = target.prefix + request.path;
  const headers = { ...request.headers };
  const outgoing = target.open({ ...target.options, method: request.method, path, headers });
  const tooLate = (): void => void outgoing.destroy(new Error(timedOut));
  const interrupt = (): void => void outgoing.destroy(new Error('interrupted'));
  const deadline = typeof request.body === 'object' ? undefined : setTimeout(tooLate, request.timeoutMs);
  if (deadline === undefined) outgoing.setTimeout(request.timeoutMs, tooLate);
  request.signal?.addEventListener('abort', interrupt, { once: true });
  try {
    const answer = answerOf(outgoing, answerBytesMax);
    feed(outgoing, request.body);
    return await answer;
  } catch (error) {
    assertGoesOn(request.signal);
    throw transportError(error, target.url, request.timeoutMs);
  } finally {
    clearTimeout(deadline);
    request.signal?.removeEventListener('abort', interrupt);
    if (typeof request.body === 'object') request.body.destroy();
    // Answered before it was sent to the end: this connection cannot carry another request.
    if (!outgoing.writableFinished) outgoing.destroy();
  }
}

function assertGoesOn(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new PpecError('cancelled', 'Interrupted.');
}

const timedOut = 'timed out';

function feed(outgoing: http.ClientRequest, body: string | Readable | undefined): void {
  if (typeof body !== 'object') {
    outgoing.end(body);
    return;
  }
  body.on('error', (error) => outgoing.destroy(new BodyError(error)));
  body.pipe(outgoing);
}

/** The body's own source failed: the fault is on this side, not the network's. */
class BodyError extends Error {
  constructor(cause: Error) {
    super(`the content cannot be read: ${cause.message}`, { cause });
  }
}

function answerOf(outgoing: http.ClientRequest, bytesMax: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    // A server may refuse before it has read the whole body and close: its answer counts, not the broken pipe.
    outgoing.on('error', (error) => {
      if (!isAnswered || error.message === timedOut) reject(error);
    });
    outgoing.on('response', (response) => {
      isAnswered = true;
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > bytesMax) {
          reject(new PpecError('resource_exhausted', `The answer is larger than ${bytesMax} bytes; ask for less.`));
          outgoing.destroy();
          return;
        }
        chunks.push(chunk);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
      response.on('error', reject);
    });
  });
}

const certificateCodes = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** A connection that fails for its certificate fails the same way next time. */
export function isCertificateError(error: PpecError): boolean {
  return certificateCodes.has(codeOf(error.cause) ?? '');
}

function transportError(error: unknown, url: string, timeoutMs: number): PpecError {
  if (error instanceof PpecError) return error;
  if (error instanceof BodyError) return new PpecError('failed_precondition', error.message, { cause: error });
  if (messageOf(error) === timedOut) {
    return new PpecError('deadline_exceeded', `${url} did not answer within ${timeoutMs / 1000} s.`, { cause: error });
  }
  return new PpecError('unavailable', networkMessage(codeOf(error), url, messageOf(error)), { cause: error });
}

function networkMessage(code: string | undefined, url: string, message: string): string {
  if (certificateCodes.has(code ?? '')) {
    return `The certificate of ${url} is not one this client trusts (${message}). Check the URL and the CA file.`;
  }
  const known = code === undefined ? undefined : networkMessages[code];
  if (known !== undefined) return known(url);
  return `The connection to ${url} failed (${code ?? message}). Check the address, and that the controller runs.`;
}

const unreachable = (url: string): string => `${url} cannot be reached. Check the network and the address.`;
const unresolved = (url: string): string => `The name in ${url} does not resolve. Check the address and DNS.`;
const networkMessages: Readonly<Record<string, (url: string) => string>> = {
  ECONNREFUSED: (url) => `Nothing answers at ${url}. Check the address, and that the controller runs.`,
  ENOENT: (url) => `There is no socket at ${url}. Check the path, and that the controller runs.`,
  EACCES: (url) => `This user may not open ${url}. Check the socket's owner and mode.`,
  ENOTFOUND: unresolved,
  EAI_AGAIN: unresolved,
  ETIMEDOUT: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
};
