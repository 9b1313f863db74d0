// The agent listener: TLS with the region's certificate. Enrolment comes without a client certificate; renewal and the
// link only with one that the region CA signed.
import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';

import { errorCodes, PpecError, toPpecError } from '../../shared/errors.ts';
import { isId } from '../../shared/ids.ts';
import { frameBytesMax } from '../../shared/protocol/limits.ts';
import { parseStrictJson } from '../../shared/strict-json.ts';
import {
  agentBodyBytesMax,
  agentRequestTimeoutMs,
  apiAnswerWindowMs,
  enrolmentsInFlightMax,
  handshakeTimeoutMs,
  headerBytesMax,
  headersTimeoutMs,
  jsonDepthMax,
  keepAliveTimeoutMs,
  overdueCheckMs,
} from '../limits.ts';
import type { Log } from '../log.ts';
import { endSlowPeers } from '../net/slow-peers.ts';
import { assetById } from '../store/assets.ts';
import { acceptSession, type SessionDeps } from './agent-session.ts';
import { enrol, issue, type EnrolDeps } from './enrolment.ts';

export type ListenerDeps = {
  readonly enrolment: EnrolDeps;
  readonly session: SessionDeps;
  readonly log: Log;
  readonly enrolled: (outcome: 'done' | 'refused') => void;
};

export type AgentListener = { readonly server: Server; readonly closeLinks: () => void };

export function createAgentListener(deps: ListenerDeps): AgentListener {
  const { ca } = deps.enrolment;
  const server = createServer({
    key: ca.server.key,
    cert: ca.server.cert,
    ca: ca.caPem,
    requestCert: true,
    // Enrolment has no certificate yet; what needs one asks for it.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    requestTimeout: agentRequestTimeoutMs,
    headersTimeout: headersTimeoutMs,
    handshakeTimeout: handshakeTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: overdueCheckMs,
    maxHeaderSize: headerBytesMax,
  });
  const slow = endSlowPeers(
    server,
    { bodyTimeoutMs: () => agentRequestTimeoutMs, answerWindowMs: apiAnswerWindowMs },
    { nowMs: deps.session.clock.nowMs, ended: (what) => deps.log.info({ what }, 'slow agent peer ended') },
  );
  server.once('close', slow.stop);
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: frameBytesMax,
    clientTracking: true,
  });
  let inFlight = 0;
  const handled = async (request: IncomingMessage): Promise<unknown> => {
    if (inFlight >= enrolmentsInFlightMax)
      throw new PpecError('resource_exhausted', 'too many machines enrol at once: try again', { retryAfterMs: 2000 });
    inFlight += 1;
    try {
      return await handle(request, deps);
    } finally {
      inFlight -= 1;
    }
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    handled(request).then(
      (body) => answer(response, 200, body),
      (error: unknown) => {
        const known = toPpecError(error);
        deps.log.info(
          { path: request.url?.slice(0, 200), code: known.code, reason: known.message },
          'agent request refused',
        );
        if (request.url === '/agent/v1/enrol') deps.enrolled('refused');
        answer(response, errorCodes[known.code].httpStatus, { code: known.code, detail: known.message });
      },
    );
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const assetId = request.url === '/agent/v1/link' ? certifiedAsset(request) : undefined;
    if (assetId === undefined) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n');
      return;
    }
    // An IPv4 address may come in the clothes of an IPv6 one (RFC 4291 §2.5.5.2).
    const address = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    sockets.handleUpgrade(request, socket, head, (opened) => acceptSession(opened, { assetId, address }, deps.session));
  });
  return {
    server,
    closeLinks: () => {
      for (const session of deps.session.registry.all()) session.close('goingAway', 'the controller is stopping');
      for (const socket of sockets.clients) socket.terminate();
    },
  };
}

async function handle(request: IncomingMessage, deps: ListenerDeps): Promise<unknown> {
  if (request.method !== 'POST') throw new PpecError('not_found', 'there is nothing here');
  const body = await jsonBody(request);
  switch (request.url ?? '') {
    case '/agent/v1/enrol': {
      const enrolled = await enrol(body, request.socket.remoteAddress ?? '', deps.enrolment);
      deps.enrolled('done');
      return enrolled;
    }
    case '/agent/v1/renew':
      return renew(request, deps);
    default:
      throw new PpecError('not_found', 'there is nothing here');
  }
}

async function renew(request: IncomingMessage, deps: ListenerDeps): Promise<unknown> {
  const certificate = clientCertificate(request);
  const isInForce = certifiedAsset(request) !== undefined;
  const assetId = isInForce || hasOnlyExpired(request) ? namedAsset(certificate) : undefined;
  const asset = assetId === undefined ? undefined : await assetById(deps.enrolment.store.db, assetId);
  // A production host that was off for long still holds its key; a machine in PIOUS gets a new token with its next boot.
  if (assetId === undefined || certificate === undefined || (!isInForce && asset?.state !== 'BAREMETAL')) {
    throw new PpecError('unauthenticated', 'renewal needs a certificate of this region that is still valid');
  }
  if (asset === undefined || asset.state === 'RETIRED')
    throw new PpecError('unauthenticated', 'this asset is not known here');
  return issue(assetId, certificate.publicKey.export({ type: 'spki', format: 'pem' }).toString(), deps.enrolment);
}

/** The asset that the client's certificate names; undefined where there is none that this region signed and is in force. */
function certifiedAsset(request: IncomingMessage): string | undefined {
  const { socket } = request;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  return namedAsset(clientCertificate(request));
}

/** Signed by this region's CA and good but for its age. */
function hasOnlyExpired({ socket }: IncomingMessage): boolean {
  // Typed as an error, it is its code.
  return socket instanceof TLSSocket && String(socket.authorizationError) === 'CERT_HAS_EXPIRED';
}

function namedAsset(certificate: X509Certificate | undefined): string | undefined {
  const name = /(?:^|\n)CN=(\S+)/.exec(certificate?.subject ?? '')?.[1] ?? '';
  return isId('asset', name) ? name : undefined;
}

function clientCertificate(request: IncomingMessage): X509Certificate | undefined {
  return request.socket instanceof TLSSocket ? request.socket.getPeerX509Certificate() : undefined;
}

async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new PpecError('internal', 'a body without bytes');
    bytes += chunk.length;
    if (bytes > agentBodyBytesMax)
      throw new PpecError('invalid_argument', `the body is larger than ${agentBodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  try {
    return parseStrictJson(Buffer.concat(chunks).toString(), jsonDepthMax);
  } catch (error) {
    if (error instanceof PpecError) throw error;
    throw new PpecError('invalid_argument', 'the body is not JSON', { cause: error });
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // What was refused before its body was read to the end leaves the rest of it on this connection.
    ...(response.req.complete ? {} : { connection: 'close' }),
  });
  response.end(text);
}
