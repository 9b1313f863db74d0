// How the API listens: TLS, time-outs and sizes of the HTTP server below the framework, and what a peer is told that does
// not speak HTTP.
import type { ServerOptions } from 'node:http';
import type { Socket } from 'node:net';

import {
  handshakeTimeoutMs,
  headerBytesMax,
  headersTimeoutMs,
  keepAliveTimeoutMs,
  overdueCheckMs,
  uploadTimeoutMs,
} from '../limits.ts';
import { securityHeaders } from './security-headers.ts';

/** TLS 1.3's own, and of 1.2 only those with forward secrecy and authenticated encryption (RFC 9325 §4.2). */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
].join(':');

const common: ServerOptions = {
  maxHeaderSize: headerBytesMax,
  headersTimeout: headersTimeoutMs,
  keepAliveTimeout: keepAliveTimeoutMs,
  connectionsCheckingInterval: overdueCheckMs,
  requireHostHeader: true,
  insecureHTTPParser: false,
};
/** The longest request there is; JSON bodies have less time, and no body may drip. */
const timeouts = { requestTimeout: uploadTimeoutMs, keepAliveTimeout: keepAliveTimeoutMs };

export function serverOptions(tls: { readonly key: string; readonly cert: string } | undefined) {
  if (tls === undefined) return { ...timeouts, http: common };
  return {
    ...timeouts,
    https: {
      ...common,
      ...tls,
      minVersion: 'TLSv1.2' as const,
      ciphers,
      honorCipherOrder: true,
      handshakeTimeout: handshakeTimeoutMs,
    },
  };
}

const statusOfCode: Readonly<Record<string, readonly [number, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
};

/** What cannot be read as a request is answered once, and the connection closed: nothing after it can be trusted. */
export function refuseBrokenHttp(error: Error, socket: Socket): void {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, title] = statusOfCode[code] ?? [400, 'Bad Request'];
  const detail = 'This cannot be read as an HTTP request.';
  const body = JSON.stringify({
    type: 'about:blank#invalid_argument',
    title,
    status,
    detail,
    code: 'invalid_argument',
  });
  const headers = {
    ...securityHeaders(false),
    'content-type': 'application/problem+json',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy());
}
