// How many connections each listener takes, of everybody and of one address. What is too much is closed before it costs
// anything: for TLS, before the handshake.
import type { Server } from 'node:net';

import type { Clock } from '../../shared/clock.ts';
import type { Config } from '../config.ts';
import {
  agentConnectionsMax,
  apiConnectionsMax,
  apiHandshakesPerAddressPerSecondMax,
  apiHandshakesPerSecondMax,
  bootConnectionsMax,
} from '../limits.ts';
import { guardConnections, type GateLimits, type GateReason } from './connection-gate.ts';

type Listeners = { readonly api: Server; readonly agents: Server; readonly boot: Server };
type Admission = Config['admission'] & {
  readonly clock: Clock;
  readonly refused: (listener: keyof Listeners, reason: GateReason) => void;
};

export function admit(listeners: Listeners, admission: Admission): void {
  const guard = (listener: keyof Listeners, limits: GateLimits): void =>
    guardConnections(listeners[listener], limits, {
      clock: admission.clock,
      refused: (reason) => admission.refused(listener, reason),
    });
  guard('api', {
    connectionsMax: apiConnectionsMax,
    connectionsPerAddressMax: admission.apiConnectionsPerAddress,
    perSecondMax: apiHandshakesPerSecondMax,
    perAddressPerSecondMax: apiHandshakesPerAddressPerSecondMax,
  });
  guard('agents', {
    connectionsMax: agentConnectionsMax,
    connectionsPerAddressMax: admission.agentConnectionsPerAddress,
    perSecondMax: admission.agentHandshakesPerSecond,
    perAddressPerSecondMax: admission.agentHandshakesPerAddressPerSecond,
  });
  // A connection here is cheap: only how many are open matters.
  guard('boot', {
    connectionsMax: bootConnectionsMax,
    connectionsPerAddressMax: admission.bootConnectionsPerAddress,
    perSecondMax: bootConnectionsMax,
    perAddressPerSecondMax: bootConnectionsMax,
  });
}
