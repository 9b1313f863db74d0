// One emulated server of a lab: power, cables, console and screen, as an operator in front of the rack has them.

import { mkdirSync, openSync, closeSync, ftruncateSync, rmSync, writeFileSync } from 'node:fs';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LabProcess, Namespace } from './namespace.ts';
import { qmp, type QmpCommand } from './qmp.ts';
import { qemu, qemuArguments, validateSpec, type ServerFiles, type ServerSpec } from './server-spec.ts';
import { memoryStructures } from './smbios.ts';
import { settlesWithin, textOf, waitFor, waitForText } from './wait.ts';

export interface LabServer {
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

const powerTimeoutMs = 20_000;

export function createServer(spec: ServerSpec, place: ServerPlace): LabServer {
  const files = prepareFiles(spec, place);
  const links = spec.nics.map(({ link }) => link !== 'down');
  const log = join(place.dir, 'log', `qemu-${spec.serial}.log`);
  let machine: LabProcess | undefined;

  const ask = async (...commands: QmpCommand[]): Promise<void> => {
    if (machine === undefined) throw new Error(`server ${spec.name} is off`);
    await qmp(files.qmpSocket, commands);
  };
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
      const started = place.namespace.start([qemu, ...qemuArguments(spec, files)], log);
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
  const smbios = memoryStructures(spec.dimms).map((bytes, index) => {
    const path = inDir('smbios', `${spec.serial}-${String(index)}.bin`);
    writeFileSync(path, bytes);
    return path;
  });
  const disks = spec.disks.map((disk, index) => {
    const path = inDir('disk', `${spec.serial}-${String(index)}.raw`);
    if (!existsSync(path)) createSparseFile(path, disk.sizeBytes);
    return path;
  });
  const taps = spec.nics.map((_nic, nic) => tapName(place.index, nic));
  return { console: inDir('console', `${spec.serial}.log`), qmpSocket, disks, smbios, taps };
}

function createSparseFile(path: string, sizeBytes: number): void {
  const file = openSync(path, 'w');
  ftruncateSync(file, sizeBytes);
  closeSync(file);
}

async function waitForSocket(
  path: string,
  machine: { readonly log: string; readonly isRunning: () => boolean },
): Promise<void> {
  const listening = (): true | undefined => {
    if (!machine.isRunning()) throw new Error(`QEMU ended at once:\n${textOf(machine.log).slice(-2000)}`);
    return existsSync(path) ? true : undefined;
  };
  await waitFor(listening, { timeoutMs: powerTimeoutMs, what: () => `the socket ${path}` });
}
