// The comparator: an inventory against what a machine class promises. Pure. What a machine does not report is
// "not reported" and blocks; it never passes silently.
import type { Dimm, Disk, Inventory } from '../hardware/inventory.ts';
import { formatBinaryBytes, formatDecimalBytes } from '../units.ts';
import type { Finding } from './finding.ts';
import type { DiskExpectation, MachineClassSpec, MemoryExpectation } from './machine-class.ts';
import { compareVersions, isWithin, matchesGlob } from './matchers.ts';
import { matchMultiset } from './multiset.ts';

export type Promised = { readonly class: string; readonly spec: MachineClassSpec };

const defaultDiskTolerancePercent = 1;

type Draft = Omit<Finding, 'class' | 'severity'> & { readonly severity?: Finding['severity'] };

/** Differences between a machine and its class, each with a sentence a person in the datacentre can act on. */
export function compare(inventory: Inventory, promised: Promised): Finding[] {
  const drafts = [
    ...product(inventory, promised.spec),
    ...cpus(inventory, promised.spec),
    ...memory(inventory, promised.spec),
    ...usableMemory(inventory),
    ...disks(inventory, promised.spec),
    ...nics(inventory, promised.spec),
    ...firmware(inventory, promised.spec),
  ];
  return drafts.map((draft) => ({ severity: 'block', ...draft, class: promised.class }));
}

function product(inventory: Inventory, spec: MachineClassSpec): Draft[] {
  if (spec.product === undefined) return [];
  const actual = inventory.identity.product;
  if (actual !== null && matchesGlob(spec.product, actual)) return [];
  return [
    {
      path: 'system/product',
      kind: actual === null ? 'unverifiable' : 'mismatch',
      expected: spec.product,
      actual,
      source: 'smbios',
      rule: 'product',
      sentence: `The machine says it is ${actual ?? 'nothing (not reported)'}; ordered ${spec.product}.`,
    },
  ];
}

function cpus(inventory: Inventory, spec: MachineClassSpec): Draft[] {
  const expectations = spec.cpus.map((wanted) => ({
    ...wanted,
    matches: (cpu: Inventory['cpus'][number]): boolean =>
      (wanted.model === undefined || (cpu.model !== null && matchesGlob(wanted.model, cpu.model))) &&
      (wanted.cores === undefined || cpu.cores === wanted.cores) &&
      (wanted.threads === undefined || cpu.threads === wanted.threads),
  }));
  const found = inventory.cpus.filter((cpu) => cpu.populated);
  const { taken, left } = matchMultiset(expectations, found);
  const describe = (cpu: { model?: string | null; cores?: number | null; threads?: number | null }): string =>
    [
      cpu.model ?? 'any model',
      cpu.cores == null ? '' : `${cpu.cores} cores`,
      cpu.threads == null ? '' : `${cpu.threads} threads`,
    ]
      .filter((part) => part !== '')
      .join(', ');
  return taken
    .flatMap(({ expectation, items, lacking }): Draft[] =>
      lacking <= 0
        ? []
        : [
            {
              path: 'cpu',
              kind: left.length > 0 ? 'mismatch' : 'missing',
              expected: `${expectation.count} × ${describe(expectation)}`,
              actual: found.map(describe).join('; ').slice(0, 300) || 'none',
              source: 'smbios',
              rule: 'cpu-multiset',
              sentence:
                left.length > 0
                  ? `CPU in socket ${left[0]?.socket ?? '?'} is ${describe(left[0] ?? {})}; ordered ${describe(expectation)}.`
                  : `${items.length} of ${expectation.count} CPUs found; ordered ${describe(expectation)}.`,
            },
          ],
    )
    .concat(surplus(taken, left.length, 'CPU'));
}

function memory(inventory: Inventory, spec: MachineClassSpec): Draft[] {
  const expectations = spec.memory.map((wanted) => ({
    ...wanted,
    matches: (dimm: Dimm): boolean =>
      dimm.sizeBytes === wanted.sizeBytes &&
      (wanted.type === undefined || dimm.type?.toLowerCase() === wanted.type.toLowerCase()) &&
      (wanted.ratedMts === undefined || dimm.ratedMts === wanted.ratedMts),
  }));
  const populated = inventory.dimms.filter((dimm) => dimm.populated);
  const emptySlots = inventory.dimms.filter((dimm) => !dimm.populated).map((dimm) => dimm.slot);
  const { taken, left } = matchMultiset(expectations, populated);
  const wrong = [...left];
  const drafts: Draft[] = [];
  for (const { expectation, items, lacking } of taken) {
    const ordered = `${expectation.count} × ${describeMemory(expectation)}`;
    for (let index = 0; index < lacking; index += 1) {
      const dimm = wrong.shift();
      const slot = dimm === undefined ? emptySlots.shift() : dimm.slot;
      const rest = lacking - index;
      drafts.push({
        path: `memory/${slot ?? 'slot'}`,
        kind: dimm === undefined ? 'missing' : 'mismatch',
        expected: ordered,
        actual: dimm === undefined ? `${items.length} found` : describeDimm(dimm),
        source: 'smbios',
        rule: 'memory-multiset',
        sentence: memorySentence({ dimm, slot, rest, ordered, found: items.length, each: describeMemory(expectation) }),
      });
      // One sentence for all that no slot explains.
      if (dimm === undefined && slot === undefined) break;
    }
  }
  return [
    ...drafts,
    ...wrong.map((dimm): Draft => ({
      path: `memory/${dimm.slot}`,
      kind: 'unexpected',
      expected: 'nothing more',
      actual: describeDimm(dimm),
      source: 'smbios',
      rule: 'memory-multiset',
      sentence: `DIMM slot ${dimm.slot} holds ${describeDimm(dimm)}, which was not ordered.`,
    })),
  ];
}

type MemoryCase = {
  readonly dimm: Dimm | undefined;
  readonly slot: string | undefined;
  readonly rest: number;
  readonly ordered: string;
  readonly found: number;
  readonly each: string;
};

function memorySentence({ dimm, slot, rest, ordered, found, each }: MemoryCase): string {
  if (dimm !== undefined) return `DIMM slot ${dimm.slot} holds ${describeDimm(dimm)}; ordered ${ordered}.`;
  if (slot !== undefined) return `DIMM slot ${slot} is empty; ordered ${ordered}, found ${found}.`;
  return `${rest} DIMM${rest === 1 ? '' : 's'} of ${each} not found; ordered ${ordered}, found ${found}.`;
}

/** A DIMM that firmware mapped out still shows in SMBIOS; the kernel has less than the sum of the DIMMs then. */
function usableMemory(inventory: Inventory): Draft[] {
  const sizes = inventory.dimms.flatMap((dimm) => (dimm.populated && dimm.sizeBytes !== null ? [dimm.sizeBytes] : []));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const usable = inventory.memoryTotalBytes;
  if (usable === null || sizes.length === 0 || total - usable < Math.min(...sizes)) return [];
  return [
    {
      path: 'memory/usable',
      kind: 'source-conflict',
      expected: formatBinaryBytes(total),
      actual: formatBinaryBytes(usable),
      source: 'kernel',
      rule: 'memory-usable',
      sentence: `The DIMMs hold ${formatBinaryBytes(total)}, the system can use ${formatBinaryBytes(usable)}: a DIMM is mapped out; see the firmware's memory log.`,
    },
  ];
}

function disks(inventory: Inventory, spec: MachineClassSpec): Draft[] {
  const expectations = spec.disks.map((wanted) => ({
    ...wanted,
    matches: (disk: Disk): boolean =>
      disk.sizeBytes !== null &&
      isWithin(disk.sizeBytes, wanted.sizeBytes, wanted.tolerancePercent ?? defaultDiskTolerancePercent) &&
      (wanted.transport === undefined || disk.transport === wanted.transport) &&
      (wanted.model === undefined || (disk.model !== null && matchesGlob(wanted.model, disk.model))),
  }));
  const found = inventory.disks.filter((disk) => disk.transport !== 'usb');
  const { taken, left } = matchMultiset(expectations, found);
  const wrong = [...left];
  const drafts = taken.flatMap(({ expectation, items, lacking }) => {
    const ordered = `${expectation.count} × ${describeDiskExpectation(expectation)}`;
    return Array.from({ length: lacking }, (): Draft => {
      const disk = wrong.shift();
      return {
        path: `disk/${disk?.serial ?? disk?.name ?? 'bay'}`,
        kind: disk === undefined ? 'missing' : isSmaller(disk, expectation) ? 'below' : 'mismatch',
        expected: ordered,
        actual: disk === undefined ? `${items.length} found` : describeDisk(disk),
        source: 'sysfs',
        rule: 'disk-multiset',
        sentence:
          disk === undefined
            ? `A disk is missing: ordered ${ordered}, found ${items.length}.`
            : `Disk ${disk.name} (SN ${disk.serial ?? 'not reported'}) is ${describeDisk(disk)}; ordered ${ordered}.`,
      };
    });
  });
  return [
    ...drafts,
    ...wrong.map((disk): Draft => ({
      path: `disk/${disk.serial ?? disk.name}`,
      kind: 'unexpected',
      expected: 'nothing more',
      actual: describeDisk(disk),
      source: 'sysfs',
      rule: 'disk-multiset',
      sentence: `Disk ${disk.name} (SN ${disk.serial ?? 'not reported'}), ${describeDisk(disk)}, was not ordered.`,
    })),
  ];
}

function nics(inventory: Inventory, spec: MachineClassSpec): Draft[] {
  return spec.nics.flatMap((wanted): Draft[] => {
    const ports = inventory.nics;
    const draft = (
      kind: Finding['kind'],
      rule: string,
      texts: { expected: string; actual: string; sentence: string },
    ): Draft => ({
      path: 'nic',
      kind,
      source: 'sysfs',
      rule,
      ...texts,
    });
    const up = ports.filter((nic) => nic.linkUp === true);
    const down = ports.filter((nic) => nic.linkUp !== true);
    const slow = up.filter(
      (nic) => wanted.speedMbpsMin !== undefined && nic.speedMbps !== null && nic.speedMbps < wanted.speedMbpsMin,
    );
    const names = (list: typeof ports): string =>
      list
        .map((nic) => `${nic.name} (${nic.mac})`)
        .join(', ')
        .slice(0, 120);
    return [
      ...(ports.length === wanted.count
        ? []
        : [
            draft(ports.length < wanted.count ? 'missing' : 'unexpected', 'nic-count', {
              expected: `${wanted.count} ports`,
              actual: `${ports.length} ports`,
              sentence: `${ports.length} network ports found; ordered ${wanted.count}.`,
            }),
          ]),
      ...(wanted.linksUp === undefined || up.length >= wanted.linksUp
        ? []
        : [
            draft('degraded', 'nic-links', {
              expected: `${wanted.linksUp} links up`,
              actual: `${up.length} up`,
              sentence: `No link on ${names(down)}; ${wanted.linksUp} ports must have one: check the cable.`,
            }),
          ]),
      ...slow.map((nic) =>
        draft('below', 'nic-speed', {
          expected: `${wanted.speedMbpsMin} Mb/s`,
          actual: `${nic.speedMbps} Mb/s`,
          sentence: `Port ${nic.name} runs at ${nic.speedMbps} Mb/s; ordered ${wanted.speedMbpsMin} Mb/s.`,
        }),
      ),
    ];
  });
}

function firmware(inventory: Inventory, spec: MachineClassSpec): Draft[] {
  const wanted = spec.biosVersionMin;
  const actual = inventory.firmware.biosVersion;
  if (wanted === undefined || (actual !== null && compareVersions(actual, wanted) >= 0)) return [];
  return [
    {
      path: 'firmware/bios',
      kind: actual === null ? 'unverifiable' : 'below',
      expected: `${wanted} or newer`,
      actual,
      source: 'smbios',
      rule: 'bios-version',
      sentence: `BIOS version is ${actual ?? 'not reported'}; the class asks for ${wanted} or newer: update it.`,
    },
  ];
}

function surplus(taken: readonly { lacking: number }[], left: number, what: string): Draft[] {
  const lacking = taken.reduce((sum, entry) => sum + Math.max(0, entry.lacking), 0);
  if (left <= lacking) return [];
  return [
    {
      path: what.toLowerCase(),
      kind: 'unexpected',
      expected: 'nothing more',
      actual: `${left - lacking} more`,
      source: 'smbios',
      rule: `${what.toLowerCase()}-multiset`,
      sentence: `${left - lacking} more ${what} than ordered.`,
    },
  ];
}

function isSmaller(disk: Disk, expectation: DiskExpectation): boolean {
  return disk.sizeBytes !== null && disk.sizeBytes < expectation.sizeBytes;
}

function describeMemory(wanted: MemoryExpectation): string {
  return `${formatBinaryBytes(wanted.sizeBytes)} ${memoryType(wanted.type, wanted.ratedMts)}`.trim();
}

function describeDimm(dimm: Dimm): string {
  const size = dimm.sizeBytes === null ? 'a size not reported' : formatBinaryBytes(dimm.sizeBytes);
  return `${size} ${memoryType(dimm.type ?? undefined, dimm.ratedMts ?? undefined)}`.trim();
}

function memoryType(type: string | undefined, mts: number | undefined): string {
  return [type, mts].filter((part) => part !== undefined).join('-');
}

const transportNames: Readonly<Record<Disk['transport'], string>> = {
  nvme: 'NVMe', sata: 'SATA', sas: 'SAS', virtio: 'virtio', usb: 'USB', other: '',
}; // prettier-ignore

function describeDiskExpectation(wanted: DiskExpectation): string {
  return [
    formatDecimalBytes(wanted.sizeBytes),
    wanted.transport === undefined ? undefined : transportNames[wanted.transport],
    wanted.model,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}

function describeDisk(disk: Disk): string {
  const size = disk.sizeBytes === null ? 'of a size not reported' : formatDecimalBytes(disk.sizeBytes);
  return [size, transportNames[disk.transport], disk.model ?? ''].filter((part) => part !== '').join(' ');
}
