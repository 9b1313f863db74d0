// One agent's link: hello first, then frames in order and within limits. What is malformed, oversized, out of order or
// too much closes this link with a documented code and touches nothing else.
import { WebSocket } from 'ws';

import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { closeCodes, type CloseName } from '../../shared/protocol/close-codes.ts';
import { decodeAgentMessage, encodeControllerMessage, type Decoded } from '../../shared/protocol/codec.ts';
import {
  framesPerSecondMax,
  helloTimeoutMs,
  sendBufferBytesMax,
  silentHeartbeatsMax,
} from '../../shared/protocol/limits.ts';
import type { AgentBody, AgentMessage, ControllerMessage } from '../../shared/protocol/messages.ts';
import { protocolVersion } from '../../shared/protocol/version.ts';
import { sessionQueueMax } from '../limits.ts';
import type { Log } from '../log.ts';
import type { Lane } from '../net/lane.ts';
import type { AgentCertificateRow } from '../store/identity-tables.ts';
import type { LiveSession, Registry } from './registry.ts';

/** What a session tells of; each is one transaction, and they run in the order of the frames. */
export type SessionEvents = {
  /** Whether the agent may speak for this asset; answers why not. */
  readonly hello: (hello: AgentBody<'hello'>, peer: Peer) => Promise<CloseName | undefined>;
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
  /** In which all sessions' messages go to the store, so that agents leave it free for people. */
  readonly lane: Lane;
  readonly counters: { readonly heartbeat: () => void; readonly closed: (name: CloseName | 'other') => void };
};

type State =
  | { readonly name: 'opening' }
  | { readonly name: 'checking' }
  | { readonly name: 'live'; readonly bootId: string }
  | { readonly name: 'closed' };

const rateWindowMs = 10_000;
const longestTimerMs = 2_000_000_000;

/** What every frame must pass: the rate, the codec, the order. */
function frameGate(): (data: Buffer, nowMs: number) => Decoded<AgentMessage> {
  let heardSeq = 0;
  let windowStartMs = 0;
  let framesInWindow = 0;
  return (data, nowMs) => {
    if (nowMs - windowStartMs > rateWindowMs) {
      windowStartMs = nowMs;
      framesInWindow = 0;
    }
    framesInWindow += 1;
    if (framesInWindow > (framesPerSecondMax * rateWindowMs) / 1000) {
      return { ok: false, close: 'rateExceeded', why: `${framesInWindow} frames in ${rateWindowMs} ms` };
    }
    const decoded = decodeAgentMessage(data);
    if (!decoded.ok) return decoded;
    heardSeq += 1;
    if (decoded.seq === heardSeq) return decoded;
    return { ok: false, close: 'outOfOrder', why: `expected ${heardSeq}, got ${decoded.seq}` };
  };
}

/** Who is at the other end: the asset that its certificate names, the IP address, and that certificate. */
export type Peer = {
  readonly assetId: string;
  readonly address: string;
  readonly certificate: Pick<AgentCertificateRow, 'serial' | 'expires_at'>;
};

export function acceptSession(socket: WebSocket, peer: Peer, deps: SessionDeps): void {
  const session = new AgentSession(socket, peer, deps);
  socket.on('message', (data: Buffer) => session.receive(data));
  socket.on('pong', () => session.heard());
  socket.on('ping', () => session.heard());
  socket.on('error', (error) => session.failed(error));
  socket.on('close', () => session.leave());
}

class AgentSession implements LiveSession {
  readonly assetId: string;
  readonly address: string;
  readonly certificateSerial: string;
  readonly #peer: Peer;
  readonly #socket: WebSocket;
  readonly #deps: SessionDeps;
  readonly #gate = frameGate();
  readonly #helloTimer: NodeJS.Timeout;
  readonly #silenceTimer: NodeJS.Timeout;
  readonly #expiryTimer: NodeJS.Timeout;
  #state: State = { name: 'opening' };
  #lastHeardMs: number;
  #sentSeq = 0;
  #rssBytes = 0;
  #queued = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(socket: WebSocket, peer: Peer, deps: SessionDeps) {
    this.assetId = peer.assetId;
    this.address = peer.address;
    this.certificateSerial = peer.certificate.serial;
    this.#peer = peer;
    this.#socket = socket;
    this.#deps = deps;
    this.#lastHeardMs = deps.clock.nowMs();
    this.#helloTimer = setTimeout(() => this.close('helloExpected', 'no hello in time'), helloTimeoutMs);
    this.#silenceTimer = setInterval(() => {
      const silentMs = deps.clock.nowMs() - this.#lastHeardMs;
      if (silentMs > silentHeartbeatsMax * deps.heartbeatMs) this.close('silent', `nothing heard for ${silentMs} ms`);
    }, deps.heartbeatMs / 2);
    const leftMs = peer.certificate.expires_at - this.#lastHeardMs;
    this.#expiryTimer = setTimeout(() => this.#expire(), Math.min(longestTimerMs, Math.max(0, leftMs)));
  }

  /** A link does not outlive its certificate: the agent opens the next one with another. */
  #expire(): void {
    this.close('certificateExpired', 'the certificate of this link has expired');
  }

  get bootId(): string {
    return this.#state.name === 'live' ? this.#state.bootId : '';
  }

  lastHeardMs(): number {
    return this.#lastHeardMs;
  }

  rssBytes(): number {
    return this.#rssBytes;
  }

  heard(): void {
    this.#lastHeardMs = this.#deps.clock.nowMs();
  }

  send(message: ControllerMessage): void {
    if (this.#socket.readyState !== WebSocket.OPEN || this.#state.name === 'closed') return;
    if (this.#socket.bufferedAmount > sendBufferBytesMax) {
      this.close('stuck', `${this.#socket.bufferedAmount} bytes unsent`);
      return;
    }
    this.#sentSeq += 1;
    this.#socket.send(encodeControllerMessage(this.#sentSeq, message));
  }

  close(name: CloseName, why: string): void {
    if (this.#state.name === 'closed') return;
    this.#deps.counters.closed(name);
    this.#deps.log.info({ assetId: this.assetId, close: name, why }, 'agent link closed');
    this.leave();
    this.#socket.close(closeCodes[name].code, why.slice(0, 100));
    // A peer that does not answer the close frame is cut off.
    setTimeout(() => this.#socket.terminate(), 5000).unref();
  }

  /** `ws` closes with 1009 by itself when a frame is larger than its limit. */
  failed(error: Error): void {
    this.#deps.counters.closed(/max payload/i.test(error.message) ? 'frameTooLarge' : 'other');
    this.#deps.log.info({ assetId: this.assetId, error: error.message }, 'agent link failed');
    this.leave();
  }

  leave(): void {
    const before = this.#state;
    this.#state = { name: 'closed' };
    clearTimeout(this.#helloTimer);
    clearInterval(this.#silenceTimer);
    clearTimeout(this.#expiryTimer);
    if (before.name === 'live' && this.#deps.registry.remove(this)) this.#deps.events.ended(this);
  }

  receive(data: Buffer): void {
    if (this.#state.name === 'closed') return;
    this.heard();
    if (this.#lastHeardMs >= this.#peer.certificate.expires_at) return this.#expire();
    const decoded = this.#gate(data, this.#lastHeardMs);
    if (!decoded.ok) return this.close(decoded.close, decoded.why);
    const { message } = decoded;
    if (this.#state.name === 'opening') {
      if (message.type !== 'hello') return this.close('helloExpected', `got ${message.type}`);
      this.#state = { name: 'checking' };
      clearTimeout(this.#helloTimer);
    } else if (message.type === 'hello') {
      return this.close('outOfOrder', 'a second hello');
    }
    // Liveness is in memory: a heartbeat writes nothing and waits for nothing.
    if (message.type === 'heartbeat') {
      this.#rssBytes = message.body.rssBytes;
      return this.#deps.counters.heartbeat();
    }
    this.#enqueue(message);
  }

  /** One message after the other, in the order of the frames. */
  #enqueue(message: AgentMessage): void {
    this.#queued += 1;
    if (this.#queued > sessionQueueMax) return this.close('rateExceeded', `${this.#queued} messages wait to be stored`);
    this.#work = this.#work
      .then(() => this.#deps.lane(() => this.#take(message)))
      .catch((error: unknown) => {
        const facts = { assetId: this.assetId, type: message.type, error: messageOf(error) };
        this.#deps.log.error(facts, 'message of an agent not taken');
        this.close('goingAway', 'a fault in the controller');
      })
      .finally(() => {
        this.#queued -= 1;
      });
  }

  async #take(message: AgentMessage): Promise<void> {
    if (this.#state.name === 'live') await this.#deps.events.message(this, message);
    else if (this.#state.name === 'checking' && message.type === 'hello') await this.#begin(message.body);
  }

  async #begin(hello: AgentBody<'hello'>): Promise<void> {
    if (hello.protocol !== protocolVersion) {
      const why = `this controller speaks version ${protocolVersion}, the agent ${hello.protocol}`;
      return this.close('protocolUnsupported', why);
    }
    if (hello.assetId !== this.assetId) return this.close('identityMismatch', `the certificate is of ${this.assetId}`);
    const refusal = await this.#deps.events.hello(hello, this.#peer);
    if (refusal !== undefined) return this.close(refusal, closeCodes[refusal].reason);
    if (this.#state.name !== 'checking') return;
    this.#state = { name: 'live', bootId: hello.bootId };
    this.#deps.registry.add(this);
    this.send({
      type: 'welcome',
      body: {
        protocol: protocolVersion,
        heartbeatMs: this.#deps.heartbeatMs,
        serverTimeMs: this.#deps.clock.nowMs(),
      },
    });
    await this.#deps.events.welcomed(this, hello);
  }
}
