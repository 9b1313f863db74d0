// Accepting agents over mutual TLS: per second of the server's processor time, against a bare Node TLS server in the same
// run; and whether an accept costs more when many links are open already.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { strongRng } from '../../controller/strong-rng.ts';
import { systemClock } from '../../shared/clock.ts';
import { newId } from '../../shared/ids.ts';
import { median, type Figure } from '../figures.ts';
import { benchCa } from '../hub/enlist.ts';
import { createMachine } from '../hub/machine.ts';
import { cpuSeconds, pssBytes } from '../hub/process-cost.ts';
import { startWorker, type Worker } from '../hub/worker.ts';
import { acceptKinds, type AcceptKind, type OpenCommand, type ServeCommand } from './accept-commands.ts';
import type { PartReport, TrustOptions, TrustPart } from './part.ts';

/** Enough to have the code compiled. */
const warmUp = 500;
const accepts = 2000;
/** Connections per step of the way up. */
const step = 1000;
const atOnce = 16;

export const tlsAccept: TrustPart = { name: 'tls-accept', run };

type Region = Pick<OpenCommand, 'caPem' | 'key' | 'cert' | 'assetId'> & {
  readonly certificateSerial: string;
  readonly server: { key: string; cert: string };
};
type Way = { readonly perCpuSecond: number[]; readonly bytesPerLink: number };
type Round = {
  readonly accepted: Record<AcceptKind, number>;
  readonly links: number;
  readonly way: Record<AcceptKind, Way>;
};

async function run(options: TrustOptions, say: (text: string) => void): Promise<PartReport> {
  const folder = mkdtempSync(join(tmpdir(), 'ppec-bench-trust-'));
  try {
    const region = await regionIn(folder);
    const rounds: Round[] = [];
    for (let number = 1; number <= options.rounds; number += 1) {
      rounds.push(await round({ region, folder, connections: options.connections }, (text) => say(`round ${number} of ${options.rounds}: ${text}`)));
    }
    return report(rounds, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
} // prettier-ignore

async function regionIn(folder: string): Promise<Region> {
  const ca = await benchCa(folder);
  const { privateKeyPem, publicKeyPem } = createMachine(1, { evidence: [] });
  const assetId = newId('asset', { clock: systemClock, rng: strongRng });
  const { certificate, serial } = await ca.issueAgent(assetId, publicKeyPem);
  return {
    caPem: ca.caPem,
    key: privateKeyPem,
    cert: certificate,
    certificateSerial: serial,
    assetId,
    server: ca.server,
  };
}

type RoundOf = { readonly region: Region; readonly folder: string; readonly connections: number };

async function round(of: RoundOf, say: (text: string) => void): Promise<Round> {
  // In turns, so that what else the machine does falls on both.
  const accepted = { bare: 0, listener: 0 };
  let links = 0;
  for (const kind of acceptKinds) {
    await withServer(kind, of, async (peers) => {
      accepted[kind] = await acceptsPerCpuSecond(peers, { until: 'tls', isHeld: false });
      if (kind === 'listener') links = await acceptsPerCpuSecond(peers, { until: 'link', isHeld: false });
    });
    say(`${kind}: ${Math.round(accepted[kind])} accepts per CPU-second`);
  }
  const way = { bare: await wayUp('bare', of), listener: await wayUp('listener', of) };
  say(`${of.connections} open: ${acceptKinds.map((kind) => `${kind} ${way[kind].perCpuSecond.map(Math.round).join(' ')}`).join('; ')}`);
  return { accepted, links, way };
} // prettier-ignore

type Peers = {
  readonly server: Worker<ServeCommand>;
  readonly client: Worker<OpenCommand>;
  readonly port: number;
  readonly region: Region;
};

async function withServer<T>(
  kind: AcceptKind,
  { region, folder }: RoundOf,
  use: (peers: Peers) => Promise<T>,
): Promise<T> {
  const options = { logPath: join(folder, 'workers.log'), execArgv: [] };
  const server = startWorker<ServeCommand>(new URL('accept-server.ts', import.meta.url), options);
  const client = startWorker<OpenCommand>(new URL('accept-client.ts', import.meta.url), options);
  try {
    const { count: port } = await server.call({
      do: 'serve',
      kind,
      caPem: region.caPem,
      assetId: region.assetId,
      certificateSerial: region.certificateSerial,
      ...region.server,
    });
    return await use({ server, client, port, region });
  } finally {
    await client.stop();
    await server.stop();
  }
}

type How = { readonly until: OpenCommand['until']; readonly isHeld: boolean };

async function opened({ server, client, port, region }: Peers, how: How, count: number): Promise<number> {
  const { caPem, key, cert, assetId } = region;
  const before = cpuSeconds(server.pid);
  await client.call({ do: 'open', port, count, atOnce, caPem, key, cert, assetId, ...how });
  return count / (cpuSeconds(server.pid) - before);
}

async function acceptsPerCpuSecond(peers: Peers, how: How): Promise<number> {
  await opened(peers, how, warmUp);
  return opened(peers, how, accepts);
}

async function wayUp(kind: AcceptKind, of: RoundOf): Promise<Way> {
  return withServer(kind, of, async (peers) => {
    const how: How = { until: kind === 'bare' ? 'tls' : 'link', isHeld: true };
    await opened(peers, how, step);
    const base = pssBytes(peers.server.pid);
    const perCpuSecond: number[] = [];
    for (let open = step; open + step <= of.connections; open += step)
      perCpuSecond.push(await opened(peers, how, step));
    return { perCpuSecond, bytesPerLink: (pssBytes(peers.server.pid) - base) / (perCpuSecond.length * step) };
  });
}

/** The first and the last quarter of the way, so that one slow moment of the machine does not decide. */
function growth({ perCpuSecond }: Way): number {
  const quarter = Math.max(1, Math.floor(perCpuSecond.length / 4));
  return median(perCpuSecond.slice(-quarter)) / median(perCpuSecond.slice(0, quarter));
}

function report(rounds: readonly Round[], { connections }: TrustOptions): PartReport {
  const figure = (metric: string, unit: string, of: (round: Round, kind: AcceptKind) => number): Figure => ({
    metric,
    unit,
    value: median(rounds.map((each) => of(each, 'listener'))),
    against: median(rounds.map((each) => of(each, 'bare'))),
  });
  return {
    figures: [
      figure('mutual TLS accepted', 'per CPU-second', ({ accepted }, kind) => accepted[kind]),
      figure('links opened, hello and welcome included', 'per CPU-second', (each, kind) => (kind === 'bare' ? each.accepted.bare : each.links)),
      figure(`accept rate at ${connections} open, of that at none`, 'ratio', ({ way }, kind) => growth(way[kind])),
      figure('memory per open link', 'kB', ({ way }, kind) => way[kind].bytesPerLink / 1000),
    ],
    notes: [
      `Accepts: TLS 1.3 with P-256 certificates on both sides, no resumption, ${accepts} after ${warmUp}; medians of ${rounds.length} rounds.`,
      `The way to ${connections} open ones is in steps of ${step}: the last quarter of it against the first.`,
    ],
  };
} // prettier-ignore
