// The agent listener: TLS with the region's certificate. Enrolment comes without a client certificate; renewal and the
// link only with one that the region CA signed.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';

import { errorCodes, PpecError, toPpecError } from '../../shared/errors.ts';
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
import { plainAddress } from '../domain/source-address.ts';
import type { Log } from '../log.ts';
import { endSlowPeers } from '../net/slow-peers.ts';
import { acceptSession, type Peer, type SessionDeps } from './agent-session.ts';
import { createCertificateDesk, type CertificateDesk } from './certificate-desk.ts';
import { identify } from './client-identity.ts';
import type { EnrolDeps } from './issue-certificate.ts';

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
  const desk = createCertificateDesk(deps.enrolment);
  let inFlight = 0;
  const handled = async (request: IncomingMessage): Promise<unknown> => {
    if (inFlight >= enrolmentsInFlightMax)
      throw new PpecError('resource_exhausted', 'too many machines enrol at once: try again', { retryAfterMs: 2000 });
    inFlight += 1;
    try {
      return await handle(request, desk, deps);
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
    const refuse = (error: unknown): void => {
      const { code, message } = toPpecError(error);
      deps.log.info({ path: request.url, code, reason: message, from: addressOf(request) }, 'agent link refused');
      const reason = message.replaceAll(/[^ -~]/g, ' ').slice(0, 200);
      socket.end(`HTTP/1.1 401 Unauthorized\r\nconnection: close\r\nx-reason: ${reason}\r\n\r\n`);
    };
    const gone = (): void => void socket.destroy();
    socket.on('error', gone);
    peerOf(request, deps)
      .then((peer) => {
        socket.off('error', gone);
        sockets.handleUpgrade(request, socket, head, (opened) => acceptSession(opened, peer, deps.session));
      })
      .catch(refuse);
  });
  return {
    server,
    closeLinks: () => {
      for (const session of deps.session.registry.all()) session.close('goingAway', 'the controller is stopping');
      for (const socket of sockets.clients) socket.terminate();
    },
  };
}

/** Who opens a link, and with which certificate: one that this region still stands by. */
async function peerOf(request: IncomingMessage, { enrolment }: ListenerDeps): Promise<Peer> {
  if (request.url !== '/agent/v1/link') throw new PpecError('not_found', 'there is nothing here');
  const { assetId, certificate, isExpired } = await identify(request, enrolment.store);
  if (isExpired) throw new PpecError('unauthenticated', 'the certificate has expired');
  return { assetId, address: addressOf(request), certificate };
}

function addressOf({ socket }: IncomingMessage): string {
  return plainAddress(socket.remoteAddress ?? '');
}

async function handle(request: IncomingMessage, desk: CertificateDesk, deps: ListenerDeps): Promise<unknown> {
  if (request.method !== 'POST') throw new PpecError('not_found', 'there is nothing here');
  const { store } = deps.enrolment;
  const from = addressOf(request);
  switch (request.url ?? '') {
    case '/agent/v1/enrol': {
      const answered = await desk.enrol(await jsonBody(request), from);
      if ('certificate' in answered) deps.enrolled('done');
      return answered;
    }
    case '/agent/v1/renew': {
      // Nothing of a stranger's is read.
      const client = await identify(request, store);
      return desk.renew(await jsonBody(request), client, from);
    }
    case '/agent/v1/answer': {
      const answered = await desk.answer(await jsonBody(request), () => identify(request, store));
      deps.enrolled('done');
      return answered;
    }
    default:
      throw new PpecError('not_found', 'there is nothing here');
  }
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
