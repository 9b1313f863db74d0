// `ppec-agent diag`: what am I, what is wrong with me, can I reach the controller, what was I last told. Works with no
// controller at all, and changes nothing.
import { connect } from 'node:net';

import { messageOf } from '../../shared/errors.ts';
import { loadHeads, headsText } from '../audit-heads.ts';
import { checkHealth } from '../health/checks.ts';
import { collectInventory } from '../collect/inventory.ts';
import { readConfig, type AgentConfig } from '../config.ts';
import { formatBinaryBytes, formatDecimalBytes } from '../../shared/units.ts';
import { loadStatus, initialStatus } from '../link/status.ts';
import { addressesOfHost, renderScreen } from './screen.ts';

const reachTimeoutMs = 3000;

export async function diag(root: string): Promise<string> {
  const collected = await collectInventory({ root });
  const { inventory } = collected;
  const config = await readConfig(root).catch((error: unknown) => messageOf(error));
  const isConfigured = typeof config !== 'string';
  const status = isConfigured ? await loadStatus(config.stateDir) : initialStatus;
  const health = await checkHealth({ root, ...(isConfigured ? { home: config.home } : {}) }, collected);
  const memory = inventory.dimms.filter((dimm) => dimm.populated);
  const lines = [
    renderScreen({
      home: isConfigured ? config.home : 'unconfigured',
      inventory,
      status,
      controllerUrl: isConfigured ? config.controllerUrl : config,
      addresses: addressesOfHost(),
    }).trimEnd(),
    `reach       ${isConfigured ? await reach(config) : 'not tried: no controller is configured'}`,
    ...headsText(isConfigured ? await loadHeads(config.stateDir) : undefined),
    `machine     ${inventory.identity.manufacturer ?? 'manufacturer not reported'} ${inventory.identity.product ?? 'product not reported'}`,
    `processor   ${
      inventory.cpus
        .filter((cpu) => cpu.populated)
        .map((cpu) => `${cpu.socket}: ${cpu.model ?? 'model not reported'}`)
        .join('; ') || 'not reported'
    }`,
    `memory      ${memory.length} of ${inventory.dimms.length} slots: ${memory.map((dimm) => `${dimm.slot} ${dimm.sizeBytes === null ? '?' : formatBinaryBytes(dimm.sizeBytes)}`).join(', ') || 'not reported'}`,
    ...inventory.disks.map(
      (disk) =>
        `disk        ${disk.name} ${disk.transport} ${disk.sizeBytes === null ? '?' : formatDecimalBytes(disk.sizeBytes)} serial ${disk.serial ?? 'not reported'}`,
    ),
    `health      ${health.state}`,
    ...health.findings.map(
      (finding) =>
        `            ${finding.state === 'failed' ? '✗' : finding.state === 'ok' ? '·' : '!'} ${finding.message}`,
    ),
    ...inventory.unread.map((item) => `unread      ${item.source}: ${item.reason}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Whether a TCP connection to the controller opens. */
function reach(config: AgentConfig): Promise<string> {
  const { hostname, port } = new URL(config.controllerUrl);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port || 443), timeout: reachTimeoutMs });
    const done = (text: string): void => {
      socket.destroy();
      resolve(text);
    };
    socket.once('connect', () => done('the controller answers'));
    socket.once('timeout', () =>
      done(`✗ no answer within ${reachTimeoutMs / 1000} s: is the network port in the right VLAN?`),
    );
    socket.once('error', (error) => done(`✗ ${error.message}`));
  });
}
