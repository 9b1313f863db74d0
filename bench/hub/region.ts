// The controller under load: the bundled program with its configuration's defaults, in a folder that is removed after.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { stringify } from 'yaml';

import { createClient, type Client } from '../../client/sdk/client.ts';
import { openTransport } from '../../client/sdk/transport.ts';
import { machineClass, orderDocument } from './machine.ts';

const program = join(import.meta.dirname, '../../dist/controller.cjs');
/** Starts a program that ends with the bench, however that ends. */
const endWithOwner = ['setpriv', '--pdeathsig', 'TERM', '--'] as const;
const startTimeoutMs = 30_000;
const pollMs = 50;

export type Region = {
  readonly pid: number;
  readonly bootUrl: string;
  readonly agentUrl: string;
  /** Heartbeats taken since its start. */
  readonly heartbeats: () => Promise<number>;
  readonly stop: () => Promise<void>;
};

/** A folder with a configuration, ready to be started from. */
export async function createRegion(folder: string): Promise<string> {
  const [api, agents, boot] = await freePorts(3);
  const path = join(folder, 'controller.yaml');
  writeFileSync(
    path,
    stringify({
      region: 'bench-1',
      dataDirectory: 'data',
      publicHost: 'localhost',
      apiSocket: 'api.sock',
      piousDirectory: 'pious',
      burnIn: { profile: 'none' },
      // All machines of a bench have one address.
      admission: {
        agentConnectionsPerAddress: 50_000,
        agentHandshakesPerAddressPerSecond: 50_000,
        agentHandshakesPerSecond: 50_000,
        bootConnectionsPerAddress: 4096,
        bootScriptsPerAddressPerMinute: 1_000_000,
        bootTokensPerAddress: 20_000,
      },
      api: { host: '127.0.0.1', port: api },
      agents: { host: '127.0.0.1', port: agents },
      boot: { host: '127.0.0.1', port: boot },
    }),
  );
  return path;
}

export async function startController(configPath: string, execArgv: readonly string[]): Promise<Region> {
  const folder = join(configPath, '..');
  const config = readFileSync(configPath, 'utf8');
  const portOf = (name: string): string => new RegExp(`${name}:\\s+host: \\S+\\s+port: (\\d+)`).exec(config)?.[1] ?? '';
  const child = spawnLogged([...execArgv, program, '--config', configPath, 'run'], logPath(folder));
  if (child.pid === undefined) throw new Error('the controller cannot be started');
  await until(() => answer(folder, '/readyz'), child, folder);
  return {
    pid: child.pid,
    bootUrl: `http://localhost:${portOf('boot')}`,
    agentUrl: `https://localhost:${portOf('agents')}`,
    heartbeats: async () =>
      Number(/^ppec_heartbeats_total (\d+)/m.exec(await answer(folder, '/metrics'))?.[1] ?? Number.NaN),
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

export function logPath(folder: string): string {
  return join(folder, 'controller.log');
}

/** A class, a network with room, and the order that `machines` were were bought on. */
export async function prepareOrder(configPath: string, machines: number): Promise<void> {
  const args = [program, '--config', configPath, 'person', 'add', 'bench', '--role', 'admin'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const [id = '', secret = ''] = stdout.trim().split(':');
  using client: Client = createClient({ url: socketUrl(join(configPath, '..')), credential: { id, secret } });
  await client.call('class.create', machineClass);
  await client.call('network.create', {
    name: 'production',
    kind: 'production',
    cidr: '10.64.0.0/14',
    gateway: '10.64.0.1',
  });
  await client.call('po.import', { fileName: 'order.json', text: orderDocument(machines) });
}

function socketUrl(folder: string): string {
  return `unix:${join(folder, 'api.sock')}`;
}

async function answer(folder: string, path: string): Promise<string> {
  const transport = openTransport({ url: socketUrl(folder), answerBytesMax: 10_000_000 });
  try {
    const request = { method: 'GET', path, headers: {}, body: undefined, timeoutMs: 5000, signal: undefined };
    const { status, body } = await transport.send(request);
    if (status !== 200) throw new Error(`${path} answered ${status}`);
    return new TextDecoder().decode(body);
  } finally {
    transport.close();
  }
}

async function until(ready: () => Promise<unknown>, child: ChildProcess, folder: string): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs;
  for (;;) {
    const isReady = await ready().then(
      () => true,
      () => false,
    );
    if (isReady) return;
    if (child.exitCode !== null || performance.now() > deadlineMs) {
      child.kill('SIGTERM');
      throw new Error(`the controller did not start:\n${readFileSync(logPath(folder), 'utf8').slice(-2000)}`);
    }
    await delay(pollMs);
  }
}

function spawnLogged(args: readonly string[], path: string): ChildProcess {
  const log = openSync(path, 'a');
  try {
    const [command, ...words] = endWithOwner;
    return spawn(command, [...words, process.execPath, ...args], { stdio: ['ignore', log, log] });
  } finally {
    closeSync(log);
  }
}

/** Ports that were free a moment ago: the controller writes its addresses down before it listens. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  return servers.map((server) => {
    const address = server.address();
    server.close();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
}
