// One session of the link: from hello to close. Health is latest-wins, results are sent until acknowledged, and a peer
// that falls silent ends the session.
import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';

import type { Clock } from '../../shared/clock.ts';
import { closeCodes, closeNameOf, type CloseName } from '../../shared/protocol/close-codes.ts';
import { decodeControllerMessage, encodeAgentMessage } from '../../shared/protocol/codec.ts';
import {
  defaultHeartbeatMs,
  frameBytesMax,
  sendBufferBytesMax,
  silentHeartbeatsMax,
} from '../../shared/protocol/limits.ts';
import type { AgentBody, AgentMessage, ControllerMessage } from '../../shared/protocol/messages.ts';
import type { Tls } from '../identity/https.ts';

export type SessionEnd = {
  readonly close: CloseName | undefined;
  readonly why: string;
  readonly wasWelcome: boolean;
  /** The controller does not take the certificate. */
  readonly isIdentityRefused: boolean;
};

const identityRefusals: readonly (CloseName | undefined)[] = ['certificateExpired', 'identityRevoked', 'unknownAsset'];

export type Session = {
  readonly send: (message: AgentMessage) => void;
  readonly close: () => void;
  readonly ended: Promise<SessionEnd>;
};

export type SessionOptions = {
  readonly url: string;
  readonly tls: Tls;
  readonly hello: AgentBody<'hello'>;
  readonly clock: Clock;
  readonly onMessage: (message: ControllerMessage, send: (message: AgentMessage) => void) => void;
};

export function openSession(options: SessionOptions): Session {
  const socket = new WebSocket(options.url, {
    ...options.tls,
    perMessageDeflate: false,
    maxPayload: frameBytesMax,
    handshakeTimeout: 20_000,
  });
  let sentSeq = 0;
  let heardSeq = 0;
  let heartbeatMs = defaultHeartbeatMs;
  let lastHeardMs = options.clock.nowMs();
  let wasWelcome = false;
  let wasRefused = false;
  let ending: { close: CloseName; why: string } | undefined;
  let timer: NodeJS.Timeout | undefined;

  const end = (close: CloseName, why: string): void => {
    ending ??= { close, why };
    socket.close(closeCodes[close].code, why.slice(0, 100));
  };
  const send = (message: AgentMessage): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > sendBufferBytesMax) {
      ending ??= { close: 'stuck', why: `${socket.bufferedAmount} bytes unsent` };
      socket.terminate();
      return;
    }
    sentSeq += 1;
    socket.send(encodeAgentMessage(sentSeq, message));
  };
  const beat = (): void => {
    const silentMs = options.clock.nowMs() - lastHeardMs;
    if (silentMs > silentHeartbeatsMax * heartbeatMs) {
      ending ??= { close: 'silent', why: `nothing heard for ${silentMs} ms` };
      socket.terminate();
      return;
    }
    if (silentMs > heartbeatMs) socket.ping();
    send(heartbeat());
  };
  const schedule = (): void => {
    clearInterval(timer);
    timer = setInterval(beat, heartbeatMs);
  };
  const heard = (): void => void (lastHeardMs = options.clock.nowMs());

  const ended = new Promise<SessionEnd>((resolve) => {
    socket.on('open', () => {
      heard();
      send({ type: 'hello', body: options.hello });
      schedule();
    });
    socket.on('pong', heard).on('ping', heard);
    socket.on('message', (data: Buffer) => {
      heard();
      const decoded = decodeControllerMessage(data);
      if (!decoded.ok) return end(decoded.close, decoded.why);
      if (decoded.seq !== (heardSeq += 1)) return end('outOfOrder', `expected ${heardSeq}, got ${decoded.seq}`);
      if (decoded.message.type === 'welcome') {
        wasWelcome = true;
        heartbeatMs = decoded.message.body.heartbeatMs;
        schedule();
      }
      options.onMessage(decoded.message, send);
    });
    socket.on('unexpected-response', (_request, response) => {
      wasRefused = response.statusCode === 401;
      ending ??= { close: 'goingAway', why: noLinkText(response) };
      socket.terminate();
    });
    socket.on('error', (error) => (ending ??= { close: 'goingAway', why: error.message }));
    socket.on('close', (code, reason) => {
      clearInterval(timer);
      const close = ending?.close ?? closeNameOf(code);
      const why = ending?.why ?? (reason.toString() || `closed with code ${code}`);
      resolve({ close, why, wasWelcome, isIdentityRefused: wasRefused || identityRefusals.includes(close) });
    });
  });
  return { send, ended, close: () => end('goingAway', 'the agent is stopping') };
}

function heartbeat(): AgentMessage {
  return {
    type: 'heartbeat',
    body: { uptimeMs: Math.round(process.uptime() * 1000), rssBytes: process.memoryUsage.rss() },
  };
}

function noLinkText({ statusCode, headers }: IncomingMessage): string {
  const reason = headers['x-reason'];
  return `the controller opens no link (HTTP ${statusCode}${typeof reason === 'string' ? `: ${reason}` : ''})`;
}
