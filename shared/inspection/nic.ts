// Network ports against a class: how many of which kind, their links and speeds. Speed counts only with a carrier: a
// port without one reports none, or that of yesterday.
import type { Inventory, Nic } from '../hardware/inventory.ts';
import {
  assign,
  orderedOf,
  isAll,
  rowsOf,
  singleRow,
  type Assigned,
  type Check,
  type Draft,
  type Entry,
  type Kind,
  type DraftRow,
  type StateCheck,
  type Wanted,
} from './component.ts';
import { listed } from './listed.ts';
import type { MachineClassSpec, NicExpectation } from './machine-class.ts';
import { atLeast, glob, globOneOf, versionAtLeast } from './matchers.ts';

type WantedNic = Wanted<Nic> & { readonly expectation: NicExpectation };

export function nicRows(inventory: Inventory, spec: MachineClassSpec): DraftRow[] {
  // A class that names no ports says nothing about them.
  if (spec.nics.length === 0) return [];
  const isIdAsked = spec.nics.some(({ pci }) => pci !== undefined);
  const ids = isIdAsked ? pciIdsOf(inventory) : new Map<string, string>();
  const idOf = (nic: Nic): string | null => ids.get(nic.pci ?? '') ?? null;
  const kind = kindOf({ idOf, total: inventory.nics.length, spec });
  const wanted = spec.nics.map((expectation) => wantedOf(expectation, idOf));
  const ports = listed({ inventory, spec, evidence: kind.evidence }, wanted, inventory.nics);
  const assigned = assign(kind, ports);
  return [...rowsOf(kind, ports, assigned), ...assigned.entries.flatMap((entry) => linkRows(entry, assigned))];
}

/** `vendor:device` of each port's PCI function, by its address. */
export function pciIdsOf({ nics, pci }: Inventory): Map<string, string> {
  const addresses = new Set(nics.map((nic) => nic.pci));
  const functions = pci.filter(({ bdf }) => addresses.has(bdf));
  return new Map(functions.map(({ bdf, vendor, device }) => [bdf, `${vendor}:${device}`]));
}

type Ports = {
  readonly idOf: (nic: Nic) => string | null;
  readonly total: number;
  readonly spec: MachineClassSpec;
};

function kindOf({ idOf, total, spec }: Ports): Kind<Nic> {
  const describe = (nic: Nic): string =>
    [nic.driver ?? 'a driver not reported', idOf(nic)].filter((part) => part !== null).join(' ');
  const [only] = spec.nics;
  const isPlain = spec.nics.length === 1 && only !== undefined && !isNamed(only);
  return {
    component: 'nic',
    rule: 'nic-count',
    source: 'sysfs',
    evidence: 'net.json',
    plural: 'network ports',
    opening: (nic) => `Port ${nameOf(nic)} is`,
    name: (nic) => `Port ${nameOf(nic)}`,
    path: (nic) => `nic/${nic.mac}`,
    describe,
    key: (nic) => `${nic.name} ${nic.mac}`,
    wrongKind: () => 'mismatch',
    ordered: orderedOf,
    missing: ({ wanted, found }) => [
      countDraft('missing', wanted.count, {
        found,
        what: isPlain || wanted.identity.length === 0 ? '' : ` of ${wanted.each()}`,
      }),
    ],
    surplus: (ports) =>
      isPlain
        ? [countDraft('unexpected', only.count, { found: total, what: '' })]
        : ports.map((nic) => ({
            path: `nic/${nic.mac}`,
            kind: 'unexpected',
            expected: 'nothing more',
            actual: describe(nic),
            source: 'sysfs',
            rule: 'nic-count',
            sentence: `Port ${nameOf(nic)}, ${describe(nic)}, was not ordered.`,
          })),
  };
}

type Counted = { readonly found: number; readonly what: string };

function countDraft(kind: 'missing' | 'unexpected', count: number, { found, what }: Counted): Draft {
  return {
    path: 'nic',
    kind,
    expected: `${count} ports${what}`,
    actual: `${found} ports`,
    source: 'sysfs',
    rule: 'nic-count',
    sentence: `${found} network ports${what} found; ordered ${count}.`,
  };
}

function nameOf(nic: Nic): string {
  return `${nic.name} (${nic.mac})`;
}

function isNamed({ driver, pci }: NicExpectation): boolean {
  return driver !== undefined || pci !== undefined;
}

function wantedOf(expectation: NicExpectation, idOf: (nic: Nic) => string | null): WantedNic {
  const { count, driver, pci } = expectation;
  const identity: Check<Nic>[] = [];
  if (driver !== undefined) {
    const test = glob(driver);
    identity.push({ field: 'driver', expected: driver, test: (nic) => test(nic.driver), actual: (nic) => nic.driver });
  }
  if (pci !== undefined) {
    const test = glob(pci);
    identity.push({ field: 'PCI id', expected: pci, test: (nic) => test(idOf(nic)), actual: idOf });
  }
  const each = [driver, pci].filter((part) => part !== undefined).join(' ');
  return { expectation, count, each: () => (each === '' ? 'any port' : each), identity, state: stateOf(expectation) };
}

function capableCheck(mbps: number): StateCheck<Nic> {
  const test = atLeast(mbps);
  return {
    field: 'fastest mode',
    rule: 'nic-capable',
    kind: 'below',
    expected: `${mbps} Mb/s`,
    test: (nic) => test(nic.maxMbps),
    actual: (nic) => (nic.maxMbps === null ? null : `${nic.maxMbps} Mb/s`),
    sentence: (nic) => `Port ${nameOf(nic)} can do ${nic.maxMbps} Mb/s with what is in it; ordered ${mbps} Mb/s.`,
  };
}

function moduleCheck(parts: readonly string[]): StateCheck<Nic> {
  const test = globOneOf(parts);
  const partOf = (nic: Nic): string | null => nic.module?.part ?? null;
  return {
    field: 'module',
    rule: 'nic-module',
    kind: 'mismatch',
    expected: parts.join(' or '),
    test: (nic) => test(partOf(nic)),
    actual: partOf,
    sentence: (nic) => `Port ${nameOf(nic)} holds module ${partOf(nic)}; ordered ${parts.join(' or ')}.`,
  };
}

function stateOf(expectation: NicExpectation): StateCheck<Nic>[] {
  const { speedMbpsMin, linksUp, capableMbpsMin, modules, firmwareMin } = expectation;
  const state: StateCheck<Nic>[] = [];
  if (speedMbpsMin !== undefined) {
    const test = atLeast(speedMbpsMin);
    state.push({
      field: 'speed',
      rule: 'nic-speed',
      kind: 'below',
      expected: `${speedMbpsMin} Mb/s`,
      // Where the class counts links, a port beyond them need not have one.
      test: (nic) => (nic.linkUp === true ? test(nic.speedMbps) : linksUp === undefined ? 'unverifiable' : 'match'),
      actual: (nic) => (nic.linkUp === true && nic.speedMbps !== null ? `${nic.speedMbps} Mb/s` : null),
      verdict: () => 'degraded',
      sentence: (nic) => `Port ${nic.name} runs at ${nic.speedMbps} Mb/s; ordered ${speedMbpsMin} Mb/s.`,
    });
  }
  if (capableMbpsMin !== undefined) state.push(capableCheck(capableMbpsMin));
  if (modules !== undefined) state.push(moduleCheck(modules));
  if (firmwareMin !== undefined) {
    const test = versionAtLeast(firmwareMin);
    state.push({
      field: 'firmware',
      rule: 'nic-firmware',
      kind: 'below',
      expected: `${firmwareMin} or newer`,
      test: (nic) => test(nic.firmware),
      actual: (nic) => nic.firmware,
      sentence: (nic) =>
        `Port ${nameOf(nic)} has firmware ${nic.firmware}; the class asks for ${firmwareMin} or newer: update it.`,
    });
  }
  return state;
}

/** Links among all ports that could be of this entry: a port too many may be the one with the cable. */
function linkRows({ wanted, taken, wrong }: Entry<Nic, WantedNic>, { left }: Assigned<Nic, WantedNic>): DraftRow[] {
  const { linksUp } = wanted.expectation;
  if (linksUp === undefined) return [];
  const ports = [...taken, ...wrong, ...left.filter((nic) => isAll(wanted.identity, nic))];
  const up = ports.filter((nic) => nic.linkUp === true);
  if (up.length >= linksUp) return [];
  const down = ports.filter((nic) => nic.linkUp !== true);
  // Ports that are not there have a finding of their own.
  if (down.length === 0 && taken.length < wanted.count) return [];
  const names = down.map(nameOf).join(', ').slice(0, 120);
  return [
    singleRow('nic', {
      path: 'nic',
      kind: 'degraded',
      source: 'sysfs',
      rule: 'nic-links',
      expected: `${linksUp} links up`,
      actual: `${up.length} up`,
      sentence: `No link on ${names}; ${linksUp} ports must have one: check the cable.`,
    }),
  ];
}
