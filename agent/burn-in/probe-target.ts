// Whom the network is tried against: the controller's boot listener, which answers anybody, else its agent listener.
import type { AgentConfig } from '../config.ts';
import type { BurnInMachine } from './machine.ts';

export function probeTarget({
  ca,
  controllerUrl,
}: Pick<AgentConfig, 'ca' | 'controllerUrl'>): BurnInMachine['controller'] {
  const { protocol, hostname, port } = new URL('url' in ca ? ca.url : controllerUrl);
  // An IPv6 address stands in brackets in a URL and without them in a socket.
  const host = hostname.replaceAll(/^\[|\]$/g, '');
  return { host, port: Number(port || (protocol === 'https:' ? 443 : 80)) };
}
