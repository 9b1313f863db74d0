// A simulated machine: the real agent with a real journal, real TLS and real files, on a machine whose disk is a file and
// whose kexec starts the production home of the same agent.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { configFromCmdline, readConfig, type AgentConfig } from '../../agent/config.ts';
import { inventoryReport } from '../../agent/collect/inventory.ts';
import type { OpenTpm } from '../../agent/tpm/device.ts';
import type { Platform } from '../../agent/handlers/platform.ts';
import { runAgent } from '../../agent/link/run-agent.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { evidenceOf } from '../fixtures/evidence-of.ts';
import { bareCpu, bareDisk, bareInventory, bareNic } from '../fixtures/parts.ts';
import type { MachineClassSpec } from '../../shared/inspection/machine-class.ts';
import type { HealthReport } from '../../shared/protocol/messages.ts';
import type { Region } from './region.ts';

const gib = 1024 ** 3;
const diskBytes = 8 * 1024 * 1024;

export const machineSpec: MachineClassSpec = {
  cpus: [{ count: 1, cores: 2 }],
  memory: [{ count: 2, sizeBytes: gib }],
  disks: [{ count: 1, transport: 'nvme', sizeBytes: diskBytes }],
  nics: [{ count: 1, linksUp: 1 }],
};

export type Machine = AsyncDisposable & {
  readonly serial: string;
  readonly mac: string;
  readonly diskPath: string;
  /** Changed before a boot, it is what that boot reports. */
  inventory: Inventory;
  health: HealthReport;
  /** What the production system does when it is started; `dead` never phones home. */
  production: 'healthy' | 'dead';
  /** Hooks into the moments at which things break. */
  onKexec: () => void | Promise<void>;
  onMount: () => void | Promise<void>;
  readonly log: string[];
  /** Opens the TPM that is fitted now; without one unless a test fits one. */
  tpm: () => Promise<OpenTpm | undefined>;
  /** Where the agent of PIOUS keeps its state, and that of the production system on the disk. */
  readonly stateDirs: { readonly pious: string; readonly production: string };
  /** Runs an agent as a production system would that has this disk's files. */
  readonly runProduction: () => Promise<void>;
  /** Powers on: asks for the boot script by its MAC and runs PIOUS. Answers when the agent runs. */
  readonly boot: () => Promise<void>;
  /** The agent's process dies and starts again in the same boot, with the same /run. */
  readonly restartAgent: () => Promise<void>;
  readonly powerOff: () => Promise<void>;
  /** Uncorrected errors that its DIMM A1 has counted since it was powered on, as the kernel shows them. */
  readonly memoryErrors: (count: number) => void;
  readonly token: () => string;
};

let nextMac = 1;

export function createMachine(region: Region, serial: string): Machine {
  const dir = mkdtempSync(join(tmpdir(), 'ppec-machine-'));
  const mac = `52:54:00:bb:00:${(nextMac++).toString(16).padStart(2, '0')}`;
  const diskPath = join(dir, 'disk');
  writeFileSync(diskPath, '');
  truncateSync(diskPath, diskBytes);
  // What a burn-in looks at: the disk by its kernel name, the memory that is there, the errors of one DIMM.
  mkdirSync(join(dir, 'dev'));
  symlinkSync(diskPath, join(dir, 'dev/nvme0n1'));
  mkdirSync(join(dir, 'proc'));
  writeFileSync(join(dir, 'proc/meminfo'), 'MemTotal: 640000 kB\nMemAvailable: 640000 kB\n');
  const dimm = join(dir, 'sys/devices/system/edac/mc/mc0/dimm0');
  mkdirSync(dimm, { recursive: true });
  for (const [name, text] of [
    ['dimm_ce_count', '0'],
    ['dimm_ue_count', '0'],
    ['dimm_label', 'A1'],
  ] as const) {
    writeFileSync(join(dimm, name), `${text}\n`);
  }
  let stop = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let bootId = '';
  let config: AgentConfig | undefined;

  const run = (home: AgentConfig): void => {
    const life = new AbortController();
    stop = life;
    running = runAgent(
      {
        config: home,
        clock: systemClock,
        bootId,
        platform: platformOf(machine, dir, production),
        collect: () => Promise.resolve(inventoryReport(evidenceOf(machine.inventory))),
        health: () => Promise.resolve(machine.health),
        onStatus: () => undefined,
        log: (text) => void machine.log.push(text),
        tpm: () => machine.tpm(),
        reconnect: { baseMs: 50, capMs: 500 },
      },
      life.signal,
    );
    running.catch((error: unknown) => machine.log.push(`agent ended: ${String(error)}`));
  };
  const end = async (): Promise<void> => {
    stop.abort();
    await running.catch(() => undefined);
  };
  /** What the new kernel does: PIOUS is gone, the system on the disk starts with what the seed gave it. */
  const production = async (): Promise<void> => {
    stop.abort();
    await machine.onKexec();
    if (machine.production === 'dead') return;
    bootId = randomUUID();
    const root = join(dir, 'production');
    const seed = readFileSync(join(dir, 'partition/var/lib/cloud/seed/nocloud/user-data'), 'utf8');
    const user: unknown = JSON.parse(seed.replace('#cloud-config\n', ''));
    mkdirSync(join(root, 'etc/ppec'), { recursive: true });
    writeFileSync(join(root, 'etc/ppec/agent.json'), agentFileOf(user));
    run(await readConfig(root));
  };
  const machine: Machine = {
    serial,
    mac,
    diskPath,
    inventory: inventoryOf(serial, mac),
    health: healthy,
    production: 'healthy',
    onKexec: () => undefined,
    onMount: () => undefined,
    log: [],
    tpm: () => Promise.resolve(undefined),
    stateDirs: { pious: join(dir, 'run/ppec'), production: join(dir, 'production/var/lib/ppec') },
    runProduction: async () => {
      await end();
      bootId = randomUUID();
      run(await readConfig(join(dir, 'production')));
    },
    token: () => config?.token ?? '',
    boot: async () => {
      await end();
      rmSync(join(dir, 'run'), { recursive: true, force: true });
      const response = await fetch(`${region.bootUrl}/boot/script?mac=${mac}&uuid=&serial=${serial}`);
      const kernelLine = /^kernel \S+ (.*)$/m.exec(await response.text())?.[1];
      if (kernelLine === undefined) throw new Error(`${serial} was given no PIOUS`);
      bootId = randomUUID();
      config = configFromCmdline(kernelLine, dir);
      run(config);
    },
    restartAgent: async () => {
      await end();
      if (config !== undefined) run(config);
    },
    powerOff: end,
    memoryErrors: (count) => writeFileSync(join(dimm, 'dimm_ue_count'), `${count}\n`),
    [Symbol.asyncDispose]: async () => {
      await end();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return machine;
}

function platformOf(machine: Machine, dir: string, production: () => Promise<void>): Platform {
  return {
    findDisk: (serial) =>
      Promise.resolve(
        serial === machine.inventory.disks[0]?.serial ? { path: machine.diskPath, sizeBytes: diskBytes } : undefined,
      ),
    withPartition: async (_disk, _partition, use) => {
      const root = join(dir, 'partition');
      mkdirSync(join(root, 'boot'), { recursive: true });
      writeFileSync(join(root, 'boot/vmlinuz'), 'kernel');
      writeFileSync(join(root, 'boot/initrd.img'), 'initrd');
      await machine.onMount();
      return use(root);
    },
    loadKernel: () => Promise.resolve(),
    startKernel: async () => {
      // The old system never runs on after this; what it would have done next does not happen.
      void production();
      await new Promise(() => undefined);
    },
  };
}

function agentFileOf(user: unknown): string {
  const files: unknown = typeof user === 'object' && user !== null ? Reflect.get(user, 'write_files') : undefined;
  const first: unknown = Array.isArray(files) ? files[0] : undefined;
  const content: unknown = typeof first === 'object' && first !== null ? Reflect.get(first, 'content') : undefined;
  if (typeof content !== 'string') throw new Error('the seed has no agent file');
  return content;
}

export const healthy: HealthReport = { state: 'ok', findings: [], readings: {} };

export function inventoryOf(serial: string, mac: string): Inventory {
  const dimm = (slot: string, handle: number): Inventory['dimms'][number] => ({
    handle, slot, bank: null, populated: true, sizeBytes: gib, type: 'DDR5', ratedMts: 4800, configuredMts: 4800,
    manufacturer: null, serial: null, part: null, rank: null, ecc: true,
  }); // prettier-ignore
  return {
    ...bareInventory,
    identity: {
      manufacturer: 'Test', product: 'Machine', sku: null, serial, uuid: null, boardSerial: null, chassisSerial: null, assetTag: null,
    },
    firmware: { biosVendor: null, biosVersion: '1', biosDate: null, bootMode: 'bios', secureBoot: null, microcode: null },
    cpus: [{ ...bareCpu, model: 'X', cores: 2, enabledCores: 2, threads: 2 }],
    dimms: [dimm('A1', 1), dimm('A2', 2)],
    memoryTotalBytes: 2 * gib - 100_000_000,
    disks: [{
      ...bareDisk, name: 'nvme0n1', transport: 'nvme', model: 'M', serial: `DISK-${serial}`,
      sizeBytes: diskBytes, logicalBlockBytes: 512, rotational: false,
    }],
    nics: [{ ...bareNic, name: 'eth0', mac, linkUp: true, speedMbps: 1000 }],
  }; // prettier-ignore
}
