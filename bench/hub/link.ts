// One agent's link as the load generator holds it: the protocol's own frames over `ws`, without the agent behind it.
import WebSocket from 'ws';

import { must } from '../../shared/assert.ts';
import { closeNameOf } from '../../shared/protocol/close-codes.ts';
import { decodeControllerMessage, encodeAgentMessage } from '../../shared/protocol/codec.ts';
import { defaultHeartbeatMs, frameBytesMax } from '../../shared/protocol/limits.ts';
import type { AgentMessage, ControllerMessage } from '../../shared/protocol/messages.ts';
import { protocolVersion } from '../../shared/protocol/version.ts';
import type { Machine } from './machine.ts';

/** What an enrolled machine opens its link with. */
export type Enrolled = { readonly assetId: string; readonly cert: string; readonly ca: string };

export type LinkOptions = {
  readonly url: string;
  readonly machine: Machine;
  readonly enrolled: Enrolled;
  /** Whether this link brings the inventory and health of a new boot, or only connects. */
  readonly isReporting: boolean;
};

export type Link = {
  readonly send: (message: AgentMessage) => void;
  readonly bufferedBytes: () => number;
  /** Resolves when everything that was sent so far has been taken. */
  readonly flushed: () => Promise<void>;
  /** Resolves with the state that the controller has decided on. */
  readonly decided: Promise<string>;
  readonly close: () => void;
};

const heartbeat: AgentMessage = { type: 'heartbeat', body: { uptimeMs: 86_400_000, rssBytes: 72_000_000 } };
const health: AgentMessage = {
  type: 'health',
  body: {
    state: 'ok',
    findings: [],
    readings: { cpuTemperatureCelsius: 41, memoryFreeBytes: 31_000_000_000, nvme0UsedPercent: 2, fan1Rpm: 5400 },
  },
};

export function beat(link: Link): void {
  link.send(heartbeat);
}

/** Opens a link; resolves when the controller has taken what it brings. */
export function openLink(options: LinkOptions): Promise<Link> {
  const { machine, enrolled, isReporting } = options;
  const socket = new WebSocket(`${options.url.replace('https:', 'wss:')}/agent/v1/link`, {
    ca: enrolled.ca,
    cert: enrolled.cert,
    key: machine.privateKeyPem,
    perMessageDeflate: false,
    maxPayload: frameBytesMax,
  });
  let seq = 0;
  const send = (message: AgentMessage): void => {
    seq += 1;
    socket.send(encodeAgentMessage(seq, message));
  };
  // An agent that has nothing else to say still shows that it lives.
  const alive = setInterval(() => send(heartbeat), defaultHeartbeatMs);
  const decided = Promise.withResolvers<string>();
  const link: Link = {
    send,
    bufferedBytes: () => socket.bufferedAmount,
    flushed: () => pong(socket),
    decided: decided.promise,
    close: () => socket.close(),
  };
  return new Promise((resolve, reject) => {
    const take = (message: ControllerMessage): void => {
      if (message.type === 'welcome' && isReporting) send(health);
      else if (message.type === 'inventory-request' && isReporting) {
        send({ type: 'inventory', body: machine.report });
        // Frames of one session are taken in order, so what acknowledges this one says that the inventory is stored.
        send({
          type: 'command-result',
          body: { commandId: 'bench', outcome: 'succeeded', message: '', durationMs: 0 },
        });
      } else if (message.type === 'result-ack') resolve(link);
      else if (message.type === 'verdict') {
        if (message.body.state === 'SPARE' || message.body.state === 'QUARANTINED') decided.resolve(message.body.state);
        if (!isReporting) resolve(link);
      }
    };
    socket.on('open', () =>
      send({
        type: 'hello',
        body: {
          protocol: protocolVersion,
          agentVersion: '0.1.0',
          assetId: enrolled.assetId,
          bootId: machine.bootId,
          sessionId: 'bench',
          home: 'pious',
          capabilities: [],
          inventoryHash: machine.report.hash,
          verificationEnforced: true,
          commandKeySequence: 0,
          hardware: { serial: machine.serial, uuid: machine.uuid, macs: [...machine.macs], ekSha256s: [] },
        },
      }),
    );
    socket.on('message', (data: Buffer) => {
      const decoded = decodeControllerMessage(data);
      if (decoded.ok) take(decoded.message);
      else reject(new Error(`a frame of the controller: ${decoded.why}`));
    });
    socket.on('error', reject);
    socket.on('close', (code, reason) => {
      clearInterval(alive);
      reject(new Error(`link closed: ${closeNameOf(code) ?? code} ${reason.toString()}`));
    });
  });
}

function pong(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = (code: number, reason: Buffer): void =>
      reject(new Error(`link closed: ${closeNameOf(code) ?? code} ${reason.toString()}`));
    if (socket.readyState !== WebSocket.OPEN) return reject(new Error('the link was closed'));
    socket.once('close', closed);
    socket.once('pong', () => {
      socket.off('close', closed);
      resolve();
    });
    socket.ping();
  });
}

/** Calls `work` for every item, no more than `atOnce` of them at a time. */
export async function each<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      await work(must(items[index], `item ${index}`), index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
