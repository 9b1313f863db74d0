// What others compare, re-implemented from the rules that they document or that their code applies: each takes a machine
// that is as ordered, derives from it what its operator would write down, and judges other machines by that. Rules on
// facts that an inventory here does not hold (TPM version, architecture) are left out: none of the faults changes them.
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { isWithin, matchesGlob } from '../../shared/inspection/matchers.ts';

export type Baseline = {
  readonly name: string;
  /** What the operator writes down; then whether a machine passes. */
  readonly learn: (good: Inventory) => (machine: Inventory) => boolean;
};

/**
 * NVIDIA's SKU check: chassis model, sum of sockets, sum of threads, GPUs and InfiniBand adapters counted by model, the
 * sum of memory, NVMe drives counted by model.
 */
const nvidiaSku: Baseline = {
  name: 'NVIDIA SKU check',
  learn: (good) => {
    const expected = JSON.stringify(skuOf(good));
    return (machine) => JSON.stringify(skuOf(machine)) === expected;
  },
};

function skuOf({ identity, cpus, dimms, disks, pci }: Inventory): unknown {
  const populated = cpus.filter((cpu) => cpu.populated);
  return {
    chassis: identity.product,
    sockets: populated.length,
    threads: sum(populated.map(({ threads }) => threads)),
    gpus: countBy(pci.filter(isNvidiaGpu).map(({ vendor, device }) => `${vendor}:${device}`)),
    infiniband: countBy(pci.filter(({ class: code }) => code.startsWith('0207')).map((p) => `${p.vendor}:${p.device}`)),
    memory: sum(dimms.map(({ sizeBytes }) => sizeBytes)),
    nvme: countBy(disks.filter(({ transport }) => transport === 'nvme').map(({ model }) => model ?? '')),
  };
}

/**
 * metal-stack's sizes: cores by CPU model, usable memory, storage by device name and GPUs by model, each within a range;
 * every CPU, disk and GPU must be covered by a range. The ranges here are as narrow as can be for cores and GPUs, and
 * five percent either way for memory and storage.
 */
const metalStackSize: Baseline = {
  name: 'metal-stack size',
  learn: (good) => {
    const patterns = [...new Set(good.cpus.map(({ model }) => `*${/\w*\d{4}\w*/.exec(model ?? '')?.[0] ?? ''}*`))];
    const isKnown = (model: string | null): boolean => patterns.some((pattern) => matchesGlob(pattern, model ?? ''));
    const isAlike = (a: number, b: number): boolean => (b === 0 ? a === 0 : isWithin(a, b, 5));
    const wanted = sizeOf(good);
    return (machine) => {
      const found = sizeOf(machine);
      const models = machine.cpus.filter((cpu) => cpu.populated).map(({ model }) => model);
      return (
        models.every(isKnown) &&
        found.cores === wanted.cores &&
        isAlike(found.memory, wanted.memory) &&
        isAlike(found.nvme, wanted.nvme) &&
        isAlike(found.other, wanted.other) &&
        found.gpus === wanted.gpus
      );
    };
  },
};

type Size = { cores: number; memory: number; nvme: number; other: number; gpus: string };

function sizeOf({ cpus, memoryTotalBytes, disks, pci }: Inventory): Size {
  const bytesOf = (isNvme: boolean): number =>
    sum(disks.filter((disk) => isNvme === (disk.transport === 'nvme')).map(({ sizeBytes }) => sizeBytes));
  return {
    cores: sum(cpus.map(({ enabledCores }) => enabledCores)),
    memory: memoryTotalBytes ?? 0,
    nvme: bytesOf(true),
    other: bytesOf(false),
    gpus: countBy(pci.filter(isNvidiaGpu).map(({ device }) => device)),
  };
}

/** What is often written by hand: the product, and totals of each kind. */
const totals: Baseline = {
  name: 'totals',
  learn: (good) => {
    const wanted = totalsOf(good);
    return (machine) => {
      const { diskBytes, ...found } = totalsOf(machine);
      const { diskBytes: expected, ...rest } = wanted;
      return JSON.stringify(found) === JSON.stringify(rest) && isWithin(diskBytes, expected, 1);
    };
  },
};

function totalsOf({ identity, cpus, dimms, disks, nics }: Inventory): { diskBytes: number } & Record<string, unknown> {
  return {
    product: identity.product,
    sockets: cpus.filter(({ populated }) => populated).length,
    cores: sum(cpus.map(({ cores }) => cores)),
    memory: sum(dimms.map(({ sizeBytes }) => sizeBytes)),
    disks: disks.length,
    diskBytes: sum(disks.map(({ sizeBytes }) => sizeBytes)),
    ports: nics.length,
  };
}

export const baselines: readonly Baseline[] = [nvidiaSku, metalStackSize, totals];

function isNvidiaGpu({ vendor, class: code }: Inventory['pci'][number]): boolean {
  return vendor === '10de' && code.startsWith('03');
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

function countBy(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return JSON.stringify([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
