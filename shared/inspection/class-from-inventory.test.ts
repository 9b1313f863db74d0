// Machines of every kind against classes: their own, which they match, and others'. Each field that a class can hold must
// be able to fail, both by a wrong value and by a value that is not reported.
import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';

import { shuffled } from '../../bench/inspection/corpus.ts';
import { goodMachines } from '../../bench/inspection/machines.ts';
import type { Cpu, Dimm, Disk, Gpu, Inventory, Nic, PciDevice, Psu } from '../hardware/inventory.ts';
import { bareCpu, bareDisk, bareInventory, bareNic, barePci } from '../../test/fixtures/parts.ts';
import { seededRng } from '../rng.ts';
import { gib } from '../units.ts';
import { classFromInventory } from './class-from-inventory.ts';
import { compare, compareComponents } from './compare.ts';
import {
  CpuExpectation,
  DiskExpectation,
  GpuExpectation,
  MachineClassSpec,
  MemoryExpectation,
  NicExpectation,
  PciExpectation,
  PsuExpectation,
} from './machine-class.ts';

const maybe = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { freq: 4 });
const few = <T>(part: fc.Arbitrary<T>, max: number): fc.Arbitrary<T[]> =>
  fc
    .array(fc.tuple(part, fc.integer({ min: 1, max: 4 })), { maxLength: max })
    .map((groups) => groups.flatMap(([same, count]) => Array.from({ length: count }, () => same)));

const cpus = fc.record({
  model: maybe(fc.constantFrom('Intel(R) Xeon(R) Gold 6354 CPU @ 3.00GHz', 'AMD EPYC 9354', 'a*b?')),
  manufacturer: fc.constant(null),
  cores: fc.constantFrom(8, 16),
  enabledCores: fc.constantFrom(4, 8),
  threads: fc.constantFrom(16, 32),
  maxMhz: maybe(fc.constantFrom(3000, 3600)),
  populated: fc.boolean(),
});
const dimms = fc.record({
  bank: fc.constant(null),
  populated: fc.boolean(),
  sizeBytes: fc.constantFrom(16 * gib, 32 * gib),
  type: maybe(fc.constantFrom('DDR4', 'DDR5')),
  ratedMts: maybe(fc.constantFrom(3200, 4800)),
  configuredMts: maybe(fc.constantFrom(2933, 3200)),
  manufacturer: maybe(fc.constant('Samsung')),
  serial: fc.constant(null),
  part: fc.constant(null),
  rank: maybe(fc.constantFrom(1, 2)),
  ecc: maybe(fc.boolean()),
});
const disks = fc.record({
  path: fc.constant(null),
  transport: fc.constantFrom<Disk['transport'][]>('nvme', 'sata', 'sas', 'usb', 'other'),
  model: maybe(fc.constantFrom('A', 'B*')),
  serial: fc.constant(null),
  wwid: fc.constant(null),
  firmware: maybe(fc.constantFrom('1.9', '1.10', 'XCV10132')),
  sizeBytes: fc.constantFrom(480_103_981_056, 480_000_000_000, 960_197_124_096),
  logicalBlockBytes: maybe(fc.constantFrom(512, 4096)),
  rotational: maybe(fc.boolean()),
});
const nics = fc.record({
  driver: maybe(fc.constantFrom('ixgbe', 'mlx5_core')),
  firmware: maybe(fc.constantFrom('8.30 0x8000a4b2', '26.36.1010 (MT_1)')),
  linkUp: maybe(fc.boolean()),
  speedMbps: maybe(fc.constantFrom(1000, 25_000)),
  maxMbps: maybe(fc.constantFrom(10_000, 25_000)),
  isOnPci: fc.boolean(),
});
const psus = fc.record({
  present: fc.boolean(),
  powered: fc.constant(null),
  watts: maybe(fc.constantFrom(800, 1400)),
  manufacturer: fc.constant(null),
  model: maybe(fc.constantFrom('PWR SPLY,1400W', 'X*')),
  part: fc.constant(null),
  serial: fc.constant(null),
  source: fc.constant('ipmi' as const),
});
const gpus = fc.record({
  model: maybe(fc.constantFrom('NVIDIA H100', 'NVIDIA A100')),
  memoryBytes: maybe(fc.constantFrom(80 * gib, 40 * gib)),
  serial: fc.constant(null),
  firmware: maybe(fc.constantFrom('96.0.1', '96.0.2')),
});
const tpms = fc.record({
  version: maybe(fc.constantFrom('2', '1.2')),
  manufacturer: fc.constant(null),
  firmware: fc.constant(null),
  ekSha256s: fc.constant<string[]>([]),
});
/** A link is as wide as both its ends: what runs narrower is no example to follow. */
const pci = fc.record({
  class: fc.constantFrom('010802', '020000', '030200', '060400', '120000'),
  vendor: fc.constantFrom('10de', '8086'),
  device: fc.constantFrom('2330', '1572'),
  subsystem: fc.constant(null),
  driver: fc.constant(null),
  currentLinkWidth: maybe(fc.constantFrom(4, 16)),
  maxLinkWidth: maybe(fc.constantFrom(4)),
  currentLinkSpeed: maybe(fc.constantFrom('2.5 GT/s PCIe', '16.0 GT/s PCIe', 'Unknown')),
  maxLinkSpeed: maybe(fc.constantFrom('32.0 GT/s PCIe')),
  numaNode: fc.constant(null),
});

/** Machines whose lists were read whole, and whose DIMMs and disks report their size. */
const machines = fc
  .record({
    product: maybe(fc.constantFrom('Server One', 'Server Two')),
    biosVersion: maybe(fc.constantFrom('1.2', 'U46')),
    microcode: maybe(fc.constantFrom('0x8301055', '17')),
    bootMode: fc.constantFrom<('uefi' | 'bios')[]>('uefi', 'bios'),
    secureBoot: maybe(fc.boolean()),
    cpus: few(cpus, 2),
    dimms: few(dimms, 4),
    disks: few(disks, 4),
    nics: few(nics, 4),
    pci: few(pci, 4),
    psus: few(psus, 2),
    gpus: few(gpus, 2),
    tpm: maybe(tpms),
    bmcFirmware: maybe(fc.constantFrom('6.10', '7.10.30')),
  })
  .map(({ product, biosVersion, microcode, bootMode, secureBoot, tpm, bmcFirmware, ...parts }): Inventory => {
    const listed = parts.dimms.map((dimm, handle): Dimm => ({ ...dimm, handle, slot: `A${handle}` }));
    const bdf = (at: number): string => `0000:${String(10 + at)}:00.0`;
    return {
      ...bareInventory,
      identity: {
        manufacturer: null, product, sku: null, serial: null, uuid: null, boardSerial: null, chassisSerial: null,
        assetTag: null,
      },
      firmware: { biosVendor: null, biosVersion, biosDate: null, bootMode, secureBoot, microcode },
      cpus: parts.cpus.map((cpu, at): Cpu => ({ ...bareCpu, ...cpu, threads: cpu.enabledCores * 2, socket: `CPU${at}` })),
      dimms: listed,
      memoryTotalBytes: listed.reduce((sum, dimm) => sum + (dimm.populated ? (dimm.sizeBytes ?? 0) : 0), 0),
      disks: parts.disks.map((disk, at): Disk => ({ ...bareDisk, ...disk, name: `sd${at}` })),
      nics: parts.nics.map(({ isOnPci, ...nic }, at): Nic => ({
        ...bareNic,
        ...nic,
        name: `eth${at}`,
        mac: `02:00:00:00:00:${String(10 + at)}`,
        pci: isOnPci ? bdf(at) : null,
      })),
      tpm,
      bmc: { firmware: bmcFirmware, mac: null, address: null },
      psus: parts.psus.map((psu, at): Psu => ({ ...psu, slot: `PSU${at}` })),
      gpus: parts.gpus.map((gpu, at): Gpu => ({ ...gpu, bdf: bdf(at) })),
      pci: parts.pci.map((device, at): PciDevice => ({ ...barePci, ...device, bdf: bdf(at) })),
    };
  }); // prettier-ignore

const specs = Compile(MachineClassSpec);
const findingsOf = (inventory: Inventory, spec: MachineClassSpec): string[] =>
  compare(inventory, { class: 'own@1', spec }).map(({ path, sentence }) => `${path}: ${sentence}`);

describe('a class made of a machine', () => {
  it('is matched by that machine', () => {
    fc.assert(
      fc.property(machines, fc.integer(), (machine, seed) => {
        const spec = classFromInventory(machine);
        expect(specs.Errors(spec)).toEqual([]);
        expect(findingsOf(shuffled(machine, seededRng(seed)), spec)).toEqual([]);
        const verdicts = compareComponents(machine, { class: 'own@1', spec }).map(({ verdict }) => verdict);
        expect(verdicts.filter((verdict) => verdict !== 'match')).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('finds the same in a machine however its parts are listed', () => {
    fc.assert(
      fc.property(machines, machines, fc.integer(), (machine, other, seed) => {
        const spec = classFromInventory(other);
        expect(findingsOf(shuffled(machine, seededRng(seed)), spec)).toEqual(findingsOf(machine, spec));
      }),
      { numRuns: 500 },
    );
  });

  it('gives a row of each verdict its findings, and a match none', () => {
    fc.assert(
      fc.property(machines, machines, (machine, other) => {
        const promised = { class: 'other@1', spec: classFromInventory(other) };
        const rows = compareComponents(machine, promised);
        expect(rows.flatMap(({ findings }) => findings)).toEqual(compare(machine, promised));
        for (const row of rows) expect([row.verdict === 'match', row]).toEqual([row.findings.length === 0, row]);
      }),
      { numRuns: 500 },
    );
  });
});

const [, good] = goodMachines();
if (good === undefined) throw new Error('there is a second machine');
/** Every field that a class can hold, as the good machine has it. */
const full: MachineClassSpec = {
  ...good.spec,
  memory: good.spec.memory.map((entry) => ({ ...entry, rank: 2, part: 'M321R4GA3BB6*' })),
  disks: good.spec.disks.map((entry) => ({ ...entry, tolerancePercent: 2 })),
  nothingElse: true,
};

type Lists = 'cpus' | 'memory' | 'disks' | 'nics' | 'pci' | 'psus' | 'gpus';
const schemas = {
  cpus: CpuExpectation,
  memory: MemoryExpectation,
  disks: DiskExpectation,
  nics: NicExpectation,
  pci: PciExpectation,
  psus: PsuExpectation,
  gpus: GpuExpectation,
} as const;
/** Values that no good machine has. */
const wrong: Record<Lists, Record<string, unknown>> = {
  cpus: { count: 3, model: 'Z80', cores: 3, enabledCores: 2, threads: 5, maxMhzMin: 9999 },
  memory: {
    count: 17, sizeBytes: 3 * gib, type: 'DDR2', ratedMts: 1, configuredMtsMin: 9999, rank: 3, part: 'X*',
    manufacturers: ['Nobody'], slots: ['Z*'], ecc: undefined,
  },
  disks: {
    count: 9, transport: 'sas', sizeBytes: 5, model: 'X', rotational: true, logicalBlockBytes: 520, firmwareMin: '9.9',
    tolerancePercent: undefined,
  },
  nics: {
    count: 3, driver: 'x', pci: 'x', linksUp: 3, speedMbpsMin: 400_000, capableMbpsMin: 400_000, modules: ['X*'],
    firmwareMin: '99.1',
  },
  pci: { count: 9, vendor: 'ffff', device: 'ffff', class: '99*', linkWidthMin: 32, linkSpeedGtsMin: 64 },
  psus: { count: 7, wattsMin: 2700, model: 'X*' },
  gpus: { count: 9, model: 'X*', memoryBytes: 40 * gib, firmwareMin: '99.1' },
}; // prettier-ignore
const wrongOfMachine: Record<string, unknown> = {
  product: 'Other', biosVersionMin: '9.9', secureBoot: false, bmcFirmwareMin: '9.9', tpm: { version: '1.2' }, bootMode: 'bios', microcodeMin: '0x7fffffff', pciNothingElse: ['06*'],
  // Of these, what makes them fail is in the machine; see the tests below.
  nothingElse: undefined, cpus: undefined, memory: undefined, disks: undefined, nics: undefined, pci: undefined,
  psus: undefined, gpus: undefined,
  // Not compared: what it must stand is the controller's to see to.
  burnIn: undefined,
}; // prettier-ignore

function withField(list: Lists, field: string, value: unknown): MachineClassSpec {
  const entries = (full[list] ?? []).map((entry, at) => (at === 0 ? { ...entry, [field]: value } : entry));
  const changed: unknown = { ...full, [list]: entries };
  if (!specs.Check(changed)) throw new Error(`${list}.${field} is no class`);
  return changed;
}

describe('each field of a class', () => {
  const fields = Object.entries(wrong).flatMap(([list, values]) =>
    Object.keys(values).map((field) => [list, field, values[field]] as const),
  );
  const isList = (name: string): name is Lists => Object.hasOwn(schemas, name);

  it('is known to these tests', () => {
    expect(findingsOf(good.inventory, full)).toEqual([]);
    for (const [list, schema] of Object.entries(schemas))
      expect(Object.keys(isList(list) ? wrong[list] : {}).toSorted()).toEqual(
        Object.keys(schema.properties).toSorted(),
      );
    expect(Object.keys(wrongOfMachine).toSorted()).toEqual(Object.keys(MachineClassSpec.properties).toSorted());
  });

  it.each(fields.filter(([, , value]) => value !== undefined))('can fail: %s.%s', (list, field, value) => {
    expect(isList(list) && findingsOf(good.inventory, withField(list, field, value)).length).toBeGreaterThan(0);
  });

  it.each(Object.entries(wrongOfMachine).filter(([, value]) => value !== undefined))('can fail: %s', (field, value) => {
    const spec: unknown = { ...full, [field]: value };
    expect(specs.Check(spec) && findingsOf(good.inventory, spec).length).toBeGreaterThan(0);
  });

  it('can fail: ecc, tolerancePercent, nothingElse', () => {
    const { inventory } = good;
    const dimms = inventory.dimms.map((dimm) => ({ ...dimm, ecc: false }));
    expect(findingsOf({ ...inventory, dimms }, full)).toHaveLength(16);
    const disks = inventory.disks.map((disk) => ({ ...disk, sizeBytes: Math.round((disk.sizeBytes ?? 0) * 0.97) }));
    expect(findingsOf({ ...inventory, disks }, full)).toHaveLength(8);
    const wide = { ...full, disks: full.disks.map((entry) => ({ ...entry, tolerancePercent: 5 })) };
    expect(findingsOf({ ...inventory, disks }, wide)).toEqual([]);
    const more = { ...inventory, disks: [...inventory.disks, ...inventory.disks.slice(0, 1)] };
    expect(findingsOf(more, full)).toHaveLength(1);
    expect(findingsOf(more, { ...full, nothingElse: false })).toEqual([]);
  });
});

const { inventory } = good;
const every = <T>(list: readonly T[], change: Partial<T>): T[] => list.map((item) => ({ ...item, ...change }));

it.each<[string, Partial<Inventory>]>([
  ['CPU model', { cpus: every(inventory.cpus, { model: null }) }],
  ['cores', { cpus: every(inventory.cpus, { cores: null }) }],
  ['enabled cores', { cpus: every(inventory.cpus, { enabledCores: null }) }],
  ['threads', { cpus: every(inventory.cpus, { threads: null }) }],
  ['clock', { cpus: every(inventory.cpus, { maxMhz: null }) }],
  ['DIMM size', { dimms: every(inventory.dimms, { sizeBytes: null }) }],
  ['DIMM type', { dimms: every(inventory.dimms, { type: null }) }],
  ['rated speed', { dimms: every(inventory.dimms, { ratedMts: null }) }],
  ['configured speed', { dimms: every(inventory.dimms, { configuredMts: null }) }],
  ['ECC', { dimms: every(inventory.dimms, { ecc: null }) }],
  ['rank', { dimms: every(inventory.dimms, { rank: null }) }],
  ['DIMM manufacturer', { dimms: every(inventory.dimms, { manufacturer: null }) }],
  ['part number', { dimms: every(inventory.dimms, { part: null }) }],
  ['channel', { dimms: inventory.dimms.map((dimm, at) => ({ ...dimm, slot: String(at) })) }],
  ['usable memory', { memoryTotalBytes: null }],
  ['disk size', { disks: every(inventory.disks, { sizeBytes: null }) }],
  ['disk model', { disks: every(inventory.disks, { model: null }) }],
  ['medium', { disks: every(inventory.disks, { rotational: null }) }],
  ['block size', { disks: every(inventory.disks, { logicalBlockBytes: null }) }],
  ['disk firmware', { disks: every(inventory.disks, { firmware: null }) }],
  ['driver', { nics: every(inventory.nics, { driver: null }) }],
  ['PCI id of a port', { nics: every(inventory.nics, { pci: null }) }],
  ['port speed', { nics: every(inventory.nics, { speedMbps: null }) }],
  ['fastest mode of a port', { nics: every(inventory.nics, { maxMbps: null }) }],
  ['module', { nics: every(inventory.nics, { module: null }) }],
  ['PSU power', { psus: every(inventory.psus, { watts: null }) }],
  ['PSU model', { psus: every(inventory.psus, { model: null }) }],
  ['PSUs', { psus: [] }],
  ['GPU model', { gpus: every(inventory.gpus, { model: null }) }],
  ['GPU memory', { gpus: every(inventory.gpus, { memoryBytes: null }) }],
  ['GPU firmware', { gpus: every(inventory.gpus, { firmware: null }) }],
  ['TPM version', { tpm: { version: null, manufacturer: null, firmware: null, ekSha256s: [] } }],
  ['board controller', { bmc: null }],
  ['port firmware', { nics: every(inventory.nics, { firmware: null }) }],
  ['link width', { pci: every(inventory.pci, { currentLinkWidth: null }) }],
  ['link speed', { pci: every(inventory.pci, { currentLinkSpeed: null, maxLinkSpeed: null }) }],
  ['product', { identity: { ...inventory.identity, product: null } }],
  ['BIOS version', { firmware: { ...inventory.firmware, biosVersion: null } }],
  ['microcode', { firmware: { ...inventory.firmware, microcode: null } }],
])('calls a machine that does not report its %s unverifiable', (_field, change) => {
  const rows = compareComponents({ ...inventory, ...change }, { class: 'full@1', spec: full });
  const bad = rows.filter(({ verdict }) => verdict !== 'match');
  expect(bad.length).toBeGreaterThan(0);
  for (const { verdict, findings } of bad) {
    expect(verdict).toBe('unverifiable');
    expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['unverifiable']));
  }
});

it.each<[string, Partial<Inventory>, string, string]>([
  ['a larger disk', { disks: every(inventory.disks, { sizeBytes: 8e12, model: 'X' }) }, 'disk', 'wrong'],
  ['a disk that hides a part', { disks: inventory.disks.map((disk) => ({ ...disk, sizeBytes: (disk.sizeBytes ?? 0) / 2 })) }, 'disk', 'degraded'],
  ['a larger disk of the model', { disks: inventory.disks.map((disk) => ({ ...disk, sizeBytes: (disk.sizeBytes ?? 0) * 1.2 })) }, 'disk', 'better'],
  ['smaller DIMMs', { dimms: inventory.dimms.map((dimm) => ({ ...dimm, sizeBytes: dimm.sizeBytes && dimm.sizeBytes / 2 })), memoryTotalBytes: 16 * 32 * gib }, 'memory', 'worse'],
  ['slow DIMMs', { dimms: every(inventory.dimms, { configuredMts: 4400 }) }, 'memory', 'degraded'],
  ['no CPUs', { cpus: [] }, 'cpu', 'short'],
  ['a CPU too many', { cpus: [...inventory.cpus, ...inventory.cpus.slice(0, 1)] }, 'cpu', 'surplus'],
  ['a supply on no cord', { psus: every(inventory.psus, { powered: false }) }, 'psu', 'degraded'],
  ['an empty supply bay', { psus: inventory.psus.map((psu, at) => ({ ...psu, present: at > 0 })) }, 'psu', 'short'],
  ['a GPU with more memory', { gpus: every(inventory.gpus, { memoryBytes: 141 * gib }) }, 'gpu', 'better'],
  ['no TPM', { tpm: null, absent: [{ source: 'tpm.json', reason: 'no TPM' }] }, 'tpm', 'short'],
  ['a TPM that nobody looked for', { tpm: null }, 'tpm', 'unverifiable'],
  ['another serial in the EEPROM', { fru: inventory.fru && { ...inventory.fru, serial: 'S2' } }, 'system', 'unverifiable'],
  ['half the lanes', { pci: inventory.pci.map((device) => ({ ...device, currentLinkWidth: (device.currentLinkWidth ?? 0) / 2 })) }, 'pci', 'degraded'],
])('judges %s', (...[, change, component, verdict]) => {
  const rows = compareComponents({ ...inventory, ...change }, { class: 'full@1', spec: full });
  const bad = rows.filter((row) => row.verdict !== 'match');
  expect(new Set(bad.map((row) => `${row.component} ${row.verdict}`))).toEqual(new Set([`${component} ${verdict}`]));
}); // prettier-ignore
