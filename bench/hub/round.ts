// One round: a fresh controller and a fresh bare loop, side by side, under the same load. What is compared is measured in
// turns on the same machine within seconds, so that a noisy neighbour disturbs both alike.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { targets, type BareCommand, type LoadCommand, type Target } from './commands.ts';
import { collectGarbage, cpuSeconds, pssBytes } from './process-cost.ts';
import { createRegion, logPath, prepareOrder, regionTls, startController, type Region } from './region.ts';
import { startWorker, type Worker } from './worker.ts';

export type HubOptions = {
  readonly agents: number;
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
  const configPath = await createRegion(folder);
  const load: Load = startWorker(join(import.meta.dirname, 'load.ts'), {
    logPath: join(folder, 'load.log'),
    execArgv: [],
  });
  cleanup.defer(load.stop);
  say('making machines');
  const { count: evidenceBytes } = await load.call({ do: 'prepare', agents: options.agents });
  const { region, peers, stop } = await startPeers(folder, configPath, options.agents);
  const both = cleanup.use({ [Symbol.asyncDispose]: stop });
  say('boot scripts');
  const boot = await load.call({ do: 'boot', bootUrl: region.bootUrl, atOnce: options.atOnce });
  say('enrolments');
  const admitted = await admit(load, peers, options);
  say('heartbeats');
  const heard = await heartbeats({ load, peers, region }, options);
  for (const target of targets) await load.call({ do: 'close', target });
  await both[Symbol.asyncDispose]();
  say('memory');
  const again = await startPeers(folder, configPath, 0);
  cleanup.defer(again.stop);
  const idle = await idleLinks(load, again.peers, options);
  return {
    controller: { ...heard.controller, ...admitted.controller, ...idle.controller },
    bare: { ...heard.bare, ...admitted.bare, ...idle.bare },
    evidenceBytes,
    bootScriptsPerSecond: (boot.count / boot.tookMs) * 1000,
    decidedPerSecond: admitted.decidedPerSecond,
  };
}

type Started = { readonly region: Region; readonly peers: Peers; readonly stop: () => Promise<void> };

/** Both, each in its process. With `agents` there is an order for as many. */
async function startPeers(folder: string, configPath: string, agents: number): Promise<Started> {
  const region = await startController(configPath, inspectable);
  const bareLog = join(folder, 'bare.log');
  const bare: Worker<BareCommand> = startWorker(join(import.meta.dirname, 'bare.ts'), {
    logPath: bareLog,
    execArgv: inspectable,
  });
  const stop = async (): Promise<void> => {
    await Promise.all([region.stop(), bare.stop()]);
  };
  try {
    if (agents > 0) await prepareOrder(configPath, agents);
    const { url } = await bare.call({ do: 'listen', ...(await regionTls(configPath)) });
    return {
      region,
      peers: {
        controller: { pid: region.pid, url: region.agentUrl, logPath: logPath(folder) },
        bare: { pid: bare.pid, url, logPath: bareLog },
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Admitted = Pick<Sample, 'storedPerSecond' | 'storedPerCpuSecond'>;

/** The controller first: the bare loop is shown the certificates that it gave. */
async function admit(
  load: Load,
  peers: Peers,
  { agents, atOnce }: HubOptions,
): Promise<Record<Target, Admitted> & { decidedPerSecond: number }> {
  let decidedPerSecond = 0;
  const run = async (target: Target): Promise<Admitted> => {
    const { pid, url } = peers[target];
    const before = cpuSeconds(pid);
    const stored = await load.call({ do: 'admit', target, url, atOnce });
    if (target === 'controller') {
      const decided = await load.call({ do: 'decided' });
      if (decided.count !== agents) throw new Error(`${decided.count} of ${agents} machines became a SPARE`);
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
    await load.call({ do: 'connect', target, url, agents: Math.min(warmLinks, agents - 1), atOnce });
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
