// A lab: a private network with DHCP, and emulated servers on it, all of which end with the process that owns it.

import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createConnection, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { renderDnsmasqConfig } from '../../controller/boot/dnsmasq.ts';
import { systemClock } from '../../shared/clock.ts';
import { bmcCommand, bmcPorts, setBmcClock, waitForBmc } from './bmc.ts';
import { lockFolder } from './lock.ts';
import { Namespace, type LabProcess, type RunResult } from './namespace.ts';
import { missingPackages } from './requirements.ts';
import type { ServerSpec } from './server-spec.ts';
import { cableScript, createServer, type LabServer } from './server.ts';
import { settlesWithin, textOf, waitFor } from './wait.ts';

export interface LabOptions {
  /** Where disks, consoles and logs go; created if absent. */
  readonly dir: string;
  /** The folder with undionly.kpxe and ipxe.efi, for firmware that is not iPXE. */
  readonly tftpRoot?: string;
}

export interface SpawnOptions {
  /** Added to the environment of the owner. */
  readonly env?: Readonly<Record<string, string>>;
  /** Instead of `<dir>/log/<name>.log`. */
  readonly logPath?: string;
}

export interface Lab extends AsyncDisposable {
  readonly dir: string;
  /** The network namespace, as in `net:[4026532000]`. */
  readonly namespaceId: string;
  /** Runs a command inside to its end. */
  run(command: string, args: readonly string[], options: { readonly timeoutMs: number }): Promise<RunResult>;
  /** Starts a long-running command inside. */
  spawn(name: string, command: readonly [string, ...string[]], options?: SpawnOptions): LabProcess;
  /** Builds a server; it is off. */
  server(spec: ServerSpec): LabServer;
  /** Makes a Unix socket reachable as a TCP port of 127.0.0.1 outside; port 0 takes a free one. Returns the port. */
  forward(target: { readonly listenPort: number; readonly unixPath: string }): Promise<number>;
}

const setupTimeoutMs = 15_000;
const closeTimeoutMs = 3_000;

const networkScript = [
  'ip link set dev lo up',
  // A fixed address: the bridge would otherwise take over the lowest one of its ports.
  'ip link add name br0 address 02:50:50:45:43:01 type bridge stp_state 0 forward_delay 0',
  'ip address add 10.99.0.1/24 dev br0',
  'ip address add 10.20.0.1/24 dev br0',
  'ip link set dev br0 up',
].join(' && ');

export async function startLab(options: LabOptions): Promise<Lab> {
  const missing = missingPackages();
  if (missing.length > 0) throw new Error(`a lab needs these Debian packages: ${missing.join(' ')}`);
  const dir = resolve(options.dir);
  mkdirSync(join(dir, 'log'), { recursive: true });
  const unlock = lockFolder(dir);
  let namespace: Namespace | undefined;
  try {
    namespace = await Namespace.create();
    await setUp(namespace, networkScript);
    await startDhcp(namespace, dir, options.tftpRoot);
    return new RunningLab(dir, namespace, unlock);
  } catch (error) {
    await namespace?.destroy();
    unlock();
    throw error;
  }
}

class RunningLab implements Lab {
  readonly dir: string;
  readonly namespaceId: string;
  readonly #namespace: Namespace;
  readonly #unlock: () => void;
  readonly #processes: LabProcess[] = [];
  readonly #servers: LabServer[] = [];
  readonly #forwards: { readonly server: Server; readonly sockets: Set<Socket> }[] = [];
  #disposed: Promise<void> | undefined;

  constructor(dir: string, namespace: Namespace, unlock: () => void) {
    this.dir = dir;
    this.namespaceId = namespace.id;
    this.#namespace = namespace;
    this.#unlock = unlock;
  }

  run(command: string, args: readonly string[], options: { readonly timeoutMs: number }): Promise<RunResult> {
    return this.#namespace.run(command, args, options);
  }

  spawn(name: string, command: readonly [string, ...string[]], options: SpawnOptions = {}): LabProcess {
    const variables = Object.entries(options.env ?? {}).map(([key, value]) => `${key}=${value}`);
    const full = variables.length === 0 ? command : ['env', ...variables, ...command];
    const started = this.#namespace.start(full, options.logPath ?? join(this.dir, 'log', `${name}.log`));
    this.#processes.push(started);
    return started;
  }

  server(spec: ServerSpec): LabServer {
    const index = this.#servers.length;
    if (this.#servers.some((other) => other.spec.serial === spec.serial)) {
      throw new Error(`the lab has a server ${spec.serial} already`);
    }
    const server = createServer(spec, { dir: this.dir, index, namespace: this.#namespace });
    const cables = cableScript(spec, index);
    let installed: Promise<void> | undefined;
    const powerOn = async (): Promise<void> => {
      await (installed ??= this.#install(spec, { cables, index }));
      await server.powerOn();
    };
    const complete = { ...server, powerOn };
    this.#servers.push(complete);
    return complete;
  }

  /** What a server has before its power is on: cables, and a board controller that lives on standby power. */
  async #install(spec: ServerSpec, place: { readonly cables: string; readonly index: number }): Promise<void> {
    if (place.cables !== '') await setUp(this.#namespace, place.cables);
    if (spec.hasBmc !== true) return;
    const ports = bmcPorts(place.index);
    this.spawn(`bmc-${spec.serial}`, bmcCommand(join(this.dir, 'bmc', spec.serial), ports));
    await waitForBmc(this.#namespace, ports);
    await setBmcClock(this.#namespace, ports, systemClock.nowMs());
  }

  async forward(target: { readonly listenPort: number; readonly unixPath: string }): Promise<number> {
    const sockets = new Set<Socket>();
    // Half-open: one side may end its half and still wait for the answer of the other.
    const server = createTcpServer({ allowHalfOpen: true }, (outside) => {
      pipe(outside, createConnection({ path: target.unixPath, allowHalfOpen: true }), sockets);
    });
    this.#forwards.push({ server, sockets });
    server.listen(target.listenPort, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server without a port');
    return address.port;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    try {
      for (const { server, sockets } of this.#forwards) {
        server.close();
        for (const socket of sockets) socket.destroy();
      }
      const powerOffs = Promise.allSettled(this.#servers.map((server) => server.powerOff()));
      await settlesWithin(powerOffs, closeTimeoutMs);
      await Promise.allSettled(this.#processes.map((started) => started.stop()));
      await this.#namespace.destroy();
    } finally {
      this.#unlock();
    }
  }
}

function pipe(outside: Socket, inside: Socket, sockets: Set<Socket>): void {
  for (const [from, to] of [
    [outside, inside],
    [inside, outside],
  ] as const) {
    sockets.add(from);
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroySoon();
    });
  }
}

async function setUp(namespace: Namespace, script: string): Promise<void> {
  const { status, stderr } = await namespace.run('sh', ['-c', script], { timeoutMs: setupTimeoutMs });
  if (status !== 0) throw new Error(`cannot set up the lab's network: ${stderr}`);
}

async function startDhcp(namespace: Namespace, dir: string, tftpRoot: string | undefined): Promise<void> {
  const config = join(dir, 'dnsmasq.conf');
  const log = join(dir, 'log', 'dnsmasq.log');
  const text = renderDnsmasqConfig({
    interface: 'br0',
    pool: { first: '10.99.0.50', last: '10.99.0.199', netmask: '255.255.255.0' },
    leaseSeconds: 3600,
    ipxeUrl: 'http://10.99.0.1:7480/boot/ipxe',
    leaseFile: join(dir, 'dnsmasq.leases'),
    ...(tftpRoot === undefined ? {} : { tftpRoot: resolve(tftpRoot) }),
    // A process that changes its account loses the death signal, and would outlive the lab.
    user: 'root',
    probeAddresses: false,
  });
  writeFileSync(config, text);
  const command = ['dnsmasq', '--keep-in-foreground', '--pid-file=', `--conf-file=${config}`];
  const dhcp = namespace.start(command, log);
  let ended = false;
  const end = (): boolean => (ended = true);
  void dhcp.exited.then(end, end);
  const dhcpPort = ':0043 ';
  const listening = (): true | undefined => {
    if (ended) throw new Error(`dnsmasq ended at once:\n${textOf(log).slice(-2000)}`);
    return namespace.procNet('udp').includes(dhcpPort) ? true : undefined;
  };
  await waitFor(listening, { timeoutMs: setupTimeoutMs, what: () => 'dnsmasq to listen' });
}
