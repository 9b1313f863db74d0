// A region on loopback for integration tests: the real controller in a process of its own, so that it can be killed, its
// people, and a signed image. No emulation and no namespace: what is between controller and agent is real, the machine
// is simulated.
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync, openSync, closeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { zstdCompressSync } from 'node:zlib';
import { stringify } from 'yaml';

import { createClient, type Client } from '../../client/sdk/client.ts';
import type { BurnInProfileName } from '../../shared/burn-in/profiles.ts';
import type { Asset } from '../../shared/api/asset.ts';
import type { OperationInput } from '../../shared/api/operations.ts';

const root = join(import.meta.dirname, '../..');
const program = join(root, 'controller/main.ts');

const roles = {
  ada: ['admin'],
  mia: ['provisioner'],
  cho: ['approver'],
  max: ['provisioner', 'approver'],
  vic: ['viewer'],
} as const;
export type PersonName = keyof typeof roles;

export type TestImage = {
  readonly name: string;
  readonly manifest: string;
  readonly signature: string;
  readonly sha256: string;
  readonly disk: Buffer;
  readonly compressed: Buffer;
};

export type Region = AsyncDisposable & {
  readonly dir: string;
  readonly bootUrl: string;
  readonly agentUrl: string;
  readonly apiUrl: string;
  readonly consoleDir: string;
  readonly client: (person: PersonName) => Client;
  readonly credential: (person: PersonName) => { id: string; secret: string };
  readonly pid: () => number;
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Silence in both directions, without an end of the link; and on again. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  readonly image: TestImage;
  readonly signImage: (manifest: string) => string;
  readonly logText: () => string;
};

export const imageKeyId = 'images-test';
const startTimeoutMs = 60_000;

/** Short times, so that deadlines are reached; every test may change them. */
const timing = {
  heartbeatMs: 1000,
  offlineAfterMs: 3000,
  startGraceMs: 5000,
  stepMs: 20_000,
  writeImageMs: 30_000,
  kexecMs: 20_000,
  phoneHomeMs: 30_000,
};

/** Machines are SPAREs at once; tests of the burn-in ask for one. */
const noBurnIn: ConfiguredBurnIn = { profile: 'none' };
export type ConfiguredBurnIn = { profile: BurnInProfileName | 'none'; timeScale?: number; tools?: string };

/** All machines of a test have one address; tests of the limits ask for those of a real site. */
const oneAddress: Readonly<Record<string, number>> = {
  apiConnectionsPerAddress: 2000,
  agentConnectionsPerAddress: 2000,
  agentHandshakesPerAddressPerSecond: 2000,
  agentHandshakesPerSecond: 2000,
  bootConnectionsPerAddress: 2000,
  bootScriptsPerAddressPerMinute: 20_000,
};

export type Surroundings = {
  readonly admission?: Readonly<Record<string, number>>;
  /** What the controller's heap may grow to: with what it keeps for good it would end. */
  readonly heapMb?: number;
};

export async function startTestRegion(
  changed: Partial<typeof timing & { bootTokenMs: number; agentCertificateMs: number; burnInExtraMs: number }> = {},
  burnIn = noBurnIn,
  { admission = oneAddress, heapMb }: Surroundings = {},
): Promise<Region> {
  const dir = mkdtempSync(join(tmpdir(), 'ppec-region-'));
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(dir, 'images.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  const [api, agents, boot] = await freePorts(3);
  const configPath = join(dir, 'controller.yaml');
  const consoleDir = join(dir, 'console');
  writeFileSync(
    configPath,
    stringify({
      region: 'test-1',
      dataDirectory: 'data',
      publicHost: '127.0.0.1',
      api: { port: api },
      apiSocket: 'api.sock',
      agents: { host: '127.0.0.1', port: agents },
      boot: { host: '127.0.0.1', port: boot },
      piousDirectory: 'pious',
      imageKeys: { [imageKeyId]: 'images.pub' },
      consoleLogDirectory: 'console',
      burnIn,
      admission,
      timing: { ...timing, ...changed },
    }),
  );
  const credentials = new Map<PersonName, { id: string; secret: string }>();
  for (const [name, list] of Object.entries(roles)) {
    if (isPerson(name)) credentials.set(name, await addPerson(configPath, name, list));
  }
  const credential = (person: PersonName): { id: string; secret: string } => {
    const found = credentials.get(person);
    if (found === undefined) throw new Error(`${person} has no credential`);
    return found;
  };
  const client = (person: PersonName): Client =>
    createClient({ url: `unix:${join(dir, 'api.sock')}`, credential: credential(person) });
  const logPath = join(dir, 'controller.log');
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const log = openSync(logPath, 'a');
    const flags = heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`];
    const args = [...flags, program, '--config', configPath, 'run'];
    const started = spawn(process.execPath, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    child = started;
    await waitUntil(
      async () => {
        if (started.exitCode !== null)
          throw new Error(`the controller ended:\n${readFileSync(logPath, 'utf8').slice(-3000)}`);
        await client('ada').call('region.get', {});
        return true;
      },
      { timeoutMs: startTimeoutMs, tolerant: () => started.exitCode === null },
    );
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  await start();
  const signImage = (manifest: string): string => sign(null, Buffer.from(manifest), privateKey).toString('base64');
  return {
    dir,
    bootUrl: `http://127.0.0.1:${boot}`,
    agentUrl: `https://127.0.0.1:${agents}`,
    apiUrl: `https://127.0.0.1:${api}`,
    consoleDir,
    client,
    credential,
    pid: () => child?.pid ?? 0,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    start,
    image: testImage(signImage),
    signImage,
    logText: () => readFileSync(logPath, 'utf8'),
    [Symbol.asyncDispose]: async () => {
      await end('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function isPerson(name: string): name is PersonName {
  return Object.hasOwn(roles, name);
}

async function addPerson(
  configPath: string,
  name: string,
  list: readonly string[],
): Promise<{ id: string; secret: string }> {
  const child = spawn(
    process.execPath,
    [program, '--config', configPath, 'person', 'add', name, ...list.flatMap((role) => ['--role', role])],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(child, 'close');
  const [id = '', secret = ''] = text.trim().split(':');
  if (secret === '') throw new Error(`cannot add ${name}`);
  return { id, secret };
}

function testImage(signImage: (manifest: string) => string): TestImage {
  const disk = Buffer.concat([randomBytes(1024 * 1024), Buffer.alloc(3 * 1024 * 1024)]);
  const compressed = zstdCompressSync(disk);
  const sha256 = createHash('sha256').update(compressed).digest('hex');
  const manifest = JSON.stringify({
    name: 'test-os', version: '1', kind: 'disk', arch: 'x86_64', format: 'raw+zstd', file: 'disk.img.zst',
    bytes: compressed.length, sha256, diskBytes: disk.length,
    boot: { rootPartition: 3, kernelPath: '/boot/vmlinuz', initrdPath: '/boot/initrd.img', cmdline: 'root=LABEL=x' }, packages: [],
  }); // prettier-ignore
  return { name: 'test-os', manifest, signature: signImage(manifest), sha256, disk, compressed };
}

/** What every test of the story needs: projects, a class, a network, the image, and an order of these serials. */
export async function furnish(
  region: Region,
  serials: readonly string[],
  spec: OperationInput<'class.create'>['spec'],
): Promise<void> {
  const ada = region.client('ada');
  await ada.call('team.create', { name: 'ledger' });
  for (const name of ['payments', 'p']) await ada.call('project.create', { name, team: 'ledger' });
  await ada.call('class.create', { name: 'small', spec });
  await ada.call('network.create', {
    name: 'production',
    kind: 'production',
    cidr: '10.20.0.0/28',
    gateway: '10.20.0.1',
  });
  const blob = join(region.dir, 'image.blob');
  writeFileSync(blob, region.image.compressed);
  await ada.uploadBlob(region.image.sha256, blob, { bytes: region.image.compressed.length });
  await ada.call('image.import', {
    manifest: region.image.manifest,
    signature: region.image.signature,
    keyId: imageKeyId,
  });
  await ada.call('po.import', { fileName: 'po.yaml', text: orderText('PO-1', serials) });
}

export function orderText(number: string, serials: readonly string[]): string {
  return stringify({
    number,
    vendor: 'Acme',
    currency: 'EUR',
    lines: [{ line: 1, class: 'small@1', quantity: serials.length, unitPrice: '10.00' }],
    deliveries: [
      { delivery: 1, line: 1, servers: serials.map((serial) => ({ serial, name: `srv-${serial.toLowerCase()}` })) },
    ],
    invoices: [
      {
        number: `INV-${number}`,
        total: `${serials.length * 10}.00`,
        lines: [{ line: 1, unitPrice: '10.00', serials: [...serials] }],
      },
    ],
  });
}

/** Waits for a condition with a generous deadline; machines are at times slow. */
export async function waitUntil<T>(
  probe: () => Promise<T | false>,
  options: {
    readonly timeoutMs?: number;
    readonly tolerant?: (error: unknown) => boolean;
    readonly what?: () => string;
  } = {},
): Promise<T> {
  const endMs = performance.now() + (options.timeoutMs ?? 60_000);
  for (;;) {
    try {
      const value = await probe();
      if (value !== false) return value;
    } catch (error) {
      if (options.tolerant?.(error) !== true) throw error;
    }
    if (performance.now() > endMs)
      throw new Error(`waited too long${options.what === undefined ? '' : ` for ${options.what()}`}`);
    await delay(50);
  }
}

export async function assetInState(region: Region, asset: string, ...states: Asset['state'][]): Promise<Asset> {
  let seen = '';
  return waitUntil(
    async () => {
      const found = await region.client('vic').call('asset.get', { asset });
      seen = `${found.state}: ${found.stateReason}`;
      return states.includes(found.state) ? found : false;
    },
    { tolerant: () => true, what: () => `${asset} to be ${states.join(' or ')}; it is ${seen}` },
  );
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  for (const server of servers) server.close();
  return ports;
}
