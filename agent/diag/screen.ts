// The status screen of the machine's console: who am I, network, controller, verdict. Pure text from plain data.
import { networkInterfaces } from 'node:os';

import type { Inventory } from '../../shared/hardware/inventory.ts';
import type { AgentStatus } from '../link/status.ts';
import { agentVersion } from '../config.ts';

export type ScreenFacts = {
  readonly home: string;
  readonly inventory: Inventory;
  readonly status: AgentStatus;
  readonly controllerUrl: string;
  /** Interface → addresses, as `os.networkInterfaces` gives them. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
};

export function addressesOfHost(): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(networkInterfaces()).map(([name, list]) => [
      name,
      (list ?? [])
        .filter((entry) => !entry.internal && !entry.address.startsWith('fe80'))
        .map((entry) => entry.cidr ?? entry.address),
    ]),
  );
}

export function renderScreen(facts: ScreenFacts): string {
  const { inventory, status } = facts;
  const who = [status.name, inventory.identity.serial ?? 'serial not reported', status.place].filter(
    (part) => part !== '',
  );
  const lines = [
    `${facts.home === 'pious' ? 'PIOUS' : 'PPEC agent'} ${agentVersion}  ${who.join(' · ')}`,
    ...row(
      'network',
      inventory.nics.length === 0
        ? ['no port found ← driver missing?']
        : inventory.nics.map((nic) => portText(nic, facts.addresses)),
    ),
    ...row('controller', [`${facts.controllerUrl}  ${status.link}`]),
    ...row('verdict', verdictText(status)),
    ...row('last told', [status.lastTold === '' ? 'nothing yet' : status.lastTold]),
  ];
  return `${lines.join('\n')}\n`;
}

function portText(nic: Inventory['nics'][number], addresses: ScreenFacts['addresses']): string {
  const address = addresses[nic.name]?.join(' ') ?? '';
  const link = nic.linkUp === true ? '' : nic.linkUp === false ? '  no carrier ← cable?' : '  link not known';
  return `${nic.name} ${nic.mac} ${address === '' ? 'no address' : address}${link}`;
}

function verdictText(status: AgentStatus): string[] {
  if (status.state === '') return ['not known yet'];
  const count = status.findings.length;
  const head = count === 0 ? status.state : `${status.state}  ${count} finding${count === 1 ? '' : 's'}`;
  return [head, ...status.findings.map((finding) => `✗ ${finding}`)];
}

function row(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `${(index === 0 ? label : '').padEnd(12)}${line}`);
}
