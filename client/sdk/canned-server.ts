// A real HTTP server with canned answers, for the tests of the client: on a Unix socket, or on a port of this host.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PpecError } from '../../shared/errors.ts';

export type Seen = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};
export type Canned = {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly contentType?: string;
  /** Closes the connection without an answer. */
  readonly hangUp?: boolean;
  /** Never answers. */
  readonly silent?: boolean;
};
export type CannedServer = {
  readonly url: string;
  readonly seen: readonly Seen[];
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Answers each request with what `answer` makes of it; 404 where it makes nothing. */
export async function cannedServer(
  answer: (seen: Seen, index: number) => Canned | undefined,
  options: { readonly onPort?: boolean } = {},
): Promise<CannedServer> {
  const folder = await mkdtemp(join(tmpdir(), 'ppec-client-'));
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      const last = seen.at(-1);
      const canned = (last === undefined ? undefined : answer(last, seen.length - 1)) ?? notFound;
      if (canned.silent === true) return;
      if (canned.hangUp === true) {
        request.socket.destroy();
        return;
      }
      const status = canned.status ?? 200;
      const contentType = canned.contentType ?? (status < 400 ? 'application/json' : 'application/problem+json');
      response.writeHead(status, { 'content-type': contentType });
      response.end(canned.text ?? JSON.stringify(canned.json));
    });
  });
  const socketPath = join(folder, 'api.sock');
  await new Promise<void>((resolve) => {
    if (options.onPort === true) server.listen(0, '127.0.0.1', resolve);
    else server.listen(socketPath, resolve);
  });
  return {
    url: options.onPort === true ? `http://127.0.0.1:${portOf(server)}` : `unix:${socketPath}`,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

const notFound: Canned = { status: 404, json: { code: 'not_found', detail: 'There is no such thing here.' } };

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new PpecError('internal', 'the server has no port');
  return address.port;
}

export function problem(status: number, code: string, detail: string): Canned {
  return { status, json: { type: 'about:blank', title: 'title', status, code, detail, requestId: 'req_1' } };
}
