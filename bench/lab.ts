// The lab: one emulated server from power button to production, by two clocks, and what its agent holds in memory.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { buildImage } from '../images/build-image.ts';
import { agentBundle } from '../pious-image/agent-bundle.ts';
import { buildPious } from '../pious-image/build-pious.ts';
import { bundles } from '../scripts/bundles.ts';
import { cacheDir } from '../scripts/cache-dir.ts';
import { PpecError } from '../shared/errors.ts';
import { provisionSteps } from '../shared/lifecycle/operation.ts';
import { startLab } from '../test/lab/lab.ts';
import { serverA } from '../test/lab/rack.ts';
import { startRegion, type LabRegion } from '../test/lab/region.ts';
import { approve, askForServer, prepareRegion, rackUp, type Provisioned } from '../test/lab/story.ts';
import { median, type Bench, type Figure, type Report } from './figures.ts';

export const lab: Bench = {
  summary: 'one emulated server: power-on to SPARE, approval to phone-home, memory of the agent (as root)',
  usage: '[--profile test|release] [--rounds R]',
  run,
};

const goals = { spareSeconds: 60, phoneHomeSeconds: 90, agentMb: 80 } as const;
const dist = join(import.meta.dirname, '../dist');
/** An agent says how large it is with every heartbeat, each ten seconds. */
const rssTimeoutMs = 25_000;
const pollMs = 500;

type Images = { readonly piousDirectory: string; readonly imageDirectory: string };

type Run = {
  /** Seconds from the power button to each state that the machine was seen in. */
  readonly states: ReadonlyMap<string, number>;
  readonly spareSeconds: number;
  readonly phoneHomeSeconds: number;
  readonly steps: ReadonlyMap<string, number>;
  readonly piousMb: number | undefined;
  readonly productionMb: number | undefined;
};

async function run(args: readonly string[], say: (text: string) => void): Promise<Report> {
  const { values } = parseArgs({
    args: [...args],
    options: { profile: { type: 'string', default: 'release' }, rounds: { type: 'string', default: '1' } },
  });
  const { profile } = values;
  if (profile !== 'test' && profile !== 'release') {
    throw new PpecError('invalid_argument', `there is no profile '${profile}': test or release`);
  }
  const count = Number(values.rounds);
  if (!Number.isInteger(count) || count < 1 || count > 20) {
    throw new PpecError('invalid_argument', `--rounds is a whole number from 1 to 20, not '${values.rounds}'`);
  }
  if (!(await bundles())) throw new PpecError('internal', 'the bundles cannot be built');
  const images = await builtImages(profile, say);
  const runs: Run[] = [];
  for (let round = 1; round <= count; round += 1) {
    runs.push(await oneServer(images, (text) => say(`round ${round} of ${count}: ${text}`)));
  }
  return report(runs, profile);
}

/** PIOUS and the production image; what is there and unchanged is not built again. */
async function builtImages(profile: 'test' | 'release', say: (text: string) => void): Promise<Images> {
  const agentPath = await agentBundle(say);
  const pious = await buildPious({
    profile,
    agentPath,
    outDir: join(dist, 'pious'),
    cacheDir: cacheDir('pious'),
    log: say,
  });
  const image = await buildImage({
    recipe: 'debian-12-hardened',
    agentPath,
    outDir: join(dist, 'images'),
    cacheDir: cacheDir('images'),
    log: say,
  });
  return { piousDirectory: dirname(pious.kernelPath), imageDirectory: dirname(image.imagePath) };
}

async function oneServer({ piousDirectory, imageDirectory }: Images, say: (text: string) => void): Promise<Run> {
  const dir = mkdtempSync(join(tmpdir(), 'ppec-bench-'));
  try {
    await using racks = await startLab({ dir });
    const region = await startRegion({ lab: racks, piousDirectory, apiPort: 0 });
    const story = { region, said: () => undefined };
    await prepareRegion(story, { dir: join(dir, 'story'), imageDirectory });
    say('power on');
    const startedMs = performance.now();
    const states = new Map<string, number>();
    const racked = await rackUp(story, racks.server(serverA), ({ state }) => {
      states.set(state, (performance.now() - startedMs) / 1000);
      say(state);
    });
    if (racked.asset.state !== 'SPARE')
      throw new Error(`the server is ${racked.asset.state}: ${racked.asset.stateReason}`);
    const piousMb = await agentMb(region);
    const change = await askForServer(story, 'ledger-1');
    const provisioned = await approve(story, change, say);
    const { state, error } = provisioned.operation;
    if (state !== 'succeeded') throw new Error(`provisioning ${state}: ${error ?? ''}`);
    return {
      states,
      spareSeconds: racked.tookMs / 1000,
      phoneHomeSeconds: provisioned.tookMs / 1000,
      steps: stepSeconds(provisioned),
      piousMb,
      productionMb: await agentMb(region),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function stepSeconds({ operation }: Provisioned): Map<string, number> {
  return new Map(
    operation.steps.flatMap(({ name, startedAt, endedAt }) =>
      startedAt === null || endedAt === null ? [] : [[name, (endedAt - startedAt) / 1000] as const],
    ),
  );
}

/** Resident memory of the one connected agent, as its newest heartbeat said; undefined where the region does not tell. */
async function agentMb(region: LabRegion): Promise<number | undefined> {
  for (const startedMs = performance.now(); performance.now() - startedMs < rssTimeoutMs;) {
    const text = await (await fetch(`${region.url}/metrics`)).text();
    const bytes = Number(/^ppec_agent_rss_bytes(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1]);
    if (Number.isNaN(bytes)) return undefined;
    if (bytes > 0) return bytes / 1e6;
    await delay(pollMs);
  }
  return undefined;
}

function report(runs: readonly Run[], profile: string): Report {
  const figure = (metric: string, of: (run: Run) => number | undefined, more: Partial<Figure> = {}): Figure[] => {
    const values = runs.map(of).filter((value) => value !== undefined);
    return values.length === 0 ? [] : [{ metric, value: median(values), unit: 's', against: null, ...more }];
  };
  const figures = [
    ...figure('power-on to enrolment', ({ states }) => states.get('DISCOVERED')),
    ...figure('power-on to SPARE', ({ spareSeconds }) => spareSeconds, { against: goals.spareSeconds }),
    ...figure('approval to phone-home', ({ phoneHomeSeconds }) => phoneHomeSeconds, {
      against: goals.phoneHomeSeconds,
    }),
    ...provisionSteps.flatMap((step) => figure(`step ${step}`, ({ steps }) => steps.get(step))),
    ...figure('agent memory in PIOUS', ({ piousMb }) => piousMb, { unit: 'MB', against: goals.agentMb }),
    ...figure('agent memory in production', ({ productionMb }) => productionMb, { unit: 'MB', against: goals.agentMb }),
  ];
  return {
    against: 'goal',
    figures,
    notes: [
      `${runs.length === 1 ? 'One run' : `Medians of ${runs.length} runs`} of one server in software emulation, PIOUS profile ${profile}.`,
      'A ratio below 1 is within the goal. Times are seen by a client of the API, and include its own.',
    ],
  };
}
