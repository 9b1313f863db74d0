import { describe, expect, it } from 'vitest';

import { bareCpu, bareNic, barePci } from '../../../test/fixtures/parts.ts';
import type { Cpu } from '../inventory.ts';
import { disksOf, fillCpus, memoryTotalOf, nicsOf, numaOf, packagesOf, pciOf, type Attributes } from './sysfs.ts';

describe('disks', () => {
  const pci = '/sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0';
  it.each<[string, string, Attributes]>([
    ['nvme', 'nvme0n1', { path: `${pci}/nvme/nvme0/nvme0n1` }],
    ['sata', 'sda', { path: '/sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda' }],
    ['sas', 'sda', { path: `${pci}/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0/block/sda`, 'device/vendor': 'SEAGATE' }],
    ['sas', 'sda', { path: `${pci}/host0/port-0:0/expander-0:0/port-0:0:1/end_device-0:0:1/target0:0:1/0:0:1:0/block/sda` }],
    ['sata', 'sda', { path: `${pci}/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0/block/sda`, 'device/vendor': 'ATA     ' }],
    ['virtio', 'vda', { path: '/sys/devices/pci0000:00/0000:00:04.0/virtio1/block/vda' }],
    ['usb', 'sda', { path: '/sys/devices/pci0000:00/0000:00:14.0/usb1/1-3/1-3:1.0/host6/target6:0:0/6:0:0:0/block/sda' }],
    ['usb', 'sda', { path: '/sys/devices/pci0000:00/0000:00:14.0/usb1/1-3/1-3:1.0/host6/target6:0:0/6:0:0:0/block/sda', 'device/vendor': 'ATA' }],
    ['other', 'sda', { path: `${pci}/host0/target0:2:0/0:2:0:0/block/sda`, 'device/vendor': 'DELL' }],
    ['other', 'sda', {}],
  ])('are %s where %s lies', (transport, name, attributes) => {
    expect(disksOf({ [name]: { size: '8', ...attributes } })).toMatchObject([{ name, transport }]);
  }); // prettier-ignore

  it('are counted in sectors of 512 bytes whatever their own blocks are', () => {
    expect(disksOf({ nvme0n1: { size: '7501476528', 'queue/logical_block_size': '4096' } })).toMatchObject([
      { sizeBytes: 3_840_755_982_336, logicalBlockBytes: 4096 },
    ]);
  });

  it.each(['', 'unknown', '-1', '1e9'])('have no size where the kernel writes %j', (size) =>
    expect(disksOf({ sda: { size } })).toMatchObject([{ sizeBytes: null }]),
  );

  it('are not loops, RAM, optical drives, maps, arrays, hidden NVMe paths or what has no size', () => {
    const none = ['loop0', 'ram0', 'zram0', 'sr0', 'fd0', 'dm-0', 'md127', 'nbd0', 'nvme0c1n1', 'nvme12c0n3'];
    const tree = Object.fromEntries([...none, 'nvme0n1', 'sda'].map((name) => [name, { size: '8' }]));
    expect(disksOf({ ...tree, sdb: {} }).map(({ name }) => name)).toEqual(['nvme0n1', 'sda']);
  });

  it('stand in the order of their numbers', () => {
    const tree = Object.fromEntries(['nvme10n1', 'nvme2n1', 'nvme1n1'].map((name) => [name, { size: '8' }]));
    expect(disksOf(tree).map(({ name }) => name)).toEqual(['nvme1n1', 'nvme2n1', 'nvme10n1']);
  });

  it.each<[string, Attributes, string | null]>([
    ['their own attribute', { 'device/serial': ' S4YNNE0M ', 'device/vpd_pg80': 'other' }, 'S4YNNE0M'],
    ['the attribute of virtio', { serial: 'SN-1' }, 'SN-1'],
    ['the page of a SCSI disk', { 'device/vpd_pg80': '  ZC1ABCDE\0\0' }, 'ZC1ABCDE'],
    ['nowhere', {}, null],
    ['a placeholder', { 'device/serial': '00000000' }, null],
  ])('have their serial from %s', (_, attributes, serial) =>
    expect(disksOf({ sda: { size: '8', ...attributes } })).toMatchObject([{ serial }]),
  );

  it.each([
    ['1\n', true],
    ['0', false],
    [undefined, null],
  ])('rotate for %j: %s', (text, rotational) =>
    expect(disksOf({ sda: { size: '8', ...(text === undefined ? {} : { 'queue/rotational': text }) } })).toMatchObject([
      { rotational },
    ]),
  );
});

describe('network ports', () => {
  const port: Attributes = { address: '52:54:00:AA:00:01', device: '0000:18:00.0', driver: 'mlx5_core' };

  it.each<[string, Attributes, boolean | null, number | null]>([
    ['a link that is up', { carrier: '1', speed: '25000' }, true, 25_000],
    ['a port without a cable', { carrier: '0', speed: '-1' }, false, null],
    ['a port that is down, where neither can be read', {}, null, null],
    ['a driver that does not know the speed', { carrier: '1', speed: '' }, true, null],
  ])('tell %s', (...[, attributes, linkUp, speedMbps]) => {
    expect(nicsOf({ eth0: { ...port, ...attributes } })).toEqual([
      { ...bareNic, name: 'eth0', mac: '52:54:00:aa:00:01', pci: '0000:18:00.0', driver: 'mlx5_core', firmware: null, linkUp, speedMbps },
    ]); // prettier-ignore
  });

  it('are not what has no device behind it, and no address', () => {
    const tree = {
      lo: { address: '00:00:00:00:00:00', carrier: '1' },
      bond0: { address: '52:54:00:aa:00:01', carrier: '1' },
      bonding_masters: {},
      veth1: { address: '52:54:00:aa:00:02' },
      ib0: { address: '80:00:00:02:fe:80:00:00:00:00:00:00:50:6b:4b:03:00:cb:00:01', device: '0000:19:00.0' },
      eno1: port,
    };
    expect(nicsOf(tree).map(({ name }) => name)).toEqual(['eno1']);
  });

  it('have the permanent address where the driver tells it', () => {
    expect(nicsOf({ eth0: { ...port, permanent_address: '52:54:00:aa:00:09' } })).toMatchObject([
      { mac: '52:54:00:aa:00:09' },
    ]);
  });
});

describe('PCI devices', () => {
  it('have their ids without a prefix, and links only where there are some', () => {
    const nic = {
      class: '0x020000', vendor: '0x15b3', device: '0x1017', subsystem_vendor: '0x15b3', subsystem_device: '0x0020',
      driver: 'mlx5_core', current_link_width: '8', max_link_width: '16', current_link_speed: '8.0 GT/s PCIe',
      max_link_speed: '16.0 GT/s PCIe', numa_node: '-1',
    }; // prettier-ignore
    expect(pciOf({ '0000:18:00.0': nic })).toEqual([
      {
        ...barePci, bdf: '0000:18:00.0', class: '020000', vendor: '15b3', device: '1017', subsystem: '15b3:0020', driver: 'mlx5_core',
        currentLinkWidth: 8, maxLinkWidth: 16, currentLinkSpeed: '8.0 GT/s PCIe', maxLinkSpeed: '16.0 GT/s PCIe', numaNode: -1,
      },
    ]); // prettier-ignore
    expect(pciOf({ '0000:00:00.0': { current_link_width: '255', max_link_width: '0' } })).toMatchObject([
      { currentLinkWidth: null, maxLinkWidth: null, subsystem: null, driver: null, numaNode: null, class: '' },
    ]);
  });
});

describe('processors as the kernel sees them', () => {
  const block = (processor: number, physical: number, core: number): string =>
    [
      `processor\t: ${processor}`,
      'model name\t: AMD EPYC 7302P 16-Core Processor',
      'microcode\t: 0x8301055',
      `physical id\t: ${physical}`,
      `core id\t\t: ${core}`,
      'flags\t\t: fpu vme',
    ].join('\n');
  const model = 'AMD EPYC 7302P 16-Core Processor';

  it('are counted per package, two threads of a core as one core', () => {
    const text = [block(0, 0, 0), block(1, 0, 1), block(2, 0, 0), block(3, 0, 1), block(4, 1, 0)].join('\n\n');
    expect(packagesOf(`${text}\n\n`)).toEqual([
      { model, cores: 2, threads: 4, signature: null, microcode: '0x8301055' },
      { model, cores: 1, threads: 1, signature: null, microcode: '0x8301055' },
    ]);
  });

  it('are one package where the kernel names none', () => {
    expect(packagesOf('processor\t: 0\n\nprocessor\t: 1\n')).toEqual([
      { model: null, cores: 2, threads: 2, signature: null, microcode: null },
    ]);
  });

  it('name the stepping by family, model and stepping', () => {
    const text = 'processor\t: 0\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: X\nstepping\t: 7\n';
    expect(packagesOf(text)).toMatchObject([{ signature: '6/85/7' }]);
    expect(packagesOf(text.replace('stepping\t: 7\n', ''))).toMatchObject([{ signature: null }]);
  });

  it.each(['', '\n\n', 'Hardware\t: BCM2835\n', 'no colon at all'])('are none in %j', (text) =>
    expect(packagesOf(text)).toEqual([]),
  );

  it('fill the gaps of populated sockets, in order, and leave empty ones alone', () => {
    const socket = (name: string, change: Partial<Cpu>): Cpu => ({
      ...bareCpu, socket: name,
      populated: true, ...change,
    }); // prettier-ignore
    const sockets = [socket('1', { populated: false }), socket('2', {}), socket('3', { cores: 24, model: 'Stated' })];
    const packages = packagesOf([block(0, 0, 0), block(1, 0, 1), block(2, 1, 0)].join('\n\n'));
    expect(fillCpus(sockets, packages)).toMatchObject([
      { socket: '1', populated: false, model: null, cores: null },
      { socket: '2', model, cores: 2, threads: 2 },
      { socket: '3', model, cores: 24, threads: 1 },
    ]);
    expect(fillCpus(sockets, [])).toEqual(sockets);
  });
});

it.each([
  ['MemTotal:       263855216 kB\nMemFree: 1 kB\n', 270_187_741_184],
  ['MemFree: 1 kB\nMemTotal: 8 kB\n', 8192],
  ['MemFree: 1 kB\n', null],
  ['', null],
])('reads the usable memory of %j', (text, bytes) => expect(memoryTotalOf(text)).toBe(bytes));

it('tells the memory and the processors of each NUMA node', () => {
  const tree = {
    node0: { cpulist: '0-15,32-47', meminfo: 'Node 0 MemTotal:       65738292 kB' },
    node1: { cpulist: '16-31,48-63' },
    power: {},
  };
  expect(numaOf(tree)).toEqual([
    { node: 0, cpus: '0-15,32-47', memoryBytes: 67_316_011_008 },
    { node: 1, cpus: '16-31,48-63', memoryBytes: null },
  ]);
});
