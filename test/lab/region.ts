// A region in a lab: a controller inside the lab's network, its people with a credential each, and the client they use.
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { stringify } from 'yaml';

import { createClient, type Client } from '../../client/sdk/client.ts';
import type { Lab } from './lab.ts';
import type { LabProcess, RunResult } from './namespace.ts';
import { waitFor } from './wait.ts';

const root = join(import.meta.dirname, '../..');

export const people = { ada: 'admin', mia: 'provisioner', cho: 'approver', vic: 'viewer' } as const;
export type PersonName = keyof typeof people;

export type RegionOptions = {
  readonly lab: Lab;
  readonly piousDirectory: string;
  /** TCP port of 127.0.0.1 for the API outside the lab; 0 takes a free one. */
  readonly apiPort: number;
  readonly timing?: Readonly<Record<string, number>>;
  /** CA certificates of TPM makers. */
  readonly tpmCaFiles?: readonly string[];
  /** The burn-in's programs, for a test that asks for one. */
  readonly toolsImage?: string;
};

export type LabRegion = {
  readonly url: string;
  readonly configPath: string;
  /** Configuration of the `ppec` client with one context per person. */
  readonly clientConfigPath: string;
  readonly imageKeyPath: string;
  readonly credential: (person: PersonName) => { readonly id: string; readonly secret: string };
  readonly client: (person: PersonName) => Client;
  /** Runs `ppec` as that person; the real program, in a process of its own. */
  readonly ppec: (person: PersonName, ...words: string[]) => Promise<RunResult>;
  /** Ends the controller with that signal and starts it again. */
  readonly restart: (signal: NodeJS.Signals) => Promise<void>;
  readonly logPath: string;
};

export const imageKeyId = 'images-lab';
const startTimeoutMs = 60_000;

export async function startRegion(options: RegionOptions): Promise<LabRegion> {
  const { lab } = options;
  const folder = join(lab.dir, 'region');
  mkdirSync(join(folder, 'keys'), { recursive: true });
  mkdirSync(join(lab.dir, 'console'), { recursive: true });
  const imageKeyPath = imageKey(folder);
  const configPath = join(folder, 'controller.yaml');
  const apiSocket = join(folder, 'api.sock');
  writeFileSync(configPath, configText(options, { folder, apiSocket }));
  const program = [process.execPath, join(root, 'dist/controller.cjs'), '--config', configPath] as const;
  const contexts: Record<string, object> = {};
  const credentials = new Map<PersonName, { id: string; secret: string }>();
  const apiPort = await lab.forward({ listenPort: options.apiPort, unixPath: apiSocket });
  const url = `http://127.0.0.1:${apiPort}`;
  for (const name of personNames()) {
    const made = await addPerson(lab, program, name);
    credentials.set(name, made);
    contexts[name] = { url, region: 'demo-1', credential: made };
  }
  const clientConfigPath = join(folder, 'ppec.json');
  writeFileSync(clientConfigPath, JSON.stringify({ current: 'mia', contexts }, undefined, 2), { mode: 0o600 });
  const credential = (person: PersonName): { id: string; secret: string } => {
    const found = credentials.get(person);
    if (found === undefined) throw new Error(`${person} has no credential`);
    return found;
  };
  const client = (person: PersonName): Client => createClient({ url, credential: credential(person) });
  const logPath = join(lab.dir, 'log', 'controller.log');
  let controller: LabProcess;
  const start = async (): Promise<void> => {
    controller = lab.spawn('controller', [...program, 'run']);
    let ended = false;
    void controller.exited.then(() => (ended = true));
    const isUp = (): Promise<true | undefined> =>
      client('ada')
        .call('region.get', {})
        .then(
          () => true as const,
          () => undefined,
        );
    let up: true | undefined;
    const probe = (): true | undefined => {
      if (ended) throw new Error(`the controller ended:\n${readFileSync(logPath, 'utf8').slice(-2000)}`);
      void isUp().then((value) => (up ??= value));
      return up;
    };
    await waitFor(probe, { timeoutMs: startTimeoutMs, what: () => 'the controller to answer' });
  };
  await start();
  return {
    url,
    configPath,
    clientConfigPath,
    imageKeyPath,
    logPath,
    credential,
    client,
    ppec: (person, ...words) => ppec(clientConfigPath, person, words),
    restart: async (signal) => {
      controller.kill(signal);
      await controller.exited;
      await start();
    },
  };
}

function personNames(): PersonName[] {
  return ['ada', 'mia', 'cho', 'vic'];
}

function configText(options: RegionOptions, { folder, apiSocket }: { folder: string; apiSocket: string }): string {
  return stringify({
    region: 'demo-1',
    dataDirectory: join(folder, 'data'),
    publicHost: '10.99.0.1',
    api: { host: '127.0.0.1', port: 7443 },
    apiSocket,
    piousDirectory: options.piousDirectory,
    imageKeys: { [imageKeyId]: join(folder, 'keys', 'images.pub') },
    consoleLogDirectory: join(options.lab.dir, 'console'),
    // Emulated processors are too slow for it; tests of the burn-in ask for one.
    burnIn: { profile: 'none', ...(options.toolsImage === undefined ? {} : { tools: options.toolsImage }) },
    ...(options.tpmCaFiles === undefined ? {} : { tpm: { caFiles: options.tpmCaFiles } }),
    ...(options.timing === undefined ? {} : { timing: options.timing }),
  });
}

/** The private key that signs the lab's images; the region trusts its public half. */
function imageKey(folder: string): string {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const path = join(folder, 'keys', 'images.key');
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(join(folder, 'keys', 'images.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  return path;
}

async function addPerson(
  lab: Lab,
  program: readonly string[],
  name: PersonName,
): Promise<{ id: string; secret: string }> {
  const [node = '', ...args] = program;
  const role = people[name];
  const { status, stdout, stderr } = await lab.run(node, [...args, 'person', 'add', name, '--role', role], {
    timeoutMs: startTimeoutMs,
  });
  const [id = '', secret = ''] = stdout.trim().split(':');
  if (status !== 0 || secret === '') throw new Error(`cannot add ${name}: ${stderr}`);
  return { id, secret };
}

const ppecTimeoutMs = 300_000;

async function ppec(configPath: string, person: PersonName, words: readonly string[]): Promise<RunResult> {
  const child = spawn(process.execPath, [join(root, 'dist/ppec.cjs'), '--context', person, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: ppecTimeoutMs,
    // The client's own environment, so that nobody's settings leak into the lab.
    env: { PPEC_CONFIG: configPath, HOME: '/nonexistent', PATH: '/usr/bin:/bin', COLUMNS: '120' },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const status = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 128));
  });
  return { status, ...output };
}
