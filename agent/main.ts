// ppec-agent: one program, two homes. The composition root of the agent.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { systemClock } from '../shared/clock.ts';
import { messageOf } from '../shared/errors.ts';
import type { Inventory } from '../shared/hardware/inventory.ts';
import { probeTarget } from './burn-in/probe-target.ts';
import { collectInventory } from './collect/inventory.ts';
import { agentVersion, hostRoot, readConfig } from './config.ts';
import { diag } from './diag/diag.ts';
import { addressesOfHost, renderScreen } from './diag/screen.ts';
import { hostPlatform } from './handlers/host-platform.ts';
import { checkHealth } from './health/checks.ts';
import { runAgent } from './link/run-agent.ts';
import type { AgentStatus } from './link/status.ts';
import { healthVerb } from './local/health-verb.ts';
import { inventoryVerb } from './local/inventory-verb.ts';
import { openTpm, tpmVersion } from './tpm/device.ts';
import { applySeed } from './seed/apply-seed.ts';

const usage = `usage: ppec-agent VERB

  run                          enrol, report and carry out the controller's commands (the service)
  inventory [--evidence DIR] [--class FILE] [-o json|table]
                               facts of this host, or of a folder of raw evidence; with a class, how they compare
  health [--evidence DIR] [-o json|table]
                               the checks of this host, or of a folder of raw evidence
  diag                         what am I, what is wrong with me, can I reach the controller
  burnin [--profile P] [--time-scale X] [--tools FILE]
                               the hardware under load: intake (minutes), standard (1½ hours) or soak (a day)
  apply-seed                   first boot of a production system: hostname, network, keys
  version
`;

const print = (text: string): void => void process.stdout.write(text);
const log = (text: string): void => void process.stderr.write(`ppec-agent: ${text}\n`);

/** Of a verb that was not understood: why, and how it is used. */
const warn = (text: string): void => {
  log(text);
  process.stderr.write(usage);
};

const [verb, ...rest] = process.argv.slice(2);
main(verb ?? '--help', rest).then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    log(messageOf(error));
    process.exitCode = 1;
  },
);

async function main(name: string, args: readonly string[]): Promise<number> {
  const root = hostRoot();
  switch (name) {
    case 'run':
      await run(root);
      return 0;
    case 'inventory':
      return inventoryVerb(root, args, { print, warn });
    case 'health':
      return healthVerb(root, args, { print, warn });
    case 'diag':
      print(await diag(root));
      return 0;
    case 'burnin': {
      // Not in the memory of the service.
      const { burnin } = await import('./burn-in/burnin-verb.ts');
      const controller = await readConfig(root).then(probeTarget, () => undefined);
      const inventory = async (): Promise<Inventory> => (await collectInventory({ root })).inventory;
      return burnin(root, args, { isTerminal: process.stdout.isTTY, print, warn, controller, inventory });
    }
    case 'apply-seed':
      await applySeed(root);
      return 0;
    case 'version':
      print(`ppec-agent ${agentVersion}\n`);
      return 0;
    case '--help':
      return showUsage(0);
    default:
      return showUsage(2);
  }
}

function showUsage(status: number): number {
  process.stderr.write(usage);
  return status;
}

async function run(root: string): Promise<void> {
  const config = await readConfig(root);
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  process.once('SIGINT', () => stop.abort());
  const bootId = (await readFile(join(root, 'proc/sys/kernel/random/boot_id'), 'utf8')).trim();
  let first: Awaited<ReturnType<typeof collectInventory>> | undefined;
  const collect = async (): ReturnType<typeof collectInventory> => (first = await collectInventory({ root }));
  let shown = '';
  const onStatus = (status: AgentStatus): void => {
    if (config.home !== 'pious' || first === undefined) return;
    const screen = renderScreen({
      home: config.home,
      inventory: first.inventory,
      status,
      controllerUrl: config.controllerUrl,
      addresses: addressesOfHost(),
    });
    // Only what changed is drawn: a console is often a slow serial line that somebody records.
    if (screen === shown) return;
    shown = screen;
    writeFile(join(root, 'dev/console'), `\n${screen}`).catch(() => undefined);
  };
  await runAgent(
    {
      config,
      clock: systemClock,
      bootId,
      platform: hostPlatform(config.stateDir),
      collect,
      health: (collected, clockAheadMs) => checkHealth({ root, clockAheadMs }, collected),
      onStatus,
      log,
      tpm: async () => ((await tpmVersion(root)) === '2.0' ? openTpm(root) : undefined),
    },
    stop.signal,
  );
}
