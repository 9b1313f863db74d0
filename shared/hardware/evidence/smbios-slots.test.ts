import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

import { parseSmbios, type Smbios } from './smbios.ts';
import { onboardLabelsOf, powerSuppliesOf, slotsOf } from './smbios-slots.ts';

const table = async (name: string): Promise<Smbios> =>
  parseSmbios(await readFile(new URL(`../../../test/fixtures/smbios/${name}.bin`, import.meta.url)));

it.each([
  ['dell-poweredge-r630-dual-xeon', { '0000:04:00': { name: 'PCIe Slot 2', width: 8 } }],
  ['supermicro-dual-xeon', {
    '0000:04:00': { name: 'RSC-R1UW-2E16 SLOT1 PCI-E x16', width: 16 },
    '0000:07:00': { name: 'RSC-R1UW-2E16 SLOT2 PCI-E x16', width: 16 },
  }],
  ['supermicro-quad-opteron', { '0000:03:00': { name: 'PCIE4', width: 16 } }],
  ['asrock-single-ryzen', {}],
])('names the slots of %s that hold something', async (name, slots) => {
  expect(Object.fromEntries(slotsOf(await table(name)))).toEqual(slots);
}); // prettier-ignore

it('labels the onboard ports of a Dell', async () => {
  const labels = onboardLabelsOf(await table('dell-poweredge-r630-dual-xeon'));
  expect(labels.get('0000:01:00.0')).toBe('Integrated NIC 1');
  expect(labels.get('0000:02:00.1')).toBe('Integrated NIC 4');
});

it('lists the power supplies of a Dell with power and serial', async () => {
  const supply = {
    present: true, powered: true, watts: 750, manufacturer: 'DELL', model: 'PWR SPLY,750W,RDNT,EMSN', part: '00XW8WA01',
    source: 'smbios',
  }; // prettier-ignore
  expect(powerSuppliesOf(await table('dell-poweredge-r630-dual-xeon'))).toEqual([
    { ...supply, slot: 'PSU1', serial: 'PH1629861A00DA' },
    { ...supply, slot: 'PSU2', serial: 'PH1629861A00D8' },
  ]);
});

it.each(['beelink-eq12', 'supermicro-dual-xeon'])('takes the power supplies of %s, which tell nothing, for none', async (name) => {
  expect(powerSuppliesOf(await table(name))).toEqual([]);
}); // prettier-ignore
