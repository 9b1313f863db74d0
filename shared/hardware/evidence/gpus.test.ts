import { expect, it } from 'vitest';

import { barePci } from '../../../test/fixtures/parts.ts';
import { gib, mib } from '../../units.ts';
import { gpusOf, isGpu } from './gpus.ts';

const h100 = { ...barePci, bdf: '0000:3b:00.0', class: '030200', vendor: '10de', device: '2330' };
const head = 'index, name, serial, uuid, pci.bus_id, memory.total [MiB], vbios_version\n';

it.each([
  ['a 3D controller', h100, true],
  ['an accelerator', { ...h100, class: '120000', vendor: '1da3' }, true],
  ['an NVIDIA card with an output', { ...h100, class: '030000' }, true],
  ['the VGA function of a board controller', { ...h100, class: '030000', vendor: '102b' }, false],
  ['a network adapter', { ...h100, class: '020000' }, false],
])('takes %s for a GPU or not', (_, device, expected) => {
  expect(isGpu(device)).toBe(expected);
});

it('fills what the maker tells of the card at the same address', () => {
  const csv = `${head}0, NVIDIA H100 80GB HBM3, 1650323001234, GPU-1, 00000000:3B:00.0, 81559 MiB, 96.00.74.00.01\n`;
  expect(gpusOf([h100], csv)).toEqual([
    {
      bdf: '0000:3b:00.0', model: 'NVIDIA H100 80GB HBM3', memoryBytes: 81_559 * mib, serial: '1650323001234',
      firmware: '96.00.74.00.01',
    },
  ]); // prettier-ignore
  expect(81_559 * mib).toBeLessThan(80 * gib);
});

it.each([
  ['no table', ''],
  ['a table of another card', `${head}0, NVIDIA H100, 1, GPU-1, 00000000:5B:00.0, 81559 MiB, 96\n`],
  ['a table that says nothing', `${head}0, [N/A], [N/A], GPU-1, 00000000:3B:00.0, [N/A], [N/A]\n`],
  ['an error instead of a table', 'NVIDIA-SMI has failed because it could not communicate with the driver.\n'],
])('reports a card but nothing of it with %s', (_, csv) => {
  expect(gpusOf([h100], csv)).toEqual([
    { bdf: '0000:3b:00.0', model: null, memoryBytes: null, serial: null, firmware: null },
  ]);
});
