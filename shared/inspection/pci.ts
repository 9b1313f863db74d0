// PCI functions against a class: GPUs and adapters, and whether their links run as wide and as fast as asked.
import type { Inventory, PciDevice } from '../hardware/inventory.ts';
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
import type { MachineClassSpec, PciExpectation } from './machine-class.ts';
import { atLeast, exactly, glob, globTest } from './matchers.ts';

/** Classes of what people order: storage, network, display, co-processors, accelerators (PCI Code and ID Assignment). */
export const orderedPciClasses = ['01*', '02*', '03*', '0b*', '12*'] as const;

type WantedPci = Wanted<PciDevice> & { readonly expectation: PciExpectation };

export function pciRows(inventory: Inventory, spec: MachineClassSpec): DraftRow[] {
  if (spec.pci === undefined && spec.pciNothingElse === undefined) return [];
  const wanted = (spec.pci ?? []).map(wantedOnce);
  const found = listed({ inventory, spec, evidence: kind.evidence }, wanted, inScope(inventory, spec, wanted));
  return rowsOf(kind, found, assign(kind, found));
}

/** What an entry asks for, and what may not be there unlisted. A machine has a hundred functions that nobody orders. */
function inScope(inventory: Inventory, spec: MachineClassSpec, wanted: readonly WantedPci[]): PciDevice[] {
  const closed = spec.pciNothingElse?.map(globTest);
  const isOrdered = (device: PciDevice): boolean => wanted.some((entry) => isAnyOf(entry, device));
  const scopes = new Map<string, Scope>();
  const scopeOf = (device: PciDevice): Scope => {
    const known = scopes.get(device.class);
    if (known !== undefined) return known;
    const isClosed = closed?.some((covers) => covers(device.class)) ?? false;
    const isAsked = wanted.some(({ identity }) => isPossible(identity, device));
    const scope = isClosed ? 'closed' : isAsked ? 'asked' : 'open';
    scopes.set(device.class, scope);
    return scope;
  };
  const found = inventory.pci.filter((device) => {
    const scope = scopeOf(device);
    return scope === 'closed' || (scope === 'asked' && isOrdered(device));
  });
  if (closed !== undefined) return found;
  const classes = new Set(found.map(classOf));
  return inventory.pci.filter((device) => classes.has(classOf(device)));
}

/** A class of devices: nothing unlisted may be in it, an entry may ask for some of it, or nobody cares. */
type Scope = 'closed' | 'asked' | 'open';

/** Whether a device of this class can be one of these. */
function isPossible(identity: readonly Check<PciDevice>[], device: PciDevice): boolean {
  return identity.every((check) => check.field !== 'class' || check.test(device) === 'match');
}

function isAnyOf(wanted: WantedPci, device: PciDevice): boolean {
  return wanted.identity.every((check) => check.test(device) === 'match');
}

/** Class and subclass, without the programming interface (PCI Code and ID Assignment 1.16). */
function classOf(device: PciDevice): string {
  return device.class.slice(0, 4);
}

const kind: Kind<PciDevice> = {
  component: 'pci',
  rule: 'pci-multiset',
  source: 'sysfs',
  evidence: 'pci.json',
  plural: 'PCI devices',
  opening: (device) => `PCI device ${device.bdf} is`,
  name: (device) => `PCI device ${device.bdf} (${idOf(device)})`,
  path: pathOf,
  describe,
  key: (device) => device.bdf,
  wrongKind: () => 'mismatch',
  ordered: orderedOf,
  missing: ({ wanted, ordered, found, lacking }) => [
    {
      path: 'pci',
      kind: 'missing',
      expected: ordered,
      actual: `${found} found`,
      source: 'sysfs',
      rule: 'pci-multiset',
      sentence: `${lacking} of ${wanted.count} PCI devices ${wanted.each()} not found: check that each card is seated and powered.`,
    },
  ],
  surplus: (devices) =>
    devices.map((device) => ({
      path: pathOf(device),
      kind: 'unexpected',
      expected: 'nothing more',
      actual: describe(device),
      source: 'sysfs',
      rule: 'pci-multiset',
      sentence: `PCI device ${device.bdf}, ${describe(device)}, was not ordered.`,
    })),
  // A network adapter is no GPU that went wrong.
  standsFor: (device, { identity }) => {
    const ofClass = identity.find(({ field }) => field === 'class');
    const ofVendor = identity.find(({ field }) => field === 'vendor');
    return (ofClass ?? ofVendor)?.test(device) === 'match';
  },
};

function pathOf(device: PciDevice): string {
  return `pci/${device.bdf}`;
}

function idOf(device: PciDevice): string {
  return `${device.vendor}:${device.device}`;
}

function describe(device: PciDevice): string {
  return `${idOf(device)} of class ${device.class}`;
}

const wantedOnce = oncePerEntry(wantedOf);

function wantedOf(expectation: PciExpectation): WantedPci {
  const identity: Check<PciDevice>[] = [];
  for (const field of ['device', 'vendor'] as const) {
    const wanted = expectation[field];
    if (wanted === undefined) continue;
    const test = exactly(wanted);
    identity.push({ field, expected: wanted, test: (found) => test(found[field]), actual: (found) => found[field] });
  }
  if (expectation.class !== undefined) {
    const test = glob(expectation.class);
    identity.push({ field: 'class', expected: expectation.class, test: (d) => test(d.class), actual: (d) => d.class });
  }
  const { count, vendor, device } = expectation;
  const id = vendor === undefined && device === undefined ? '' : `${vendor ?? '*'}:${device ?? '*'}`;
  const ofClass = expectation.class === undefined ? '' : `of class ${expectation.class}`;
  const each = [id, ofClass].filter((part) => part !== '').join(' ');
  return {
    expectation,
    count,
    each: () => (each === '' ? 'of any kind' : each),
    identity,
    state: stateOf(expectation),
  };
}

function stateOf({ linkWidthMin, linkSpeedGtsMin }: PciExpectation): StateCheck<PciDevice>[] {
  return [
    ...(linkWidthMin === undefined ? [] : [widthCheck(linkWidthMin)]),
    ...(linkSpeedGtsMin === undefined ? [] : [speedCheck(linkSpeedGtsMin)]),
  ];
}

function widthCheck(lanes: number): StateCheck<PciDevice> {
  const test = atLeast(lanes);
  return {
    field: 'link width',
    rule: 'pci-link-width',
    kind: 'degraded',
    expected: `x${lanes} or wider`,
    test: (device) => test(device.currentLinkWidth),
    actual: (device) => (device.currentLinkWidth === null ? null : `x${device.currentLinkWidth}`),
    verdict: (device) => ((device.maxLinkWidth ?? 0) >= lanes ? 'degraded' : 'worse'),
    sentence: (device) => {
      const runs = `${kind.name(device)} runs at x${device.currentLinkWidth}`;
      if ((device.maxLinkWidth ?? 0) >= lanes)
        return `${runs} of x${device.maxLinkWidth}; the class asks for x${lanes}: reseat it, or its slot is too narrow.`;
      return `${runs} and can do x${device.maxLinkWidth ?? '?'}; the class asks for x${lanes}.`;
    },
  };
}

function speedCheck(gts: number): StateCheck<PciDevice> {
  const test = atLeast(gts);
  const speedOf = (device: PciDevice): string | null =>
    savesPower(device) ? device.maxLinkSpeed : device.currentLinkSpeed;
  return {
    field: 'link speed',
    rule: 'pci-link-speed',
    kind: 'degraded',
    expected: `${gts} GT/s or faster`,
    test: (device) => test(gtsOf(speedOf(device))),
    actual: speedOf,
    verdict: (device) => ((gtsOf(device.maxLinkSpeed) ?? 0) >= gts ? 'degraded' : 'worse'),
    sentence: (device) =>
      `${kind.name(device)} ${savesPower(device) ? 'can do' : 'runs at'} ${speedOf(device)}; the class asks for ${gts} GT/s or faster.`,
  };
}

/** Displays (03) and accelerators (12) slow their link while idle; only load would show what they run at. */
export function savesPower(device: PciDevice): boolean {
  return /^(?:03|12)/.test(device.class);
}

/** `16.0 GT/s PCIe` as the kernel writes it. */
export function gtsOf(text: string | null): number | null {
  const number = text?.includes('GT/s') === true ? Number.parseFloat(text) : Number.NaN;
  return number > 0 ? number : null;
}
