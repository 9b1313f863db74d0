// CPUs against a class: the parts in the sockets, and the cores that firmware leaves on.
import type { Cpu, Inventory } from '../hardware/inventory.ts';
import {
  assign,
  rowsOf,
  singleRow,
  type Check,
  type Kind,
  type DraftRow,
  type StateCheck,
  type Wanted,
} from './component.ts';
import type { CpuExpectation } from './machine-class.ts';
import { atLeast, exactAmount, globTest } from './matchers.ts';
import { listed, oncePerEntry } from './listed.ts';
import type { MachineClassSpec } from './machine-class.ts';

export function cpuRows(inventory: Inventory, spec: MachineClassSpec): DraftRow[] {
  const populated = inventory.cpus.filter((cpu) => cpu.populated);
  const found = listed({ inventory, spec, evidence: kind.evidence }, spec.cpus.map(wantedOnce), populated);
  const assigned = assign(kind, found);
  return [...rowsOf(kind, found, assigned), ...countConflicts(populated, spec)];
}

type Described = { readonly model?: string | null; readonly cores?: number | null; readonly threads?: number | null };

function describe(cpu: Described): string {
  return [
    cpu.model ?? 'any model',
    cpu.cores == null ? '' : `${cpu.cores} cores`,
    cpu.threads == null ? '' : `${cpu.threads} threads`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

const kind: Kind<Cpu> = {
  component: 'cpu',
  rule: 'cpu-multiset',
  source: 'smbios',
  evidence: 'smbios.bin',
  plural: 'CPUs',
  opening: (cpu) => `CPU in socket ${cpu.socket} is`,
  name: (cpu) => `CPU in socket ${cpu.socket}`,
  path: (cpu) => `cpu/${cpu.socket}`,
  describe: (cpu) => describe({ ...cpu, model: cpu.model ?? 'a model not reported' }),
  key: (cpu) => cpu.socket,
  wrongKind: () => 'mismatch',
  ordered: ({ each }) => each(),
  missing: ({ wanted, ordered, found }) => [
    {
      path: 'cpu',
      kind: 'missing',
      expected: ordered,
      actual: `${found} found`,
      source: 'smbios',
      rule: 'cpu-multiset',
      sentence: `${found} of ${wanted.count} CPUs found; ordered ${wanted.each()}.`,
    },
  ],
  surplus: (cpus) => [
    {
      path: 'cpu',
      kind: 'unexpected',
      expected: 'nothing more',
      actual: `${cpus.length} more`,
      source: 'smbios',
      rule: 'cpu-multiset',
      sentence: `${cpus.length} more CPU than ordered.`,
    },
  ],
};

const wantedOnce = oncePerEntry(wantedOf);

function wantedOf(expectation: CpuExpectation): Wanted<Cpu> {
  const { count, model, cores, threads } = expectation;
  const identity: Check<Cpu>[] = [];
  const amount = (field: 'cores' | 'threads', wanted: number): void => {
    const test = exactAmount(wanted);
    identity.push({
      field,
      expected: String(wanted),
      test: (cpu) => test(cpu[field]),
      actual: (cpu) => textOf(cpu[field]),
    });
  };
  if (cores !== undefined) amount('cores', cores);
  if (threads !== undefined) amount('threads', threads);
  if (model !== undefined) {
    const covers = modelTest(model);
    identity.push({
      field: 'model',
      expected: model,
      test: (cpu) => (cpu.model === null ? 'unverifiable' : covers(cpu.model) ? 'match' : 'wrong'),
      actual: (cpu) => cpu.model,
    });
  }
  return { count, each: () => describe(expectation), identity, state: stateOf(expectation) };
}

function stateOf({ enabledCores, maxMhzMin }: CpuExpectation): StateCheck<Cpu>[] {
  const state: StateCheck<Cpu>[] = [];
  if (enabledCores !== undefined) {
    const test = exactAmount(enabledCores);
    state.push({
      field: 'enabled cores',
      rule: 'cpu-enabled-cores',
      kind: 'degraded',
      expected: String(enabledCores),
      test: (cpu) => test(cpu.enabledCores),
      actual: (cpu) => textOf(cpu.enabledCores),
      verdict: (cpu) => ((cpu.enabledCores ?? 0) < enabledCores ? 'degraded' : 'better'),
      sentence: (cpu) =>
        `CPU in socket ${cpu.socket} has ${cpu.enabledCores} of ${cpu.cores ?? '?'} cores enabled; the class asks for ${enabledCores}: check the firmware's settings.`,
    });
  }
  if (maxMhzMin !== undefined) {
    const test = atLeast(maxMhzMin);
    state.push({
      field: 'highest clock',
      rule: 'cpu-max-mhz',
      kind: 'below',
      expected: `${maxMhzMin} MHz or more`,
      test: (cpu) => test(cpu.maxMhz),
      actual: (cpu) => (cpu.maxMhz === null ? null : `${cpu.maxMhz} MHz`),
      sentence: (cpu) =>
        `CPU in socket ${cpu.socket} reaches ${cpu.maxMhz} MHz; the class asks for ${maxMhzMin} MHz or more.`,
    });
  }
  return state;
}

/** Vendors write `Intel(R) Xeon(R) Gold 6354 CPU @ 3.00GHz`; people write `Xeon Gold 6354`. */
function modelTest(pattern: string): (model: string) => boolean {
  const covers = globTest(pattern);
  const plainCovers = globTest(plainModel(pattern));
  return (model) => covers(model) || plainCovers(plainModel(model));
}

function plainModel(text: string): string {
  return text
    .replaceAll(/\((?:r|tm|c)\)/gi, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/**
 * Firmware and kernel count cores and threads apart; an inventory holds one count each. Counts that contradict each
 * other prove that one witness is wrong. Only where the class asks for them: old virtual firmware counts them wrongly.
 */
function countConflicts(cpus: readonly Cpu[], spec: MachineClassSpec): DraftRow[] {
  const isAsked = spec.cpus.some(({ threads, enabledCores }) => threads !== undefined || enabledCores !== undefined);
  if (!isAsked) return [];
  return cpus.flatMap((cpu) => {
    const { cores, enabledCores, threads } = cpu;
    const isMore = cores !== null && enabledCores !== null && enabledCores > cores;
    // Some firmware counts the threads of the part, some those that are on.
    const bases = [cores, enabledCores]
      .filter((count) => count !== null && count > 0)
      .filter((count) => count !== null);
    const isOdd = threads !== null && bases.length > 0 && bases.every((count) => threads % count !== 0);
    if (!isMore && !isOdd) return [];
    const counts = `${cores ?? '?'} cores, ${enabledCores ?? '?'} enabled, ${threads ?? '?'} threads`;
    return singleRow('cpu', {
      path: `cpu/${cpu.socket}`,
      kind: 'source-conflict',
      expected: 'counts that agree',
      actual: counts,
      source: 'smbios',
      rule: 'cpu-counts',
      sentence: `The counts of the CPU in socket ${cpu.socket} contradict each other: ${counts}.`,
    });
  });
}

function textOf(value: number | null): string | null {
  return value === null ? null : String(value);
}
