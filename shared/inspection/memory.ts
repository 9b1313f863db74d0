// DIMMs against a class, slot by slot, and their sum against what the kernel can use.
import type { Dimm, Inventory } from '../hardware/inventory.ts';
import { memoryMaker } from '../hardware/jedec.ts';
import { formatBinaryBytes } from '../units.ts';
import {
  assign,
  orderedOf,
  rowsOf,
  singleRow,
  type Check,
  type Draft,
  type Entry,
  type Kind,
  type DraftRow,
  type Short,
  type StateCheck,
  type Wanted,
} from './component.ts';
import { listed, oncePerEntry } from './listed.ts';
import type { MachineClassSpec, MemoryExpectation } from './machine-class.ts';
import { atLeast, exactAmount, exactly, glob, globOneOf, globTest } from './matchers.ts';

type WantedDimm = Wanted<Dimm> & { readonly expectation: MemoryExpectation };

export function memoryRows(inventory: Inventory, spec: MachineClassSpec): DraftRow[] {
  const populated = inventory.dimms.filter((dimm) => dimm.populated);
  const kind = kindOf(inventory.dimms);
  const wanted = spec.memory.map(wantedOnce);
  const found = listed({ inventory, spec, evidence: kind.evidence }, wanted, populated);
  const assigned = assign(kind, found);
  const rows = [...rowsOf(kind, found, assigned), ...assigned.entries.flatMap(unequalChannels)];
  const isAsOrdered = rows.every(({ findings }) => findings.length === 0);
  return [...rows, ...usableMemory(inventory, spec, isAsOrdered)];
}

function kindOf(dimms: readonly Dimm[]): Kind<Dimm> {
  // Used up: each DIMM that is missing is said to be missing in a slot of its own.
  const emptySlots = dimms.filter((dimm) => !dimm.populated).map((dimm) => dimm.slot);
  const numbers = new Set(dimms.filter((dimm) => dimm.populated).map(({ slot }) => numberOf(slot)));
  return {
    component: 'memory',
    rule: 'memory-multiset',
    source: 'smbios',
    evidence: 'smbios.bin',
    plural: 'DIMMs',
    opening: (dimm) => `DIMM slot ${dimm.slot} holds`,
    name: (dimm) => `The DIMM in slot ${dimm.slot}`,
    path: (dimm) => `memory/${dimm.slot}`,
    describe: describeDimm,
    // Firmware repeats names of slots, never a handle; slots come first so that sentences read in their order.
    key: (dimm) => `${dimm.slot} ${String(dimm.handle).padStart(5, '0')}`,
    wrongKind: () => 'mismatch',
    ordered: orderedOf,
    missing: (short) => missing(short, { emptySlots, numbers }),
    surplus: (more) =>
      more.map((dimm): Draft => ({
        path: `memory/${dimm.slot}`,
        kind: 'unexpected',
        expected: 'nothing more',
        actual: describeDimm(dimm),
        source: 'smbios',
        rule: 'memory-multiset',
        sentence: `DIMM slot ${dimm.slot} holds ${describeDimm(dimm)}, which was not ordered.`,
      })),
  };
}

type Slots = { emptySlots: string[]; readonly numbers: ReadonlySet<string> };

function missing({ wanted, ordered, found, lacking }: Short<Dimm>, slots: Slots): Draft[] {
  const draft = (slot: string | undefined, sentence: string): Draft => ({
    path: `memory/${slot ?? 'slot'}`,
    kind: 'missing',
    expected: ordered,
    actual: `${found} found`,
    source: 'smbios',
    rule: 'memory-multiset',
    sentence,
  });
  const named = slotsOfMissing(slots, lacking);
  slots.emptySlots = slots.emptySlots.filter((slot) => !named.includes(slot));
  const rest = lacking - named.length;
  const drafts = named.map((slot) => draft(slot, `DIMM slot ${slot} is empty; ordered ${ordered}, found ${found}.`));
  if (rest === 0) return drafts;
  // One sentence for all that no slot explains.
  const dimms = rest === 1 ? 'DIMM' : 'DIMMs';
  return [
    ...drafts,
    draft(undefined, `${rest} ${dimms} of ${wanted.each()} not found; ordered ${ordered}, found ${found}.`),
  ];
}

/**
 * Which empty slots lack a DIMM: all, if no more are empty than DIMMs are missing; else those with a number that other
 * DIMMs sit at, if that settles it (of `A1 A2 B1 B2` with one in A1, one belongs in B1). A guess would send a person to
 * the wrong slot.
 */
function slotsOfMissing({ emptySlots, numbers }: Slots, lacking: number): string[] {
  const sorted = emptySlots.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));
  if (sorted.length <= lacking) return sorted;
  const likely = sorted.filter((slot) => numbers.has(numberOf(slot)));
  return likely.length <= lacking ? likely : [];
}

function numberOf(slot: string): string {
  return /(?<!\d)\d*$/.exec(slot)?.[0] ?? '';
}

const wantedOnce = oncePerEntry(wantedOf);

function wantedOf(expectation: MemoryExpectation): WantedDimm {
  return {
    expectation,
    count: expectation.count,
    each: () => describeWanted(expectation),
    identity: identityOf(expectation),
    state: stateOf(expectation),
  };
}

function identityOf(wanted: MemoryExpectation): Check<Dimm>[] {
  const size = exactAmount(wanted.sizeBytes);
  const checks: Check<Dimm>[] = [
    {
      field: 'size',
      expected: formatBinaryBytes(wanted.sizeBytes),
      test: (dimm) => size(dimm.sizeBytes),
      actual: (dimm) => (dimm.sizeBytes === null ? null : formatBinaryBytes(dimm.sizeBytes)),
    },
  ];
  const text = (field: string, expected: string, more: Pick<Check<Dimm>, 'test' | 'actual' | 'isDetail'>): void =>
    void checks.push({ field, expected, ...more });
  if (wanted.type !== undefined) {
    const test = exactly(wanted.type);
    text('type', wanted.type, { test: (dimm) => test(dimm.type), actual: (dimm) => dimm.type });
  }
  if (wanted.ratedMts !== undefined) {
    const test = exactAmount(wanted.ratedMts);
    text('rated speed', String(wanted.ratedMts), {
      test: (dimm) => test(dimm.ratedMts),
      actual: (dimm) => (dimm.ratedMts === null ? null : String(dimm.ratedMts)),
    });
  }
  if (wanted.ecc !== undefined) {
    const test = exactly<boolean>(wanted.ecc);
    text('ECC', 'yes', {
      test: (dimm) => test(dimm.ecc),
      actual: (dimm) => (dimm.ecc === null ? null : dimm.ecc ? 'yes' : 'no'),
      isDetail: true,
    });
  }
  if (wanted.rank !== undefined) {
    const test = exactly(wanted.rank);
    text('rank', String(wanted.rank), {
      test: (dimm) => test(dimm.rank),
      actual: (dimm) => (dimm.rank === null ? null : String(dimm.rank)),
      isDetail: true,
    });
  }
  if (wanted.manufacturers !== undefined) {
    const test = globOneOf(wanted.manufacturers);
    text('manufacturer', wanted.manufacturers.join(' or '), {
      // `00CE00B300CE` is Samsung too: a pattern may be for the name, or for what firmware writes.
      test: (dimm) => {
        const outcome = test(dimm.manufacturer);
        return outcome === 'wrong' && dimm.manufacturer !== null ? test(memoryMaker(dimm.manufacturer)) : outcome;
      },
      actual: (dimm) => (dimm.manufacturer === null ? null : memoryMaker(dimm.manufacturer)),
      isDetail: true,
    });
  }
  if (wanted.part !== undefined) {
    const test = glob(wanted.part);
    text('part number', wanted.part, { test: (dimm) => test(dimm.part), actual: (dimm) => dimm.part, isDetail: true });
  }
  return checks;
}

function stateOf({ configuredMtsMin, slots }: MemoryExpectation): StateCheck<Dimm>[] {
  const state: StateCheck<Dimm>[] = [];
  if (configuredMtsMin !== undefined) {
    const test = atLeast(configuredMtsMin);
    state.push({
      field: 'configured speed',
      rule: 'memory-configured-speed',
      kind: 'below',
      expected: `${configuredMtsMin} MT/s or more`,
      test: (dimm) => test(dimm.configuredMts),
      actual: (dimm) => (dimm.configuredMts === null ? null : `${dimm.configuredMts} MT/s`),
      verdict: (dimm) => ((dimm.ratedMts ?? 0) >= configuredMtsMin ? 'degraded' : 'worse'),
      sentence: (dimm) =>
        `DIMM slot ${dimm.slot} runs at ${dimm.configuredMts} MT/s; the class asks for ${configuredMtsMin} MT/s or more.`,
    });
  }
  if (Array.isArray(slots)) {
    const tests = slots.map(globTest);
    const allowed = slots.join(', ');
    state.push({
      field: 'slot',
      rule: 'memory-slots',
      kind: 'mismatch',
      expected: allowed,
      test: (dimm) => (tests.some((covers) => covers(dimm.slot)) ? 'match' : 'wrong'),
      actual: (dimm) => dimm.slot,
      sentence: (dimm) =>
        `DIMM slot ${dimm.slot} holds ${describeDimm(dimm)}; these DIMMs belong in ${allowed}: move it.`,
    });
  }
  return state;
}

/** Every channel that holds any of these DIMMs holds as many of them; those that are missing have their own finding. */
function unequalChannels({ wanted, taken, wrong, lacking }: Entry<Dimm, WantedDimm>): DraftRow[] {
  if (wanted.expectation.slots !== 'equal-per-channel' || lacking > 0) return [];
  const channels = new Map<string, string[]>();
  const unnamed: string[] = [];
  for (const dimm of [...taken, ...wrong]) {
    const channel = channelOf(dimm);
    if (channel === undefined) unnamed.push(dimm.slot);
    else channels.set(channel, [...(channels.get(channel) ?? []), dimm.slot]);
  }
  const counts = [...channels.values()].map((slots) => slots.length);
  const isEqual = new Set(counts).size <= 1;
  if (isEqual && unnamed.length === 0) return [];
  const seen = [...channels].map(([channel, slots]) => `${channel}: ${slots.length}`).join(', ');
  return [
    singleRow('memory', {
      path: 'memory/channels',
      kind: isEqual ? 'unverifiable' : 'mismatch',
      expected: 'as many DIMMs in each channel',
      actual: isEqual ? null : seen,
      source: 'smbios',
      rule: 'memory-channels',
      sentence: isEqual
        ? `Slot ${unnamed[0] ?? ''} does not tell its channel; the class asks for as many DIMMs in each channel.`
        : `Channels hold unequal numbers of ${wanted.each()} (${seen}): move DIMMs so that each holds as many.`,
    }),
  ];
}

/** `P0 CHANNEL A` as firmware names the bank; else the slot's name without its last number (`DIMM_A` of `DIMM_A1`). */
function channelOf({ slot, bank }: Dimm): string | undefined {
  if (bank !== null && /channel/i.test(bank)) return bank;
  return /^(.*[a-z])\d+$/i.exec(slot)?.[1];
}

/** A DIMM that firmware mapped out still shows in SMBIOS; the kernel has less than the sum of the DIMMs then. */
function usableMemory(inventory: Inventory, spec: MachineClassSpec, isAsOrdered: boolean): DraftRow[] {
  const populated = inventory.dimms.filter((dimm) => dimm.populated);
  const sizes = populated.flatMap((dimm) => (dimm.sizeBytes === null ? [] : [dimm.sizeBytes]));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const usable = inventory.memoryTotalBytes;
  if (sizes.length === 0) return [];
  const row = (kind: Draft['kind'], actual: string | null, sentence: string): DraftRow[] => [
    singleRow('memory', {
      path: 'memory/usable',
      kind,
      expected: formatBinaryBytes(total),
      actual,
      source: 'kernel',
      rule: 'memory-usable',
      sentence,
    }),
  ];
  if (usable === null) {
    if (spec.memory.length === 0) return [];
    return row(
      'unverifiable',
      null,
      `The DIMMs hold ${formatBinaryBytes(total)}; how much of it the system can use is not reported.`,
    );
  }
  const shown = formatBinaryBytes(usable);
  if (total - usable >= Math.min(...sizes)) {
    return row(
      'source-conflict',
      shown,
      `The DIMMs hold ${formatBinaryBytes(total)}, the system can use ${shown}: a DIMM is mapped out; see the firmware's memory log.`,
    );
  }
  // Where DIMMs are missing or wrong, that comes first: it says already that the list is not what was ordered.
  if (usable <= total || !isAsOrdered || sizes.length < populated.length) return [];
  return row(
    'source-conflict',
    shown,
    `The DIMMs hold ${formatBinaryBytes(total)}, the system can use ${shown}: firmware does not list every DIMM.`,
  );
}

function describeWanted(wanted: MemoryExpectation): string {
  const base = `${formatBinaryBytes(wanted.sizeBytes)} ${memoryType(wanted.type, wanted.ratedMts)}`.trim();
  return [
    wanted.ecc === undefined ? base : `${base} ECC`,
    wanted.rank === undefined ? undefined : `rank ${wanted.rank}`,
    wanted.part,
    wanted.manufacturers === undefined ? undefined : `by ${wanted.manufacturers.join(' or ')}`,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}

function describeDimm(dimm: Dimm): string {
  const size = dimm.sizeBytes === null ? 'a size not reported' : formatBinaryBytes(dimm.sizeBytes);
  return `${size} ${memoryType(dimm.type ?? undefined, dimm.ratedMts ?? undefined)}`.trim();
}

function memoryType(type: string | undefined, mts: number | undefined): string {
  return [type, mts].filter((part) => part !== undefined).join('-');
}
