// Power supplies against a class: how many are in, what they can give, and whether each has its cord.
import type { Inventory, Psu } from '../hardware/inventory.ts';
import {
  assign,
  orderedOf,
  rowsOf,
  singleRow,
  type Check,
  type DraftRow,
  type Kind,
  type Wanted,
} from './component.ts';
import { listed, oncePerEntry, unreadReason } from './listed.ts';
import type { MachineClassSpec, PsuExpectation } from './machine-class.ts';
import { atLeast, glob } from './matchers.ts';

export function psuRows(inventory: Inventory, spec: MachineClassSpec): DraftRow[] {
  if (spec.psus === undefined) return [];
  if (inventory.psus.length === 0) return spec.psus.length === 0 ? [] : [nothingListed(inventory)];
  const items = inventory.psus.filter(({ present }) => present);
  const empty = inventory.psus.filter(({ present }) => !present).map(({ slot }) => slot);
  const kind = kindOf(empty);
  const found = listed({ inventory, spec, evidence: kind.evidence }, spec.psus.map(wantedOnce), items);
  return rowsOf(kind, found, assign(kind, found));
}

function nothingListed(inventory: Inventory): DraftRow {
  const reason = unreadReason(inventory, 'sdr.csv');
  return singleRow('psu', {
    path: 'psu',
    kind: 'unverifiable',
    expected: null,
    actual: null,
    source: 'ipmi',
    rule: 'psu-unread',
    sentence: `Power supplies are not reported: ${reason === undefined ? 'neither the board controller nor the firmware lists any' : `sdr.csv: ${reason}`}.`,
  });
}

function kindOf(empty: readonly string[]): Kind<Psu> {
  return {
    component: 'psu',
    rule: 'psu-multiset',
    source: 'ipmi',
    evidence: 'sdr.csv',
    plural: 'power supplies',
    opening: ({ slot }) => `${slot} is`,
    name: ({ slot }) => slot,
    path: ({ slot }) => `psu/${slot}`,
    describe,
    key: ({ slot }) => slot,
    wrongKind: (faults) => (faults.some(({ verdict }) => verdict === 'worse') ? 'below' : 'mismatch'),
    ordered: orderedOf,
    missing: ({ wanted, ordered, found, lacking }) => [
      {
        path: 'psu',
        kind: 'missing',
        expected: ordered,
        actual: `${found} found`,
        source: 'ipmi',
        rule: 'psu-multiset',
        sentence: `${lacking} of ${wanted.count} power supplies ${wanted.each()} not found${empty.length === 0 ? '' : `; ${empty.join(' and ')} is empty`}: check that each is seated.`,
      },
    ],
    surplus: (supplies) =>
      supplies.map((supply) => ({
        path: `psu/${supply.slot}`,
        kind: 'unexpected',
        expected: 'nothing more',
        actual: describe(supply),
        source: 'ipmi',
        rule: 'psu-multiset',
        sentence: `${supply.slot}, ${describe(supply)}, was not ordered.`,
      })),
  };
}

const wantedOnce = oncePerEntry(wantedOf);

function wantedOf({ count, wattsMin, model }: PsuExpectation): Wanted<Psu> {
  const identity: Check<Psu>[] = [];
  if (wattsMin !== undefined) {
    const test = atLeast(wattsMin);
    identity.push({
      field: 'power',
      expected: `${wattsMin} W or more`,
      test: ({ watts }) => test(watts),
      actual: ({ watts }) => (watts === null ? null : `${watts} W`),
    });
  }
  if (model !== undefined) {
    const test = glob(model);
    identity.push({ field: 'model', expected: model, test: (psu) => test(psu.model), actual: (psu) => psu.model });
  }
  const each = [wattsMin === undefined ? '' : `of ${wattsMin} W`, model ?? ''].filter((part) => part !== '').join(' ');
  return {
    count,
    each: () => (each === '' ? 'of any kind' : each),
    identity,
    state: [
      {
        field: 'input power',
        rule: 'psu-input',
        kind: 'degraded',
        expected: 'input power',
        test: ({ powered }) => (powered === false ? 'worse' : 'match'),
        actual: ({ powered }) => (powered === false ? 'none' : 'there'),
        verdict: () => 'degraded',
        sentence: ({ slot }) => `${slot} has no input power: check its cord and the outlet.`,
      },
    ],
  };
}

function describe({ watts, manufacturer, model }: Psu): string {
  const text = [watts === null ? null : `${watts} W`, manufacturer, model].filter((part) => part !== null).join(' ');
  return text === '' ? 'a power supply that reports nothing' : text;
}
