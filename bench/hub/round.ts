// One round: a fresh controller and a fresh bare loop, side by side, under the same load. What is compared is measured in
// turns on the same machine within seconds, so that a noisy neighbour disturbs both alike.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { targets, type BareCommand, type LoadCommand, type Target } from './commands.ts';
import { benchCa } from './enlist.ts';
import { collectGarbage, cpuSeconds, pssBytes } from './process-cost.ts';
import { createRegion, logPath, prepareOrder, startController, type Region } from './region.ts';
import { startWorker, type Worker } from './worker.ts';

export type HubOptions = {
  /** Links of machines that enrolled before. */
  readonly agents: number;
  /** Machines that enrol. */
  readonly enrolments: number;
  /** Of heartbeats, for each of the two. */
  readonly seconds: number;
  /** Heartbeats per second of one agent. */
  readonly rate: number;
  /** Machines that enrol or connect at the same time. */
  readonly atOnce: number;
};

/** What one of the two did. */
export type Sample = {
  readonly heartbeatsPerCpuSecond: number;
  readonly heartbeatsPerSecond: number;
  readonly bytesPerAgent: number;
  readonly linksPerCpuSecond: number;
  readonly storedPerSecond: number;
  readonly storedPerCpuSecond: number;
};

export type Round = Readonly<Record<Target, Sample>> & {
  readonly evidenceBytes: number;
  readonly bootScriptsPerSecond: number;
  readonly decidedPerSecond: number;
};

type Peer = { readonly pid: number; readonly url: string; readonly logPath: string };
type Peers = Readonly<Record<Target, Peer>>;
type Load = Worker<LoadCommand>;

/** Links that are open before memory is compared: what a first link loads and compiles is no agent's. */
const warmLinks = 50;
const settleMs = 1500;
/** The inspector opens at SIGUSR1 only, at a port of the system's choice. */
const inspectable = ['--inspect-port=127.0.0.1:0'];

export async function runRound(options: HubOptions, say: (text: string) => void): Promise<Round> {
  await using cleanup = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'ppec-bench-'));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  const load: Load = startWorker(new URL('./load.ts', import.meta.url), {
    logPath: join(folder, 'load.log'),
    execArgv: [],
  });
  cleanup.defer(load.stop);
  const dataDirectory = join(folder, 'data');
  mkdirSync(dataDirectory);
  say('making machines');
  const { agents, enrolments } = options;
  const { count: evidenceBytes } = await load.call({ do: 'prepare', dataDirectory, agents, enrolments });
  const configPath = await createRegion(folder);
  const region = await startController(configPath, inspectable);
  cleanup.defer(region.stop);
  await prepareOrder(configPath, enrolments);
  const bareLog = join(folder, 'bare.log');
  const bare: Worker<BareCommand> = startWorker(new URL('./bare.ts', import.meta.url), {
    logPath: bareLog,
    execArgv: inspectable,
  });
  cleanup.defer(bare.stop);
  const { caPem, server } = await benchCa(dataDirectory);
  const { url } = await bare.call({ do: 'listen', caPem, ...server });
  const peers: Peers = {
    controller: { pid: region.pid, url: region.agentUrl, logPath: logPath(folder) },
    bare: { pid: bare.pid, url, logPath: bareLog },
  };
  say('idle links');
  const idle = await idleLinks(load, peers, options);
  say('heartbeats');
  const heard = await heartbeats({ load, peers, region }, options);
  say('enrolments');
  const boot = await load.call({ do: 'boot', bootUrl: region.bootUrl, atOnce: options.atOnce });
  const admitted = await admit(load, peers, options);
  return {
    controller: { ...idle.controller, ...heard.controller, ...admitted.controller },
    bare: { ...idle.bare, ...heard.bare, ...admitted.bare },
    evidenceBytes,
    bootScriptsPerSecond: (boot.count / boot.tookMs) * 1000,
    decidedPerSecond: admitted.decidedPerSecond,
  };
}

type Admitted = Pick<Sample, 'storedPerSecond' | 'storedPerCpuSecond'>;

/** The controller first: the bare loop is shown the certificates that it gave. */
async function admit(
  load: Load,
  peers: Peers,
  { enrolments, atOnce }: HubOptions,
): Promise<Record<Target, Admitted> & { decidedPerSecond: number }> {
  let decidedPerSecond = 0;
  const run = async (target: Target): Promise<Admitted> => {
    const { pid, url } = peers[target];
    const before = cpuSeconds(pid);
    const stored = await load.call({ do: 'admit', target, url, atOnce });
    if (target === 'controller') {
      const decided = await load.call({ do: 'decided' });
      if (decided.count !== enrolments) throw new Error(`${decided.count} of ${enrolments} machines became a SPARE`);
      decidedPerSecond = (decided.count / decided.tookMs) * 1000;
    }
    return {
      storedPerSecond: (stored.count / stored.tookMs) * 1000,
      storedPerCpuSecond: stored.count / (cpuSeconds(pid) - before),
    };
  };
  const controller = await run('controller');
  return { controller, bare: await run('bare'), decidedPerSecond };
}

type Heard = Pick<Sample, 'heartbeatsPerCpuSecond' | 'heartbeatsPerSecond'>;

async function heartbeats(
  { load, peers, region }: { readonly load: Load; readonly peers: Peers; readonly region: Region },
  { seconds, rate }: HubOptions,
): Promise<Record<Target, Heard>> {
  const run = async (target: Target): Promise<Heard> => {
    const { pid } = peers[target];
    const before = cpuSeconds(pid);
    const { count, tookMs } = await load.call({ do: 'beat', target, seconds, perSecond: rate });
    return {
      heartbeatsPerCpuSecond: count / (cpuSeconds(pid) - before),
      heartbeatsPerSecond: (count / tookMs) * 1000,
    };
  };
  await delay(settleMs);
  // The first second compiles the code that the window measures.
  for (const target of targets) await load.call({ do: 'beat', target, seconds: 1, perSecond: rate });
  const taken = await region.heartbeats();
  const controller = await run('controller');
  const counted = (await region.heartbeats()) - taken;
  const sent = controller.heartbeatsPerSecond * seconds;
  if (!(counted >= sent * 0.95)) throw new Error(`the controller counted ${counted} heartbeats of about ${sent}`);
  return { controller, bare: await run('bare') };
}

type Idle = Pick<Sample, 'bytesPerAgent' | 'linksPerCpuSecond'>;

/** Memory after collection, so that it is what links hold and not what opening them left lying about. */
async function idleLinks(load: Load, peers: Peers, { agents, atOnce }: HubOptions): Promise<Record<Target, Idle>> {
  const run = async (target: Target): Promise<Idle> => {
    const { pid, url, logPath: path } = peers[target];
    await load.call({ do: 'connect', target, url, agents: warmLinks, atOnce });
    const inspector = await openInspector(pid, path);
    const baseBytes = await settledBytes(pid, inspector);
    const before = cpuSeconds(pid);
    const { count } = await load.call({ do: 'connect', target, url, agents, atOnce });
    const linksPerCpuSecond = count / (cpuSeconds(pid) - before);
    return { linksPerCpuSecond, bytesPerAgent: ((await settledBytes(pid, inspector)) - baseBytes) / count };
  };
  const bare = await run('bare');
  return { controller: await run('controller'), bare };
}

async function settledBytes(pid: number, inspector: string): Promise<number> {
  await delay(settleMs);
  // Twice: what the first collection finalises, the second frees.
  for (let time = 0; time < 2; time += 1) {
    await collectGarbage(inspector);
    await delay(settleMs / 5);
  }
  return pssBytes(pid);
}

async function openInspector(pid: number, path: string): Promise<string> {
  process.kill(pid, 'SIGUSR1');
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const url = readFileSync(path, 'utf8')
      .match(/(?<=Debugger listening on )ws:\S+/g)
      ?.at(-1);
    if (url !== undefined) return url;
    await delay(50);
  }
  throw new Error('the inspector did not open');
}
