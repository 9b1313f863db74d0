// What the tests' encoder writes into tables and /sys, the parsers read back.
import { expect, it } from 'vitest';

import { goodMachines } from '../../../bench/inspection/machines.ts';
import { evidenceOf } from '../../../test/fixtures/evidence-of.ts';
import type { Inventory } from '../inventory.ts';
import { inventoryFromEvidence } from './inventory-from-evidence.ts';

/** Listed as the kernel lists them, and without what each side makes up: digests, paths in /sys. */
function comparable(inventory: Inventory): Inventory {
  const by =
    <T>(key: (item: T) => string) =>
    (a: T, b: T): number =>
      key(a).localeCompare(key(b), 'en', { numeric: true });
  return {
    ...inventory,
    disks: inventory.disks.map((disk) => ({ ...disk, path: null })).toSorted(by(({ name }) => name)),
    nics: inventory.nics.toSorted(by(({ name }) => name)),
    pci: inventory.pci.toSorted(by(({ bdf }) => bdf)),
    gpus: inventory.gpus.toSorted(by(({ bdf }) => bdf)),
    evidence: {},
  };
}

it.each(goodMachines().map((machine) => [machine.name, machine.inventory] as const))(
  'tells the inventory of %s that its evidence was made of',
  (_name, machine) => {
    const nics = machine.nics.map((nic, index) => ({
      ...nic,
      maxMbps: 100_000,
      neighbour: { system: 'leaf-1', chassis: 'c1', port: `swp${index}`, portDescription: 'R12' },
    }));
    const psus = ['PSU1', 'PSU2'].map((slot) => ({
      slot, present: true, powered: slot === 'PSU1', watts: 1400, manufacturer: 'D', model: 'M', part: 'P', serial: slot,
      source: 'ipmi' as const,
    })); // prettier-ignore
    const tpm = { version: '2', manufacturer: 'IFX', firmware: '7.85', ekSha256s: ['ab'.repeat(32)] };
    const inventory = { ...machine, nics, psus, tpm, neighboursComplete: true };
    expect(comparable(inventoryFromEvidence(evidenceOf(inventory)))).toEqual(comparable(inventory));
  },
);
