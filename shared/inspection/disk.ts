// Disks against a class. Sizes are decimal and rounded as sold, so they compare within a tolerance.
import type { Disk, Inventory } from '../hardware/inventory.ts';
import { formatDecimalBytes } from '../units.ts';
import {
  assign,
  orderedOf,
  rowsOf,
  type Check,
  type Kind,
  type DraftRow,
  type StateCheck,
  type Wanted,
} from './component.ts';
import { listed, oncePerEntry } from './listed.ts';
import type { DiskExpectation, MachineClassSpec } from './machine-class.ts';
import { exactly, glob, tolerance, versionAtLeast } from './matchers.ts';

const defaultTolerancePercent = 1;

export function diskRows(inventory: Inventory, spec: MachineClassSpec): DraftRow[] {
  const found = inventory.disks.filter(isOrderedDisk(inventory.disks));
  const disks = listed({ inventory, spec, evidence: kind.evidence }, spec.disks.map(wantedOnce), found);
  return rowsOf(kind, disks, assign(kind, disks));
}

/**
 * What is on USB is a BMC's virtual media, or somebody's stick. Where a RAID controller hides drives that it tells of, the
 * volumes it shows in their place are not what was bought.
 */
export function isOrderedDisk(disks: readonly Disk[]): (disk: Disk) => boolean {
  const isHiding = disks.some(({ behind }) => behind !== null);
  return ({ transport, behind }) => transport !== 'usb' && !(isHiding && transport === 'other' && behind === null);
}

const kind: Kind<Disk> = {
  component: 'disk',
  rule: 'disk-multiset',
  source: 'sysfs',
  evidence: 'block.json',
  plural: 'disks',
  opening: (disk) => `${nameOf(disk)} is`,
  name: nameOf,
  path: pathOf,
  describe,
  key: (disk) => disk.name,
  wrongKind: (faults) =>
    faults.some(({ field, verdict }) => field === 'size' && (verdict === 'worse' || verdict === 'degraded'))
      ? 'below'
      : 'mismatch',
  ordered: orderedOf,
  missing: ({ ordered, found, lacking }) =>
    Array.from({ length: lacking }, () => ({
      path: 'disk/bay',
      kind: 'missing',
      expected: ordered,
      actual: `${found} found`,
      source: 'sysfs',
      rule: 'disk-multiset',
      sentence: `A disk is missing: ordered ${ordered}, found ${found}.`,
    })),
  surplus: (disks) =>
    disks.map((disk) => ({
      path: pathOf(disk),
      kind: 'unexpected',
      expected: 'nothing more',
      actual: describe(disk),
      source: 'sysfs',
      rule: 'disk-multiset',
      sentence: `${nameOf(disk)}, ${describe(disk)}, was not ordered.`,
    })),
};

function nameOf(disk: Disk): string {
  return `Disk ${disk.name} (SN ${disk.serial ?? 'not reported'})`;
}

function pathOf(disk: Disk): string {
  return `disk/${disk.serial ?? disk.name}`;
}

const wantedOnce = oncePerEntry(wantedOf);

function wantedOf(expectation: DiskExpectation): Wanted<Disk> {
  const { count } = expectation;
  return {
    count,
    each: () => describeWanted(expectation),
    identity: identityOf(expectation),
    state: stateOf(expectation),
  };
}

function identityOf(wanted: DiskExpectation): Check<Disk>[] {
  const { transport, model, rotational } = wanted;
  const checks: Check<Disk>[] = [sizeCheck(wanted)];
  if (transport !== undefined) {
    checks.push({
      field: 'transport',
      expected: transport,
      test: (disk) => (disk.transport === transport ? 'match' : 'wrong'),
      actual: (disk) => disk.transport,
    });
  }
  if (model !== undefined) {
    const test = glob(model);
    checks.push({ field: 'model', expected: model, test: (disk) => test(disk.model), actual: (disk) => disk.model });
  }
  if (rotational !== undefined) {
    const test = exactly(rotational);
    checks.push({
      field: 'medium',
      expected: medium(rotational),
      test: (disk) => test(disk.rotational),
      actual: (disk) => (disk.rotational === null ? null : medium(disk.rotational)),
      isDetail: true,
    });
  }
  return checks;
}

function sizeCheck({ sizeBytes, tolerancePercent, model }: DiskExpectation): StateCheck<Disk> | Check<Disk> {
  const test = tolerance(sizeBytes, tolerancePercent ?? defaultTolerancePercent);
  const isModel = model === undefined ? undefined : glob(model);
  return {
    field: 'size',
    expected: formatDecimalBytes(sizeBytes),
    test: (disk) => test(disk.sizeBytes),
    actual: (disk) => (disk.sizeBytes === null ? null : formatDecimalBytes(disk.sizeBytes)),
    // The right model that shows less than it has: a part of it is hidden (host protected area, over-provisioning).
    verdict: (disk) => {
      const outcome = test(disk.sizeBytes);
      return outcome === 'worse' && isModel?.(disk.model) === 'match' ? 'degraded' : outcome;
    },
  };
}

function stateOf({ firmwareMin, logicalBlockBytes }: DiskExpectation): StateCheck<Disk>[] {
  const state: StateCheck<Disk>[] = [];
  if (firmwareMin !== undefined) {
    const test = versionAtLeast(firmwareMin);
    state.push({
      field: 'firmware',
      rule: 'disk-firmware',
      kind: 'below',
      expected: `${firmwareMin} or newer`,
      test: (disk) => test(disk.firmware),
      actual: (disk) => disk.firmware,
      sentence: (disk) =>
        `${nameOf(disk)} has firmware ${disk.firmware}; the class asks for ${firmwareMin} or newer: update it.`,
    });
  }
  if (logicalBlockBytes !== undefined) {
    const test = exactly(logicalBlockBytes);
    state.push({
      field: 'block size',
      rule: 'disk-block-size',
      kind: 'mismatch',
      expected: `${logicalBlockBytes} bytes`,
      test: (disk) => test(disk.logicalBlockBytes),
      actual: (disk) => (disk.logicalBlockBytes === null ? null : `${disk.logicalBlockBytes} bytes`),
      sentence: (disk) =>
        `${nameOf(disk)} has blocks of ${disk.logicalBlockBytes} bytes; the class asks for ${logicalBlockBytes}: format it anew.`,
    });
  }
  return state;
}

const transportNames: Readonly<Record<Disk['transport'], string>> = {
  nvme: 'NVMe', sata: 'SATA', sas: 'SAS', virtio: 'virtio', usb: 'USB', other: '',
}; // prettier-ignore

function medium(rotational: boolean): string {
  return rotational ? 'rotating' : 'flash';
}

function describeWanted({ sizeBytes, transport, rotational, model }: DiskExpectation): string {
  return [
    formatDecimalBytes(sizeBytes),
    transport === undefined ? undefined : transportNames[transport],
    rotational === undefined ? undefined : medium(rotational),
    model,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}

function describe(disk: Disk): string {
  const size = disk.sizeBytes === null ? 'of a size not reported' : formatDecimalBytes(disk.sizeBytes);
  return [size, transportNames[disk.transport], disk.model ?? ''].filter((part) => part !== '').join(' ');
}
