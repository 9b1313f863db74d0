import { expect, it } from 'vitest';

import { goodMachines } from '../../bench/inspection/machines.ts';
import { evidenceOf } from '../../test/fixtures/evidence-of.ts';
import { evidenceSources, inventoryFromEvidence } from './evidence/inventory-from-evidence.ts';
import { factsOf } from './facts.ts';
import { gib } from '../units.ts';

const [, , machine] = goodMachines();
if (machine === undefined) throw new Error('there is a third machine');
const inventory = inventoryFromEvidence(evidenceOf(machine.inventory));
const facts = factsOf(inventory);
const fact = (path: string) => facts.find((each) => each.path === path);

it('gives each fact its unit, source and confidence', () => {
  const [dimm] = inventory.dimms;
  expect(fact(`dimms/${dimm?.slot}/sizeBytes`)).toEqual({
    path: `dimms/${dimm?.slot}/sizeBytes`, value: 16 * gib, unit: 'bytes', source: 'smbios.bin', confidence: 'medium', why: null,
  }); // prettier-ignore
  expect(fact('nics/ens2f0/speedMbps')).toMatchObject({ unit: 'Mb/s', source: 'net.json', confidence: 'high' });
  expect(new Set(facts.map(({ path }) => path)).size).toBe(facts.length);
  for (const { source } of facts) expect(evidenceSources).toContain(source);
});

it('tells why a fact is not reported, and only then', () => {
  for (const { value, why } of facts) expect(why === null).toBe(value !== null);
  expect(fact('disks/sda/bay')).toMatchObject({ value: null, why: 'there is no slots.json' });
  expect(fact('disks/sda/wwid')).toMatchObject({ value: null, why: 'the machine does not tell it' });
  const unread = { ...inventory, unread: [{ source: 'lldp.json', reason: 'EIO' }] };
  expect(factsOf(unread).find(({ path }) => path === 'nics/ens2f0/neighbour')).toMatchObject({ why: 'EIO' });
});

it('trusts supplies that only firmware lists less than those that sensors see', () => {
  const [psu] = inventory.psus;
  if (psu === undefined) throw new Error('the machine has supplies');
  const listed = factsOf({ ...inventory, psus: [{ ...psu, source: 'smbios' }] });
  expect(listed.find(({ path }) => path.endsWith('/present'))).toMatchObject({
    confidence: 'low',
    source: 'smbios.bin',
  });
  expect(fact('psus/PSU1/present')).toMatchObject({ confidence: 'high', source: 'sdr.csv' });
});
