// The inspection comparator: which of the seeded faults it finds and what it finds on sound machines, beside what others
// compare; and how fast it is.
import { parseArgs } from 'node:util';

import { PpecError } from '../shared/errors.ts';
import { compare } from '../shared/inspection/compare.ts';
import { verdictOf } from '../shared/inspection/finding.ts';
import { median, type Bench, type Figure, type Report } from './figures.ts';
import { baselines } from './inspection/baselines.ts';
import { buildCorpus, type Case } from './inspection/corpus.ts';
import { faults, inexpressible } from './inspection/faults.ts';
import { goodMachines } from './inspection/machines.ts';
import { machinesPerCpuSecond, type Subject } from './inspection/speed.ts';
import { bareRate, storedRate } from './inspection/stored.ts';

export const inspection: Bench = {
  summary:
    'seeded hardware faults: recall and false alarms beside other comparators, and how fast machines are judged and stored',
  usage: '[--seed N] [--machines N] [--rounds R] [--stored N]',
  run: measure,
};

const goalPerCpuSecond = 20_000;
const few = 1000;
const many = 10_000;

/** Whether a comparator lets a machine pass. */
type Judge = (each: Case) => boolean;
type Judged = {
  readonly name: string;
  readonly recall: number;
  readonly falseAlarms: number;
  readonly missed: ReadonlySet<string>;
};

async function measure(args: readonly string[], say: (text: string) => void): Promise<Report> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '4711' },
      machines: { type: 'string', default: '20' },
      rounds: { type: 'string', default: '5' },
      stored: { type: 'string', default: String(many) },
    },
  });
  const seed = number('--seed', values.seed, 2 ** 31);
  const corpus = buildCorpus(seed, number('--machines', values.machines, 200));
  say(`${corpus.length} machines`);
  const own = judged('PPEC', corpus, (each) => {
    const findings = compare(each.inventory, { class: 'bench@1', spec: each.machine.spec });
    return verdictOf(findings) === 'pass';
  });
  const others = baselines.map(({ name, learn }) => {
    const learned = new Map(goodMachines().map((machine) => [machine.name, learn(machine.inventory)]));
    return judged(name, corpus, (each) => learned.get(each.machine.name)?.(each.inventory) ?? false);
  });
  const speed = speedFigures(corpus, number('--rounds', values.rounds, 50));
  const stored = await storedFigures(number('--stored', values.stored, 100_000), say);
  return {
    against: 'other',
    figures: [...accuracyFigures(own, others), ...speed, ...stored],
    notes: notes(corpus, own, others),
  };
}

function judged(name: string, corpus: readonly Case[], passes: Judge): Judged {
  const faulty = corpus.filter(({ isFaulty }) => isFaulty);
  const sound = corpus.filter(({ isFaulty }) => !isFaulty);
  const missed = faulty.filter(passes);
  return {
    name,
    recall: (100 * (faulty.length - missed.length)) / faulty.length,
    falseAlarms: (100 * sound.filter((each) => !passes(each)).length) / sound.length,
    missed: new Set(missed.map((each) => each.name)),
  };
}

function accuracyFigures(own: Judged, others: readonly Judged[]): Figure[] {
  return [
    ...others.map(({ name, recall }): Figure => ({
      metric: `faulty machines found, beside ${name}`,
      value: own.recall,
      unit: '%',
      against: recall,
    })),
    ...others.map(({ name, falseAlarms }): Figure => ({
      metric: `sound machines refused, beside ${name}`,
      value: own.falseAlarms,
      unit: '%',
      against: falseAlarms,
    })),
  ];
}

function speedFigures(corpus: readonly Case[], rounds: number): Figure[] {
  const sound = corpus.filter(({ isFaulty }) => !isFaulty);
  const faulty = corpus.filter(({ isFaulty }) => isFaulty);
  const rate = (subjects: readonly Subject[], count: number): number =>
    median(Array.from({ length: rounds }, () => machinesPerCpuSecond(subjects, count)));
  // The first rounds are compiled while they run.
  machinesPerCpuSecond(corpus, many);
  const unit = 'per CPU-second';
  const ofMany = rate(sound, many);
  return [
    { metric: `sound machines judged, of ${many}, beside the goal`, value: ofMany, unit, against: goalPerCpuSecond },
    { metric: 'faulty machines judged, beside the goal', value: rate(faulty, many), unit, against: goalPerCpuSecond },
    { metric: `rate of ${many} machines, beside that of ${few}`, value: ofMany, unit, against: rate(sound, few) },
  ];
}

/** Machines that report their evidence, are parsed, compared and written down, by the controller's own code. */
async function storedFigures(count: number, say: (text: string) => void): Promise<Figure[]> {
  say(`storing ${count} machines`);
  const tenth = await storedRate(Math.max(1, Math.round(count / 10)));
  const all = await storedRate(count);
  const bare = await bareRate(count, all.inventoryBytes);
  const unit = 'per CPU-second';
  const size = `inventories of ${Math.round(all.inventoryBytes / 1000)} kB`;
  return [
    { metric: `${size} parsed, judged and stored, beside a bare insert`, value: all.perCpuSecond, unit, against: bare.perCpuSecond },
    { metric: 'the same by the clock', value: all.perSecond, unit: 'per second', against: bare.perSecond },
    { metric: `rate of ${all.machines}, beside that of ${tenth.machines}`, value: all.perCpuSecond, unit, against: tenth.perCpuSecond },
  ]; // prettier-ignore
}

function notes(corpus: readonly Case[], own: Judged, others: readonly Judged[]): string[] {
  const faulty = corpus.filter(({ isFaulty }) => isFaulty).length;
  return [
    `${faulty} machines with one of ${faults.length} faults each, ${corpus.length - faulty} sound ones, of ${goodMachines().length} models.`,
    ...[own, ...others].map(({ name, missed }) => {
      const found = faults.filter((fault) => !missed.has(fault.name)).map((fault) => fault.name);
      const which = missed.size === 0 ? '' : `: ${found.join('; ')}`;
      return `${name} finds ${found.length} of ${faults.length} faults on every machine${which}.`;
    }),
    `Not in an inventory, so not in the corpus: ${inexpressible.join('; ')}.`,
  ];
}

function number(option: string, text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new PpecError('invalid_argument', `${option} is a whole number from 1 to ${max}, not '${text}'`);
  }
  return value;
}
