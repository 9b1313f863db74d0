import { expect, it } from 'vitest';

import type { Inventory } from '../../shared/hardware/inventory.ts';
import { bareDisk, bareInventory, bareNic } from '../../test/fixtures/parts.ts';
import { hardwareText } from './hardware-key.ts';

const disks = ['S1', 'S2'].map((serial, at) => ({ ...bareDisk, name: `sd${at}`, serial, model: 'M' }));
const nics = [{ ...bareNic, name: 'eth0', mac: '52:54:00:00:00:01', linkUp: true, speedMbps: 1000 }];
const machine: Inventory = { ...bareInventory, disks, nics };

it.each<[string, boolean, Inventory]>([
  ['kernel names and their order', true, { ...machine, disks: disks.toReversed().map((disk, at) => ({ ...disk, name: `sd${at}` })) }],
  ['a link that went down', true, { ...machine, nics: nics.map((nic) => ({ ...nic, linkUp: false, speedMbps: null })) }],
  ['other firmware', true, { ...machine, firmware: { ...machine.firmware, biosVersion: '2' } }],
  ['a disk that was replaced', false, { ...machine, disks: disks.map((disk) => ({ ...disk, serial: `X${disk.serial}` })) }],
  ['a disk that is gone', false, { ...machine, disks: disks.slice(1) }],
  ['another port', false, { ...machine, nics: nics.map((nic) => ({ ...nic, mac: '52:54:00:00:00:02' })) }],
  ['another board', false, { ...machine, identity: { ...machine.identity, boardSerial: 'B2' } }],
])('with %s they are the same parts: %s', (_, isSame, other) => {
  expect(hardwareText(other) === hardwareText(machine)).toBe(isSame);
}); // prettier-ignore
