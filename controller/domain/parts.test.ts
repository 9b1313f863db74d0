import { expect, it } from 'vitest';

import { bareDisk, bareInventory, bareNic } from '../../test/fixtures/parts.ts';
import type { Dimm, Disk, Inventory, Psu } from '../../shared/hardware/inventory.ts';
import { sharedSentence } from './part-sentences.ts';
import { partsOf } from './parts.ts';

const dimm = (slot: string, serial: string | null, more: Partial<Dimm> = {}): Dimm => ({
  handle: 1, slot, bank: null, populated: true, sizeBytes: 1, type: null, ratedMts: null, configuredMts: null,
  manufacturer: 'Samsung', serial, part: 'M393', rank: null, ecc: null, ...more,
}); // prettier-ignore
const psu = (slot: string, serial: string | null): Psu => ({
  slot, present: true, powered: true, watts: null, manufacturer: 'Delta', model: null, part: 'P1', serial, source: 'ipmi',
}); // prettier-ignore
const disk = (name: string, more: Partial<Disk>): Disk => ({ ...bareDisk, name, transport: 'sata', ...more });
const evidence = Object.fromEntries(
  ['smbios.bin', 'block.json', 'net.json', 'sdr.csv', 'ports.json', 'pci.json'].map((source) => [source, 'x']),
);
const machine = (more: Partial<Inventory>): Inventory => ({ ...bareInventory, evidence, ...more });
const keys = (more: Partial<Inventory>): string[] => partsOf(machine(more)).parts.map(({ key }) => key);
const slots = (more: Partial<Inventory>): string[] => partsOf(machine(more)).parts.map(({ slot }) => slot);

it.each<[string, Partial<Inventory>, string[]]>([
  ['a DIMM by maker, part number and serial', { dimms: [dimm('A1', ' 0a1b ')] }, ['dimm:SAMSUNG|M393|0A1B']],
  ['a maker by its JEDEC number', { dimms: [dimm('A1', '12', { manufacturer: '00CE00B300CE' })] }, ['dimm:SAMSUNG|M393|12']],
  ['two makers with one serial apart, in two machines', { dimms: [dimm('A1', '12', { manufacturer: 'Micron' })] }, ['dimm:MICRON|M393|12']],
  ['no DIMM whose serial is a placeholder', { dimms: [dimm('A1', '00000000'), dimm('A2', 'NO DIMM'), dimm('A3', null)] }, []],
  ['no DIMM that tells neither maker nor part', { dimms: [dimm('A1', '12', { manufacturer: 'Unknown', part: null })] }, []],
  ['no empty slot', { dimms: [dimm('A1', '12', { populated: false })] }, []],
  ['a disk by its world-wide name', { disks: [disk('sda', { wwid: 'naa.5000C500A1B2C3D4', model: 'M', serial: 'S' })] }, ['disk:naa.5000c500a1b2c3d4']],
  ['a disk by model and serial where its name is zeros', { disks: [disk('sda', { wwid: 'naa.5000000000000000', model: 'M', serial: 'S' })] }, ['disk:M|S']],
  ['an NVMe drive with two namespaces once', { disks: [1, 2].map((at) => disk(`nvme0n${at}`, { transport: 'nvme', wwid: `eui.0123456789abcde${at}`, model: 'M', serial: 'S' })) }, ['disk:M|S']],
  ['a drive with two cables once', { disks: [disk('sda', { wwid: 'naa.5000c500a1b2c3d4' }), disk('sdb', { wwid: 'naa.5000c500a1b2c3d4' })] }, ['disk:naa.5000c500a1b2c3d4']],
  ['no USB stick, RAID volume or network disk', { disks: [disk('sda', { transport: 'usb', serial: 'S' }), disk('sdb', { transport: 'other', serial: 'T' }), disk('nvme0n1', { transport: 'nvme', path: '/sys/devices/virtual/nvme-fabrics/ctl/nvme0/nvme0n1', serial: 'U' })] }, []],
  ['a power supply', { psus: [psu('PSU1', 'X1')] }, ['psu:DELTA|P1|X1']],
  ['a graphics card', { gpus: [{ bdf: '0000:3b:00.0', model: 'A100', memoryBytes: 1, serial: '15', firmware: null }] }, ['gpu:A100|15']],
  ['a board', { identity: { ...bareInventory.identity, manufacturer: 'Dell', boardSerial: '.7X.CN' } }, ['board:DELL|.7X.CN']],
  ['a port by its MAC and the module in it', { nics: [{ ...bareNic, module: { vendor: 'FS', part: 'SFP', serial: 'F1' } }] }, ['module:FS|SFP|F1', 'nic:52:54:00:00:00:01']],
  ['no port whose MAC was made up', { nics: [{ ...bareNic, mac: 'be:3a:f2:b6:05:9f' }, { ...bareNic, mac: '00:11:22:33:44:55', driver: 'cdc_ether' }] }, []],
])('knows %s', (_, inventory, expected) => {
  expect(keys(inventory)).toEqual(expected);
}); // prettier-ignore

it('follows none of the parts that say the same serial, and tells so', () => {
  const { parts, shared, isMissing } = partsOf(
    machine({ dimms: [dimm('A1', '1234'), dimm('A2', '1234', { manufacturer: 'Micron' }), dimm('A3', '99')] }),
  );
  expect(parts.map(({ slot }) => slot)).toEqual(['A3']);
  expect(shared.map(sharedSentence)).toEqual([
    '2 DIMMs report the same serial 1234 (A1, A2): they cannot be told apart, so they are not followed.',
  ]);
  expect(isMissing({ kind: 'dimm', slot: 'A1', witness: 'smbios.bin' })).toBe(false);
  expect(isMissing({ kind: 'dimm', slot: 'A4', witness: 'smbios.bin' })).toBe(true);
});

it.each<[string, Partial<Inventory>, string[]]>([
  ['banks where slots repeat', { dimms: [dimm('DIMM1', '1', { bank: 'P0' }), dimm('DIMM1', '2', { bank: 'P1' })] }, ['P0 DIMM1', 'P1 DIMM1']],
  ['handles where banks do too', { dimms: [dimm('D', '1', { handle: 7 }), dimm('D', '2', { handle: 8 })] }, ['D (handle 7)', 'D (handle 8)']],
  ['bays', { disks: [disk('sda', { serial: 'S', bay: '0:4', path: '/sys/devices/pci0000:00/0000:00:1f.2/ata1/sda' })] }, ['bay 0:4']],
  ['ports of a controller', { disks: [disk('sda', { serial: 'S', path: '/sys/devices/pci0000:00/0000:00:1f.2/ata3/host2/sda' })] }, ['0000:00:1f.2 ata3']],
  ['SAS ports, whichever number the host has', { disks: [disk('sda', { serial: 'S', path: '/sys/devices/pci0000:00/0000:02:00.0/host7/port-7:1/end_device-7:1/sda' })] }, ['0000:02:00.0 1']],
  ['kernel names where nothing else is told', { disks: [disk('vda', { serial: 'S', transport: 'virtio' })] }, ['vda']],
])('names places by %s', (_, inventory, expected) => {
  expect(slots(inventory)).toEqual(expected);
}); // prettier-ignore

it.each<[string, Partial<Inventory>, boolean]>([
  ['was read', {}, true],
  ['was not read', { unread: [{ source: 'sdr.csv', reason: 'busy' }] }, false],
  ['is not there', { evidence: { 'smbios.bin': 'x' } }, false],
  ['shows a supply without a serial there', { psus: [psu('PSU1', null)] }, false],
])('believes that a power supply is gone where its evidence %s: %#', (_, inventory, expected) => {
  expect(partsOf(machine(inventory)).isMissing({ kind: 'psu', slot: 'PSU1', witness: 'sdr.csv' })).toBe(expected);
});
