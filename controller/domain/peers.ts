// A machine's figures beside those of its peers: machines of one class and product in the same burn-in. What one part in
// it cannot do shows here before it shows anywhere else: a missing memory channel, a drive on half its lanes. Pure.
import { parseFigure, type Figures } from '../../shared/burn-in/figures.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';

/** One rate; `model` is what makes parts comparable, where the figure is of a part. */
export type Measured = {
  readonly name: string;
  readonly part: string | null;
  readonly model: string | null;
  readonly value: number;
};

export type Deviation = Measured & {
  /** Of the peers' own medians; null where there are too few of them. */
  readonly median: number | null;
  readonly peers: number;
  /** Above the median; negative below it. */
  readonly percent: number | null;
  readonly isLow: boolean;
};

/** With fewer, nobody can say which one is odd. */
export const peersMin = 3;

/** Rates of which more is better, with how far below its peers a machine may be, percent. */
const belowPercentMax: Readonly<Record<string, number>> = {
  cpuOpsPerSecond: 5,
  memoryOpsPerSecond: 5,
  memoryBytesPerSecond: 5,
  memoryReadBytesPerSecond: 5,
  memoryWriteBytesPerSecond: 5,
  diskReadBytesPerSecond: 10,
  diskRandomReadsPerSecond: 10,
  diskWriteBytesPerSecond: 10,
  networkSendBitsPerSecond: 10,
  networkReceiveBitsPerSecond: 10,
};

/** The comparable ones of a report's figures. */
export function measuredOf(figures: Figures, inventory: Inventory): Measured[] {
  return Object.entries(figures).flatMap(([key, value]) => {
    const { name, part = null } = parseFigure(key);
    if (!Object.hasOwn(belowPercentMax, name)) return [];
    const disk = inventory.disks.find((each) => part !== null && (each.serial ?? each.name) === part);
    const nic = inventory.nics.find((each) => part !== null && each.name === part);
    const model = disk?.model ?? (nic === undefined ? null : `${nic.driver ?? '?'} ${nic.maxMbps ?? '?'}`);
    return [{ name, part, model, value }];
  });
}

/** Each own figure beside the median of the peers. A peer with many parts of a model counts once, with their median. */
export function compareWithPeers(own: readonly Measured[], peers: readonly (readonly Measured[])[]): Deviation[] {
  return own.map((figure) => {
    const values = peers.flatMap((peer) => {
      const same = peer.filter((other) => other.name === figure.name && other.model === figure.model);
      return same.length === 0 ? [] : [medianOf(same.map(({ value }) => value))];
    });
    const count = { ...figure, peers: values.length };
    const median = medianOf(values);
    if (values.length < peersMin || median <= 0) return { ...count, median: null, percent: null, isLow: false };
    const percent = (figure.value / median - 1) * 100;
    const least = 100 - (belowPercentMax[figure.name] ?? 100);
    return { ...count, median, percent, isLow: figure.value * 100 < median * least };
  });
}

/** NaN of nothing. */
function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** `cpuOpsPerSecond is 810, 19 % below the 1000 of 5 peers`. */
export function figureSentence({ name, part, value, median, percent, peers }: Deviation): string {
  const what = part === null ? name : `${name} of ${part}`;
  const below = Math.abs(percent ?? 0).toFixed(0);
  return `${what} is ${rounded(value)}, ${below} % below ${rounded(median ?? 0)}, the median of ${peers} machines of its model.`;
}

/** Three digits are enough to compare; units are in the name. */
function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}
