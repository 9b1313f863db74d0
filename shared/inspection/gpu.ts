// GPUs against a class: model, memory, firmware. What only the maker's tool tells is unverifiable where it is not there.
import type { Gpu, Inventory } from '../hardware/inventory.ts';
import { formatBinaryBytes } from '../units.ts';
import {
  assign,
  orderedOf,
  rowsOf,
  type Check,
  type DraftRow,
  type Kind,
  type StateCheck,
  type Wanted,
} from './component.ts';
import { listed, oncePerEntry } from './listed.ts';
import type { GpuExpectation, MachineClassSpec } from './machine-class.ts';
import { glob, tolerance, versionAtLeast } from './matchers.ts';

/** With ECC on, a part of the memory holds the check bits and is not shown. */
const defaultTolerancePercent = 7;

export function gpuRows(inventory: Inventory, spec: MachineClassSpec): DraftRow[] {
  if (spec.gpus === undefined) return [];
  const found = listed({ inventory, spec, evidence: kind.evidence }, spec.gpus.map(wantedOnce), inventory.gpus);
  return rowsOf(kind, found, assign(kind, found));
}

const kind: Kind<Gpu> = {
  component: 'gpu',
  rule: 'gpu-multiset',
  source: 'driver',
  evidence: 'pci.json',
  plural: 'GPUs',
  opening: ({ bdf }) => `GPU ${bdf} is`,
  name: ({ bdf, serial }) => `GPU ${bdf} (SN ${serial ?? 'not reported'})`,
  path: ({ bdf }) => `gpu/${bdf}`,
  describe,
  key: ({ bdf }) => bdf,
  wrongKind: (faults) => (faults.some(({ verdict }) => verdict === 'worse') ? 'below' : 'mismatch'),
  ordered: orderedOf,
  missing: ({ wanted, ordered, found, lacking }) => [
    {
      path: 'gpu',
      kind: 'missing',
      expected: ordered,
      actual: `${found} found`,
      source: 'driver',
      rule: 'gpu-multiset',
      sentence: `${lacking} of ${wanted.count} GPUs ${wanted.each()} not found: check that each is seated and has its power cable.`,
    },
  ],
  surplus: (gpus) =>
    gpus.map((gpu) => ({
      path: `gpu/${gpu.bdf}`,
      kind: 'unexpected',
      expected: 'nothing more',
      actual: describe(gpu),
      source: 'driver',
      rule: 'gpu-multiset',
      sentence: `GPU ${gpu.bdf}, ${describe(gpu)}, was not ordered.`,
    })),
};

const wantedOnce = oncePerEntry(wantedOf);

function wantedOf(expectation: GpuExpectation): Wanted<Gpu> {
  const { count, model, memoryBytes, firmwareMin } = expectation;
  const identity: Check<Gpu>[] = [];
  if (model !== undefined) {
    const test = glob(model);
    identity.push({ field: 'model', expected: model, test: (gpu) => test(gpu.model), actual: (gpu) => gpu.model });
  }
  if (memoryBytes !== undefined) {
    const test = tolerance(memoryBytes, defaultTolerancePercent);
    identity.push({
      field: 'memory',
      expected: formatBinaryBytes(memoryBytes),
      test: (gpu) => test(gpu.memoryBytes),
      actual: (gpu) => (gpu.memoryBytes === null ? null : formatBinaryBytes(gpu.memoryBytes)),
    });
  }
  const each = [model, memoryBytes === undefined ? undefined : formatBinaryBytes(memoryBytes)];
  const words = each.filter((part) => part !== undefined).join(' ');
  const state = firmwareMin === undefined ? [] : [firmwareCheck(firmwareMin)];
  return { count, each: () => (words === '' ? 'of any kind' : words), identity, state };
}

function firmwareCheck(firmwareMin: string): StateCheck<Gpu> {
  const test = versionAtLeast(firmwareMin);
  return {
    field: 'firmware',
    rule: 'gpu-firmware',
    kind: 'below',
    expected: `${firmwareMin} or newer`,
    test: (gpu) => test(gpu.firmware),
    actual: (gpu) => gpu.firmware,
    sentence: (gpu) =>
      `${kind.name(gpu)} has firmware ${gpu.firmware}; the class asks for ${firmwareMin} or newer: update it.`,
  };
}

function describe({ model, memoryBytes }: Gpu): string {
  const text = [model, memoryBytes === null ? null : formatBinaryBytes(memoryBytes)].filter((part) => part !== null);
  return text.length === 0 ? 'a GPU of a model not reported' : text.join(' ');
}
