// One agent's link: hello first, then frames in order and within limits. What is malformed, oversized, out of order or
// too much closes this link with a documented code and touches nothing else.
import { WebSocket } from 'ws';

import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { closeCodes, type CloseName } from '../../shared/protocol/close-codes.ts';
import { decodeAgentMessage, encodeControllerMessage } from '../../shared/protocol/codec.ts';
import {
  framesPerSecondMax,
  helloTimeoutMs,
  sendBufferBytesMax,
  silentHeartbeatsMax,
} from '../../shared/protocol/limits.ts';
import type { AgentBody, AgentMessage, ControllerMessage } from '../../shared/protocol/messages.ts';
import { protocolVersion } from '../../shared/protocol/version.ts';
import type { Log } from '../log.ts';
import type { LiveSession, Registry } from './registry.ts';

/** What a session tells of; each is one transaction, and they run in the order of the frames. */
export type SessionEvents = {
  /** Whether the agent may speak for this asset; answers why not. */
  readonly hello: (hello: AgentBody<'hello'>) => Promise<CloseName | undefined>;
  readonly welcomed: (session: LiveSession, hello: AgentBody<'hello'>) => Promise<void>;
  readonly message: (session: LiveSession, message: AgentMessage) => Promise<void>;
  readonly ended: (session: LiveSession) => void;
};

export type SessionDeps = {
  readonly clock: Clock;
  readonly heartbeatMs: number;
  readonly registry: Registry;
  readonly events: SessionEvents;
  readonly log: Log;
  readonly counters: { readonly heartbeat: () => void; readonly closed: (name: CloseName | 'other') => void };
};

type State =
  | { readonly name: 'opening' }
  | { readonly name: 'checking' }
  | { readonly name: 'live'; readonly session: LiveSession }
  | { readonly name: 'closed' };

/** Frames of one session that may wait for the store. */
const queueMax = 64;
const rateWindowMs = 10_000;

export function acceptSession(socket: WebSocket, assetId: string, deps: SessionDeps): void {
  let state: State = { name: 'opening' };
  let heardSeq = 0;
  let sentSeq = 0;
  let lastHeardMs = deps.clock.nowMs();
  let windowStartMs = lastHeardMs;
  let framesInWindow = 0;
  let queued = 0;
  let work: Promise<void> = Promise.resolve();

  const close = (name: CloseName, why: string): void => {
    if (state.name === 'closed') return;
    deps.counters.closed(name);
    deps.log.info({ assetId, close: name, why }, 'agent link closed');
    leave();
    socket.close(closeCodes[name].code, why.slice(0, 100));
    // A peer that does not answer the close frame is cut off.
    setTimeout(() => socket.terminate(), 5000).unref();
  };
  const leave = (): void => {
    const before = state;
    state = { name: 'closed' };
    clearTimeout(helloTimer);
    clearInterval(silenceTimer);
    if (before.name === 'live' && deps.registry.remove(before.session)) deps.events.ended(before.session);
  };
  const send = (message: ControllerMessage): void => {
    if (socket.readyState !== WebSocket.OPEN || state.name === 'closed') return;
    if (socket.bufferedAmount > sendBufferBytesMax) return close('stuck', `${socket.bufferedAmount} bytes unsent`);
    sentSeq += 1;
    socket.send(encodeControllerMessage(sentSeq, message));
  };
  const begin = async (hello: AgentBody<'hello'>): Promise<void> => {
    if (hello.protocol !== protocolVersion) {
      return close(
        'protocolUnsupported',
        `this controller speaks version ${protocolVersion}, the agent ${hello.protocol}`,
      );
    }
    if (hello.assetId !== assetId) return close('identityMismatch', `the certificate is of ${assetId}`);
    const refusal = await deps.events.hello(hello);
    if (refusal !== undefined) return close(refusal, closeCodes[refusal].reason);
    if (state.name !== 'checking') return;
    const session: LiveSession = { assetId, bootId: hello.bootId, lastHeardMs: () => lastHeardMs, send, close };
    state = { name: 'live', session };
    deps.registry.add(session);
    send({
      type: 'welcome',
      body: { protocol: protocolVersion, heartbeatMs: deps.heartbeatMs, serverTimeMs: deps.clock.nowMs() },
    });
    await deps.events.welcomed(session, hello);
  };
  const take = async (message: AgentMessage): Promise<void> => {
    if (state.name === 'live') await deps.events.message(state.session, message);
    else if (state.name === 'checking' && message.type === 'hello') await begin(message.body);
  };
  const receive = (data: Buffer): void => {
    if (state.name === 'closed') return;
    lastHeardMs = deps.clock.nowMs();
    if (lastHeardMs - windowStartMs > rateWindowMs) {
      windowStartMs = lastHeardMs;
      framesInWindow = 0;
    }
    framesInWindow += 1;
    if (framesInWindow > (framesPerSecondMax * rateWindowMs) / 1000)
      return close('rateExceeded', `${framesInWindow} frames in ${rateWindowMs} ms`);
    const decoded = decodeAgentMessage(data);
    if (!decoded.ok) return close(decoded.close, decoded.why);
    heardSeq += 1;
    if (decoded.seq !== heardSeq) return close('outOfOrder', `expected ${heardSeq}, got ${decoded.seq}`);
    const { message } = decoded;
    if (state.name === 'opening') {
      if (message.type !== 'hello') return close('helloExpected', `got ${message.type}`);
      state = { name: 'checking' };
      clearTimeout(helloTimer);
    } else if (message.type === 'hello') {
      return close('outOfOrder', 'a second hello');
    }
    // Liveness is in memory: a heartbeat writes nothing and waits for nothing.
    if (message.type === 'heartbeat') return deps.counters.heartbeat();
    queued += 1;
    if (queued > queueMax) return close('rateExceeded', `${queued} messages wait to be stored`);
    work = work
      .then(() => take(message))
      .catch((error: unknown) => {
        deps.log.error({ assetId, type: message.type, error: messageOf(error) }, 'message of an agent not taken');
        close('goingAway', 'a fault in the controller');
      })
      .finally(() => (queued -= 1));
  };

  const helloTimer = setTimeout(() => close('helloExpected', 'no hello in time'), helloTimeoutMs);
  const silenceTimer = setInterval(() => {
    const silentMs = deps.clock.nowMs() - lastHeardMs;
    if (silentMs > silentHeartbeatsMax * deps.heartbeatMs) close('silent', `nothing heard for ${silentMs} ms`);
  }, deps.heartbeatMs);
  const heard = (): void => void (lastHeardMs = deps.clock.nowMs());
  socket.on('message', (data: Buffer) => receive(data));
  socket.on('pong', heard);
  socket.on('ping', heard);
  socket.on('error', (error) => {
    // `ws` closes with 1009 by itself when a frame is larger than its limit.
    deps.counters.closed(/max payload/i.test(error.message) ? 'frameTooLarge' : 'other');
    deps.log.info({ assetId, error: error.message }, 'agent link failed');
    leave();
  });
  socket.on('close', leave);
}
