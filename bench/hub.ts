// The hub: what one controller takes from its agents, against a bare loop of `ws` and `msgpackr` in the same run, on the
// same machine, over the same TLS.
import { parseArgs } from 'node:util';

import { bundles } from '../scripts/bundles.ts';
import { PpecError } from '../shared/errors.ts';
import { median, type Bench, type Figure, type Report } from './figures.ts';
import { runRound, type HubOptions, type Round, type Sample } from './hub/round.ts';

export const hub: Bench = {
  summary: 'heartbeats, idle links and enrolments of one controller, against a bare ws + msgpackr loop',
  usage: '[--agents N] [--enrolments N] [--seconds S] [--rounds R] [--rate HEARTBEATS] [--at-once N]',
  run,
};

async function run(args: readonly string[], say: (text: string) => void): Promise<Report> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      agents: { type: 'string', default: '1000' },
      enrolments: { type: 'string', default: '120' },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      rate: { type: 'string', default: '20' },
      'at-once': { type: 'string', default: '16' },
    },
  });
  const options: HubOptions = {
    agents: number('--agents', values.agents, { min: 100, max: 9000 }),
    enrolments: number('--enrolments', values.enrolments, { min: 1, max: 9000 }),
    seconds: number('--seconds', values.seconds, { min: 1, max: 60 }),
    // The limit is 50 frames a second; near it a late timer would break it.
    rate: number('--rate', values.rate, { min: 1, max: 45 }),
    atOnce: number('--at-once', values['at-once'], { min: 1, max: 256 }),
  };
  const count = number('--rounds', values.rounds, { min: 1, max: 20 });
  if (!(await bundles())) throw new PpecError('internal', 'the bundles cannot be built');
  const rounds: Round[] = [];
  for (let round = 1; round <= count; round += 1) {
    rounds.push(await runRound(options, (text) => say(`round ${round} of ${count}: ${text}`)));
  }
  return report(rounds, options);
}

function report(rounds: readonly Round[], { agents, seconds, rate, atOnce }: HubOptions): Report {
  const compared = (metric: string, unit: string, of: (sample: Sample) => number): Figure => ({
    metric,
    unit,
    value: median(rounds.map(({ controller }) => of(controller))),
    against: median(rounds.map(({ bare }) => of(bare))),
  });
  const alone = (metric: string, unit: string, of: (round: Round) => number): Figure => ({
    metric,
    unit,
    value: median(rounds.map(of)),
    against: null,
  });
  const evidence = Math.round((rounds[0]?.evidenceBytes ?? 0) / 1000);
  return {
    against: 'bare loop',
    figures: [
      compared('heartbeats taken', 'per CPU-second', (sample) => sample.heartbeatsPerCpuSecond),
      compared('heartbeats taken, by the clock', 'per second', (sample) => sample.heartbeatsPerSecond),
      compared('memory per idle agent', 'kB', (sample) => sample.bytesPerAgent / 1000),
      compared('links opened', 'per CPU-second', (sample) => sample.linksPerCpuSecond),
      compared('enrolments with inventory stored', 'per CPU-second', (sample) => sample.storedPerCpuSecond),
      compared('enrolments with inventory stored, by the clock', 'per second', (sample) => sample.storedPerSecond),
      alone('enrolments to SPARE', 'per second', (round) => round.decidedPerSecond),
      alone('boot scripts with a token', 'per second', (round) => round.bootScriptsPerSecond),
    ],
    notes: [
      `${agents} agents; medians of ${rounds.length} rounds; windows of ${seconds} s at ${rate} heartbeats a second each.`,
      `TLS 1.3 with client certificates on both sides. ${evidence} kB of evidence per inventory, ${atOnce} machines at once.`,
    ],
  };
}

function number(option: string, text: string, { min, max }: { readonly min: number; readonly max: number }): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new PpecError('invalid_argument', `${option} is a whole number from ${min} to ${max}, not '${text}'`);
  }
  return value;
}
