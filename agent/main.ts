// ppec-agent: one program, two homes. The composition root of the agent.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { systemClock } from '../shared/clock.ts';
import { messageOf } from '../shared/errors.ts';
import { evidenceSources, inventoryFromEvidence } from '../shared/hardware/evidence/inventory-from-evidence.ts';
import { evidenceFromFolder } from './collect/evidence.ts';
import { collectInventory } from './collect/inventory.ts';
import { agentVersion, hostRoot, readConfig } from './config.ts';
import { diag } from './diag/diag.ts';
import { addressesOfHost, renderScreen } from './diag/screen.ts';
import { hostPlatform } from './handlers/host-platform.ts';
import { checkHealth } from './health/checks.ts';
import { runAgent } from './link/run-agent.ts';
import type { AgentStatus } from './link/status.ts';
import { applySeed } from './seed/apply-seed.ts';

const usage = `usage: ppec-agent VERB

  run                          enrol, report and carry out the controller's commands (the service)
  inventory [--evidence DIR]   facts of this host, or of a folder of raw evidence, as JSON
  health                       the checks of this host, as JSON
  diag                         what am I, what is wrong with me, can I reach the controller
  apply-seed                   first boot of a production system: hostname, network, keys
  version
`;

const print = (text: string): void => void process.stdout.write(text);
const log = (text: string): void => void process.stderr.write(`ppec-agent: ${text}\n`);

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
    case 'inventory': {
      const [option, folder] = args;
      // A mistyped option must not show this host in place of the folder.
      if (option !== undefined && (option !== '--evidence' || folder === undefined)) return showUsage(2);
      const inventory =
        folder === undefined
          ? (await collectInventory({ root })).inventory
          : inventoryFromEvidence(await evidenceFromFolder(folder, evidenceSources));
      print(`${JSON.stringify(inventory, undefined, 2)}\n`);
      return 0;
    }
    case 'health': {
      const report = await checkHealth(root, (await collectInventory({ root })).inventory);
      print(`${JSON.stringify(report, undefined, 2)}\n`);
      return report.state === 'failed' ? 1 : 0;
    }
    case 'diag':
      print(await diag(root));
      return 0;
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
      health: (inventory) => checkHealth(root, inventory),
      onStatus,
      log,
    },
    stop.signal,
  );
}
