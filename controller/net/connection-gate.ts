// Admission of connections, before anything is spent on them: what is too much is closed as it is accepted, so that nobody
// makes the controller work on TLS handshakes that it does not want.
import type { Server, Socket } from 'node:net';

import type { Clock } from '../../shared/clock.ts';
import { budgetKeysMax } from '../limits.ts';
import { sourceKey } from '../domain/source-address.ts';
import { createBuckets } from './token-buckets.ts';

export type GateLimits = {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  /** New connections of all addresses; a burst of ten seconds' worth is taken. */
  readonly perSecondMax: number;
  readonly perAddressPerSecondMax: number;
};
export type GateReason = 'connections' | 'address-connections' | 'rate' | 'address-rate';

const burstSeconds = 10;

/** Stands before the listeners that the server has now: they see only connections that were let in. */
export function guardConnections(
  server: Server,
  limits: GateLimits,
  { clock, refused }: { readonly clock: Clock; readonly refused: (reason: GateReason) => void },
): void {
  const rate = (perSecond: number, keysMax: number) =>
    createBuckets({ burst: perSecond * burstSeconds, perSecond, keysMax });
  const all = rate(limits.perSecondMax, 1);
  const byAddress = rate(limits.perAddressPerSecondMax, budgetKeysMax);
  const held = new Map<string, number>();
  let open = 0;
  const problem = (key: string): GateReason | undefined => {
    if (open >= limits.connectionsMax) return 'connections';
    if ((held.get(key) ?? 0) >= limits.connectionsPerAddressMax) return 'address-connections';
    // Whoever is over his own budget takes nothing of everybody's.
    if (byAddress.take(key, clock.nowMs()) > 0) return 'address-rate';
    return all.take('', clock.nowMs()) > 0 ? 'rate' : undefined;
  };
  const taken = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const key = sourceKey(socket.remoteAddress ?? '');
    const reason = problem(key);
    if (reason !== undefined) {
      refused(reason);
      // A reset leaves nothing behind on this side.
      socket.resetAndDestroy();
      return;
    }
    open += 1;
    held.set(key, (held.get(key) ?? 0) + 1);
    socket.once('close', () => {
      open -= 1;
      const left = (held.get(key) ?? 1) - 1;
      if (left === 0) held.delete(key);
      else held.set(key, left);
    });
    for (const listener of taken) Reflect.apply(listener, server, [socket]);
  });
}
