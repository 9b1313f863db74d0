// One emulated server of a lab: power, cables, console and screen, as an operator in front of the rack has them.

import { mkdirSync, openSync, closeSync, ftruncateSync, rmSync, writeFileSync } from 'node:fs';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bmcPorts, enterBmcEvent, type BmcEvent } from './bmc.ts';
import type { LabProcess, Namespace } from './namespace.ts';
import { qmp, type QmpCommand } from './qmp.ts';
import {
  bayName,
  nvmeName,
  qemu,
  qemuArguments,
  validateSpec,
  type NvmeSpec,
  type ServerFiles,
  type ServerSpec,
} from './server-spec.ts';
import { memoryStructures } from './smbios.ts';
import { settlesWithin, textOf, waitFor, waitForText } from './wait.ts';

export interface LabServer {
  /** As it was built first. */
  readonly spec: ServerSpec;
  /** The file behind each disk, in the order of the spec. */
  readonly diskPaths: readonly string[];
  powerOn(): Promise<void>;
  /** Pulls the plug. */
  powerOff(): Promise<void>;
  /** Presses the reset button. */
  reset(): Promise<void>;
  /** Plugs or pulls the cable of the NIC with that index; it stays so over power cycles. */
  setLink(nic: number, up: boolean): Promise<void>;
  /** Puts other memory in; the server is off. */
  fitMemory(memory: Memory): void;
  /** Puts in the TPM whose state is in this folder, or none; the server is off. */
  fitTpm(folder: string | undefined): void;
  /**
   * Takes the NVMe disk out of its bay and puts another one in, until the power goes; the server runs, and its system finds
   * the disk in its own time.
   */
  swapDisk(disk: number, other: NvmeSpec): Promise<void>;
  /** What an NVMe disk warns of itself: bits of Critical Warning (NVMe Base 2.0 figure 207), until the power goes. */
  setDiskWarning(disk: number, bits: number): Promise<void>;
  /** Enters an event into the log of its BMC, whether it is on or off. */
  enterEvent(event: BmcEvent): Promise<void>;
  /** The network interface of the lab that the other end of a NIC's cable is. */
  cableOf(nic: number): string;
  isRunning(): boolean;
  /** All the serial port ever said, over all power cycles. */
  consoleText(): string;
  /** `from`: skip that many characters, such as the length of the text before the last reset. */
  waitForConsole(
    pattern: RegExp,
    options: { readonly timeoutMs: number; readonly from?: number },
  ): Promise<RegExpMatchArray>;
  /** Writes the screen as PNG. */
  screenshot(path: string): Promise<void>;
}

/** Where a server lives. */
export interface ServerPlace {
  readonly dir: string;
  /** Its number in the lab, for the names of its network interfaces. */
  readonly index: number;
  readonly namespace: Namespace;
}

type Memory = Pick<ServerSpec, 'memoryMiB' | 'dimms'>;

const powerTimeoutMs = 20_000;
const unplugTimeoutMs = 120_000;
const unplugPollMs = 200;

export function createServer(spec: ServerSpec, place: ServerPlace): LabServer {
  const files = prepareFiles(spec, place);
  let memory: Memory = spec;
  let tpm: string | undefined;
  const links = spec.nics.map(({ link }) => link !== 'down');
  const log = join(place.dir, 'log', `qemu-${spec.serial}.log`);
  let machine: LabProcess | undefined;

  const askFor = (...commands: QmpCommand[]): Promise<unknown> => {
    if (machine === undefined) throw new Error(`server ${spec.name} is off`);
    return qmp(files.qmpSocket, commands);
  };
  const ask = async (...commands: QmpCommand[]): Promise<void> => void (await askFor(...commands));
  const linkCommand = (nic: number): QmpCommand => ({
    execute: 'set_link',
    arguments: { name: `nic${String(nic)}`, up: links[nic] ?? false },
  });

  return {
    spec,
    diskPaths: files.disks,
    async powerOn() {
      if (machine !== undefined) throw new Error(`server ${spec.name} is on already`);
      rmSync(files.qmpSocket, { force: true });
      const smbios = memoryFiles({ ...spec, ...memory }, place);
      const tpmSocket = tpm === undefined ? undefined : await powerTpm(tpm, place);
      const chips = tpmSocket === undefined ? { smbios } : { smbios, tpmSocket };
      const command = [qemu, ...qemuArguments({ ...spec, ...memory }, { ...files, ...chips })];
      const started = place.namespace.start(command, log);
      machine = started;
      const forget = (): void => {
        if (machine === started) machine = undefined;
      };
      void started.exited.then(forget, forget);
      await waitForSocket(files.qmpSocket, { log, isRunning: () => machine === started });
      await ask(...links.map((_up, nic) => linkCommand(nic)), { execute: 'cont' });
    },
    async powerOff() {
      const running = machine;
      if (running === undefined) return;
      await ask({ execute: 'quit' }).catch(() => undefined);
      if (!(await settlesWithin(running.exited, powerTimeoutMs))) await running.stop();
    },
    reset: () => ask({ execute: 'system_reset' }),
    async setLink(nic, up) {
      if (links[nic] === undefined) throw new RangeError(`server ${spec.name} has no NIC ${String(nic)}`);
      links[nic] = up;
      if (machine !== undefined) await ask(linkCommand(nic));
    },
    fitMemory(fitted) {
      if (machine !== undefined) throw new Error(`server ${spec.name} is on: memory is changed with the power off`);
      memory = fitted;
    },
    fitTpm(folder) {
      if (machine !== undefined) throw new Error(`server ${spec.name} is on: a TPM is changed with the power off`);
      tpm = folder;
    },
    async swapDisk(disk, other) {
      const path = diskFile(place.dir, spec.serial, other.serial);
      if (!existsSync(path)) createSparseFile(path, other.sizeBytes);
      await ask({ execute: 'device_del', arguments: { id: nvmeName(disk) } });
      await untilGone(nvmeName(disk), askFor);
      const node = `disk-${other.serial}`;
      const device = { driver: 'nvme', id: nvmeName(disk), bus: bayName(disk), drive: node, serial: other.serial };
      await ask(
        {
          execute: 'blockdev-add',
          arguments: { driver: 'raw', 'node-name': node, file: { driver: 'file', filename: path } },
        },
        { execute: 'device_add', arguments: device },
      );
    },
    setDiskWarning: (disk, bits) =>
      ask({
        execute: 'qom-set',
        arguments: { path: `/machine/peripheral/${nvmeName(disk)}`, property: 'smart_critical_warning', value: bits },
      }),
    enterEvent: (event) => enterBmcEvent(place.namespace, bmcPorts(place.index), event),
    cableOf: (nic) => tapName(place.index, nic),
    isRunning: () => machine !== undefined,
    consoleText: () => textOf(files.console),
    waitForConsole: (pattern, options) => waitForText(files.console, pattern, options),
    screenshot: (path) => ask({ execute: 'screendump', arguments: { filename: path, format: 'png' } }),
  };
}

/** The script that adds the server's cables to the bridge. */
export function cableScript(spec: ServerSpec, index: number): string {
  return spec.nics
    .map((_nic, nic) => tapName(index, nic))
    .map((tap) => `ip tuntap add dev ${tap} mode tap && ip link set dev ${tap} master br0 up`)
    .join(' && ');
}

/** The chip gets its power with the server, and ends with it. */
async function powerTpm(folder: string, { namespace, dir }: ServerPlace): Promise<string> {
  const socket = join(folder, 'ctrl.sock');
  const log = join(dir, 'log', 'swtpm.log');
  rmSync(socket, { force: true });
  const command = ['swtpm', 'socket', '--tpm2', '--tpmstate', `dir=${join(folder, 'state')}`, '--terminate'] as const;
  const started = namespace.start([...command, '--ctrl', `type=unixio,path=${socket}`], log);
  let isRunning = true;
  const forget = (): void => void (isRunning = false);
  void started.exited.then(forget, forget);
  await waitForSocket(socket, { log, isRunning: () => isRunning });
  return socket;
}

function tapName(server: number, nic: number): string {
  return `tap${String(server)}n${String(nic)}`;
}

/** Disks keep what is on them when the folder is used again. */
function prepareFiles(spec: ServerSpec, place: ServerPlace): ServerFiles {
  const inDir = (folder: string, name: string): string => join(place.dir, folder, name);
  const qmpSocket = inDir('qmp', `${spec.serial}.sock`);
  validateSpec(spec, qmpSocket);
  for (const folder of ['console', 'qmp', 'disk', 'smbios', 'log'])
    mkdirSync(join(place.dir, folder), { recursive: true });
  const disks = spec.disks.map((disk) => {
    const path = diskFile(place.dir, spec.serial, disk.serial);
    if (!existsSync(path)) createSparseFile(path, disk.sizeBytes);
    return path;
  });
  const taps = spec.nics.map((_nic, nic) => tapName(place.index, nic));
  const bmc = spec.hasBmc === true ? bmcPorts(place.index) : undefined;
  return { console: inDir('console', `${spec.serial}.log`), qmpSocket, disks, smbios: [], taps, bmc };
}

function diskFile(dir: string, server: string, disk: string): string {
  return join(dir, 'disk', `${server}-${disk}.raw`);
}

/** One file per SMBIOS structure. */
function memoryFiles({ serial, dimms, memoryStructures: given }: ServerSpec, { dir }: ServerPlace): string[] {
  return (given ?? memoryStructures(dimms)).map((bytes, index) => {
    const path = join(dir, 'smbios', `${serial}-${String(index)}.bin`);
    writeFileSync(path, bytes);
    return path;
  });
}

function createSparseFile(path: string, sizeBytes: number): void {
  const file = openSync(path, 'w');
  ftruncateSync(file, sizeBytes);
  closeSync(file);
}

/** A running system lets go of a device in its own time. */
async function untilGone(device: string, askFor: (command: QmpCommand) => Promise<unknown>): Promise<void> {
  const deadlineMs = performance.now() + unplugTimeoutMs;
  for (;;) {
    const devices = await askFor({ execute: 'qom-list', arguments: { path: '/machine/peripheral' } });
    if (!JSON.stringify(devices).includes(`"name":"${device}"`)) return;
    if (performance.now() > deadlineMs) throw new Error(`the system did not let go of ${device}`);
    await delay(unplugPollMs);
  }
}

async function waitForSocket(
  path: string,
  machine: { readonly log: string; readonly isRunning: () => boolean },
): Promise<void> {
  const listening = (): true | undefined => {
    if (!machine.isRunning())
      throw new Error(`the program behind ${path} ended at once:\n${textOf(machine.log).slice(-2000)}`);
    return existsSync(path) ? true : undefined;
  };
  await waitFor(listening, { timeoutMs: powerTimeoutMs, what: () => `the socket ${path}` });
}
