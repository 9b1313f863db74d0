import { describe, expect, it } from 'vitest';
import fc from 'fast-check';

import { goodMachines } from '../../bench/inspection/machines.ts';
import type { Inventory } from '../hardware/inventory.ts';
import { bareCpu, bareDisk, bareInventory, bareNic, barePci } from '../../test/fixtures/parts.ts';
import { gb, gib } from '../units.ts';
import { compare } from './compare.ts';
import type { MachineClassSpec } from './machine-class.ts';
import { matchMultiset } from './multiset.ts';

const spec: MachineClassSpec = {
  product: 'Server One',
  cpus: [{ count: 1, cores: 2 }],
  memory: [{ count: 4, sizeBytes: 2 * gib, type: 'DDR5', ratedMts: 4800 }],
  disks: [{ count: 1, transport: 'nvme', sizeBytes: 4 * gb }],
  nics: [{ count: 2, linksUp: 1 }],
  biosVersionMin: '1.2',
};

const dimm = (slot: string, change: Partial<Inventory['dimms'][number]> = {}): Inventory['dimms'][number] => ({
  handle: 1, slot, bank: null, populated: true, sizeBytes: 2 * gib, type: 'DDR5', ratedMts: 4800, configuredMts: 4800,
  manufacturer: null, serial: null, part: null, rank: null, ecc: true, ...change,
}); // prettier-ignore
const empty = (slot: string): Inventory['dimms'][number] =>
  dimm(slot, { populated: false, sizeBytes: null, type: null, ratedMts: null });
const nic = (name: string, linkUp: boolean | null): Inventory['nics'][number] => ({
  ...bareNic, name, linkUp,
}); // prettier-ignore
const good: Inventory = {
  ...bareInventory,
  identity: {
    manufacturer: 'Lab', product: 'Server One', sku: null, serial: 'S1', uuid: null, boardSerial: null,
    chassisSerial: null, assetTag: null,
  },
  firmware: { biosVendor: null, biosVersion: '1.10', biosDate: null, bootMode: 'bios', secureBoot: null, microcode: null },
  cpus: [{ ...bareCpu, model: 'X', cores: 2, enabledCores: 2, threads: 2 }],
  dimms: ['A1', 'A2', 'A3', 'A4'].map((slot) => dimm(slot)),
  memoryTotalBytes: 7.7 * gib,
  disks: [{
    ...bareDisk, name: 'nvme0n1', transport: 'nvme', model: 'M', serial: 'D1', sizeBytes: 4 * gb, logicalBlockBytes: 512, rotational: false,
  }],
  nics: [nic('eth0', true), nic('eth1', false)],
}; // prettier-ignore

const findingsOf = (change: Partial<Inventory>): string[] =>
  compare({ ...good, ...change }, { class: 'compute-large@1', spec }).map(
    ({ kind, path, sentence }) => `${kind} ${path}: ${sentence}`,
  );
const disk = good.disks[0];

describe('the comparator', () => {
  it('finds nothing on a machine that is what was ordered', () => {
    expect(findingsOf({})).toEqual([]);
  });

  it.each<[string, Partial<Inventory>, string[]]>([
    [
      'an empty DIMM slot',
      { dimms: [dimm('A1'), dimm('A2'), empty('A3'), dimm('A4')], memoryTotalBytes: 5.8 * gib },
      ['missing memory/A3: DIMM slot A3 is empty; ordered 4 × 2 GiB DDR5-4800, found 3.'],
    ],
    [
      'mixed DIMMs of the right total',
      { dimms: [dimm('A1'), dimm('A2'), dimm('A3', { sizeBytes: 3 * gib }), dimm('A4', { sizeBytes: gib })] },
      [
        'mismatch memory/A3: DIMM slot A3 holds 3 GiB DDR5-4800; ordered 4 × 2 GiB DDR5-4800.',
        'mismatch memory/A4: DIMM slot A4 holds 1 GiB DDR5-4800; ordered 4 × 2 GiB DDR5-4800.',
      ],
    ],
    [
      'a DIMM too many',
      { dimms: [...good.dimms, dimm('B1')] },
      [
        'unexpected memory/B1: DIMM slot B1 holds 2 GiB DDR5-4800, which was not ordered.',
        "source-conflict memory/usable: The DIMMs hold 10 GiB, the system can use 7.7 GiB: a DIMM is mapped out; see the firmware's memory log.",
      ],
    ],
    [
      'a smaller disk',
      { disks: disk === undefined ? [] : [{ ...disk, sizeBytes: 3.8 * gb }] },
      ['below disk/D1: Disk nvme0n1 (SN D1) is 3.8 GB NVMe M; ordered 1 × 4.0 GB NVMe.'],
    ],
    ['no disk', { disks: [] }, ['missing disk/bay: A disk is missing: ordered 1 × 4.0 GB NVMe, found 0.']],
    [
      'a disk of the wrong kind',
      { disks: disk === undefined ? [] : [{ ...disk, transport: 'sata' }] },
      ['mismatch disk/D1: Disk nvme0n1 (SN D1) is 4.0 GB SATA M; ordered 1 × 4.0 GB NVMe.'],
    ],
    ['a missing port', { nics: [nic('eth0', true)] }, ['missing nic: 1 network ports found; ordered 2.']],
    [
      'a pulled cable',
      { nics: [nic('eth0', false), nic('eth1', null)] },
      [
        'degraded nic: No link on eth0 (52:54:00:00:00:01), eth1 (52:54:00:00:00:01); 1 ports must have one: check the cable.',
      ],
    ],
    [
      'old firmware',
      { firmware: { ...good.firmware, biosVersion: '1.1' } },
      ['below firmware/bios: BIOS version is 1.1; the class asks for 1.2 or newer: update it.'],
    ],
    [
      'firmware that does not say its version',
      { firmware: { ...good.firmware, biosVersion: null } },
      ['unverifiable firmware/bios: BIOS version is not reported; the class asks for 1.2 or newer: update it.'],
    ],
    ['no CPU reported', { cpus: [] }, ['missing cpu: 0 of 1 CPUs found; ordered any model, 2 cores.']],
  ])('reports %s', (_case, change, expected) => {
    expect(findingsOf(change)).toEqual(expected);
  });
});

const [compute, gpu] = goodMachines();
if (compute === undefined || gpu === undefined) throw new Error('there are two machines');
const sentences = (machine: typeof compute, change: Partial<Inventory>): string[] =>
  compare({ ...machine.inventory, ...change }, { class: 'c@1', spec: machine.spec }).map(({ sentence }) => sentence);
/** The part at `at`, changed. */
const changed = <T>(parts: readonly T[], at: number, change: Partial<T>): T[] =>
  parts.map((part, index) => (index === at ? { ...part, ...change } : part));

describe('a sentence', () => {
  const { cpus, dimms, disks, nics } = compute.inventory;
  const makers = 'ECC by Samsung or Micron* or SK Hynix';
  it.each<[string, typeof compute, Partial<Inventory>, string]>([
    [
      'names the socket whose cores are off',
      compute,
      { cpus: changed(cpus, 1, { enabledCores: 24 }) },
      "CPU in socket CPU2 has 24 of 32 cores enabled; the class asks for 32: check the firmware's settings.",
    ],
    [
      'names the empty slot that lacks a DIMM, not one that is rightly empty',
      compute,
      { dimms: changed(dimms, 3, { populated: false, sizeBytes: null }), memoryTotalBytes: 475 * gib },
      `DIMM slot A4 is empty; ordered 16 × 32 GiB DDR5-4800 ${makers}, found 15.`,
    ],
    [
      'names the manufacturer that was not ordered',
      compute,
      { dimms: changed(dimms, 0, { manufacturer: 'Kingston' }) },
      `DIMM slot A1 holds 32 GiB DDR5-4800, manufacturer Kingston; ordered 16 × 32 GiB DDR5-4800 ${makers}.`,
    ],
    [
      'names the field that is not reported',
      compute,
      { disks: changed(disks, 8, { sizeBytes: null }) },
      'Disk sda (SN MTFD1000) does not report its size; ordered 2 × 480 GB SATA flash MTFDDAK480TDS.',
    ],
    [
      'names the adapter with a port missing',
      compute,
      { nics: nics.slice(1) },
      '1 network ports of mlx5_core 15b3:101f found; ordered 2.',
    ],
    [
      'says which list was not read',
      compute,
      { disks: [], unread: [{ source: 'block.json', reason: 'EIO' }] },
      'The list of disks is not whole, so it proves nothing (block.json: EIO).',
    ],
    [
      'tells a card to reseat from a card that can do no more',
      gpu,
      { pci: changed(gpu.inventory.pci, 2, { currentLinkWidth: 8 }) },
      'PCI device 0000:12:00.0 (10de:2330) runs at x8 of x16; the class asks for x16: reseat it, or its slot is too narrow.',
    ],
    [
      'counts the cards that are missing',
      gpu,
      { pci: gpu.inventory.pci.slice(2) },
      '2 of 8 PCI devices 10de:2330 of class 030200 not found: check that each card is seated and powered.',
    ],
  ])('%s', (...[, machine, change, sentence]) => expect(sentences(machine, change)).toEqual([sentence]));
});

describe('multiset matching', () => {
  it('meets every expectation whenever some assignment can', () => {
    // Items are bit sets of the expectations they fit; a brute force over permutations is the oracle.
    const cases = fc.record({
      counts: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 3 }),
      items: fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(cases, ({ counts, items }) => {
        const expectations = counts.map((count, bit) => ({
          count,
          matches: (item: number) => (item & (1 << bit)) !== 0,
        }));
        const { taken, left } = matchMultiset(expectations, items);
        const met = taken.reduce((sum, entry) => sum + entry.items.length, 0);
        expect(met + left.length).toBe(items.length);
        expect(met).toBe(best(expectations, items));
        for (const { expectation, items: own } of taken) expect(own.every(expectation.matches)).toBe(true);
      }),
    );
  });
});

function best(
  expectations: readonly { count: number; matches: (item: number) => boolean }[],
  items: readonly number[],
): number {
  const [item, ...rest] = items;
  if (item === undefined) return 0;
  const used = expectations.map((expectation, index) =>
    expectation.count > 0 && expectation.matches(item)
      ? 1 +
        best(
          expectations.map((other, at) => (at === index ? { ...other, count: other.count - 1 } : other)),
          rest,
        )
      : 0,
  );
  return Math.max(best(expectations, rest), ...used);
}

describe('two witnesses', () => {
  const card: Inventory['pci'][number] = {
    ...barePci, bdf: '0000:3b:00.0', class: '020000', vendor: '15b3', device: '101d', currentLinkWidth: 8, maxLinkWidth: 16,
    upstream: '0000:3a:00.0', slot: 'PCIe Slot 2', slotWidth: 16,
  }; // prettier-ignore
  const port = { ...barePci, bdf: '0000:3a:00.0', class: '060400', currentLinkWidth: 8, maxLinkWidth: 16 };

  it.each<[string, Inventory['pci'], string[]]>([
    ['runs narrower than both ends and its slot', [port, card], ['degraded pci/0000:3b:00.0: PCI device 0000:3b:00.0 (15b3:101d) in slot PCIe Slot 2 runs at x8; it and its slot can do x16: reseat it.']],
    ['is in a slot of eight lanes', [port, { ...card, slotWidth: 8 }], []],
    ['hangs on a port of eight lanes', [{ ...port, maxLinkWidth: 8 }, card], []],
    ['runs as wide as it can', [port, { ...card, currentLinkWidth: 16 }], []],
    ['reports no width', [port, { ...card, currentLinkWidth: null }], []],
    ['is a bridge', [port, { ...card, class: '060400' }], []],
  ])('tell of a card that %s', (_, pci, sentences) => {
    expect(findingsOf({ pci })).toEqual(sentences);
  }); // prettier-ignore

  it('leave the width of a link to the class where it names one', () => {
    const asked = { ...spec, pci: [{ count: 1, vendor: '15b3', linkWidthMin: 8 }] };
    expect(compare({ ...good, pci: [port, card] }, { class: 'c@1', spec: asked })).toEqual([]);
  });

  const fru = {
    manufacturer: null, product: null, part: null, serial: 'S1', assetTag: null, boardSerial: null, boardPart: null, chassisSerial: null,
  }; // prettier-ignore
  const identity = { ...good.identity, boardSerial: '.790H8D2.CN747515.' };
  it.each<[string, Partial<Inventory>, string[]]>([
    ['that agree', { fru }, []],
    ['of which one is silent', { fru: { ...fru, serial: null } }, []],
    ['that differ in case and blanks', { fru: { ...fru, serial: ' s1 ' } }, []],
    ['of which one writes more around it', { identity, fru: { ...fru, boardSerial: 'CN747515' } }, []],
    ['with two serials', { fru: { ...fru, serial: 'S2' } }, ['block system/serial-number']],
    ['with another board', { identity, fru: { ...fru, boardSerial: 'CN999' } }, ['warn system/board-serial']],
  ])('%s', (_, change, found) => {
    const findings = compare({ ...good, ...change }, { class: 'c@1', spec });
    expect(findings.map(({ severity, path }) => `${severity} ${path}`)).toEqual(found);
    for (const finding of findings) expect(finding.kind).toBe('source-conflict');
  });

  const cpu = (socket: string, change: Partial<Inventory['cpus'][number]>): Inventory['cpus'][number] => ({
    ...bareCpu, socket, model: 'X', cores: 2, enabledCores: 2, threads: 2, signature: '6/85/7', microcode: '0x5003604', ...change,
  }); // prettier-ignore
  it.each<[string, Inventory['cpus'], string[]]>([
    ['the same', [cpu('CPU1', {}), cpu('CPU2', {})], []],
    ['another stepping', [cpu('CPU1', {}), cpu('CPU2', { signature: '6/85/4' })], ['The CPUs differ in their stepping (CPU1 6/85/7, CPU2 6/85/4): fit CPUs of one stepping.']],
    ['another microcode', [cpu('CPU1', { microcode: '0x5003501' }), cpu('CPU2', {})], ['The CPUs differ in their microcode (CPU1 0x5003501, CPU2 0x5003604): update the BIOS.']],
    ['a socket that does not tell', [cpu('CPU1', {}), cpu('CPU2', { signature: null, microcode: null })], []],
    ['an empty socket', [cpu('CPU1', {}), cpu('CPU2', { populated: false, signature: '6/1/1' })], []],
  ])('tell of two sockets with %s', (_, cpus, sentences) => {
    const two = { ...spec, cpus: [{ count: cpus.filter(({ populated }) => populated).length }] };
    expect(compare({ ...good, cpus }, { class: 'c@1', spec: two }).map(({ sentence }) => sentence)).toEqual(sentences);
  }); // prettier-ignore
});
