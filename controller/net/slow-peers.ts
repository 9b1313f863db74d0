// Ends peers that hold a connection without using it: a body that drips, an answer that is not read. Judged by what came
// and went in a window of time, so that a slow line is no offence and a stopped one is.
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';

import { bodyWindowBytesMin, bodyWindowMs, answerWindowBytesMin, overdueCheckMs } from '../limits.ts';

export type SlowPeerLimits = {
  /** From the headers to the end of the body. */
  readonly bodyTimeoutMs: (request: IncomingMessage) => number;
  readonly answerWindowMs: number;
};

type Window = { sinceMs: number; bytes: number };
type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly startedMs: number;
  readonly body: Window;
  readonly answer: Window;
};

export type SlowPeers = { readonly stop: () => void };

export function endSlowPeers(
  server: HttpServer,
  limits: SlowPeerLimits,
  { nowMs, ended }: { readonly nowMs: () => number; readonly ended: (what: 'body' | 'answer') => void },
): SlowPeers {
  const exchanges = new Set<Exchange>();
  server.on('request', (request, response) => {
    const now = nowMs();
    const exchange: Exchange = {
      request,
      response,
      startedMs: now,
      body: { sinceMs: now, bytes: request.socket.bytesRead },
      answer: { sinceMs: now, bytes: flushedBytes(response) },
    };
    exchanges.add(exchange);
    // Answered before it was whole, a body still comes and is thrown away: it is watched on.
    response.once('close', () => {
      if (isOver(exchange)) exchanges.delete(exchange);
    });
  });
  const timer = setInterval(() => {
    const now = nowMs();
    for (const exchange of exchanges) {
      const what = isOver(exchange) ? undefined : overdue(exchange, now, limits);
      if (isOver(exchange)) exchanges.delete(exchange);
      if (what === undefined) continue;
      exchanges.delete(exchange);
      ended(what);
      exchange.request.socket.destroy();
    }
  }, overdueCheckMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function isOver({ request, response }: Exchange): boolean {
  return request.socket.destroyed || (response.closed && request.complete);
}

function overdue(exchange: Exchange, now: number, limits: SlowPeerLimits): 'body' | 'answer' | undefined {
  const { request, response, body, answer } = exchange;
  if (!request.complete) {
    if (now - exchange.startedMs > limits.bodyTimeoutMs(request)) return 'body';
    // While bytes wait for us, it is not the peer that is slow.
    const isOurs = request.readableLength > 0;
    if (
      isStalled(body, {
        now,
        bytes: request.socket.bytesRead,
        windowMs: bodyWindowMs,
        least: bodyWindowBytesMin,
        isOurs,
      })
    )
      return 'body';
  }
  if (response.closed) return undefined;
  const isOurs = request.socket.writableLength === 0 && response.writableLength === 0;
  const flushed = flushedBytes(response);
  const window = { now, bytes: flushed, windowMs: limits.answerWindowMs, least: answerWindowBytesMin, isOurs };
  return isStalled(answer, window) ? 'answer' : undefined;
}

type Seen = {
  readonly now: number;
  readonly bytes: number;
  readonly windowMs: number;
  readonly least: number;
  /** Nothing is expected of the peer just now. */
  readonly isOurs: boolean;
};

function isStalled(window: Window, { now, bytes, windowMs, least, isOurs }: Seen): boolean {
  if (isOurs || bytes - window.bytes >= least) {
    window.sinceMs = now;
    window.bytes = bytes;
    return false;
  }
  return now - window.sinceMs > windowMs;
}

/** What has left for the peer; what waits in the process has not. */
function flushedBytes({ socket }: ServerResponse): number {
  return socket === null ? 0 : socket.bytesWritten - socket.writableLength;
}
