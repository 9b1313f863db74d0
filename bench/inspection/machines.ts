// Three machines that are as ordered: a compute server, a GPU server and a storage server, as their firmware and kernels
// report such machines, with the class that each was ordered as.
import type { Cpu, Dimm, Disk, Inventory, Nic, PciDevice, Psu } from '../../shared/hardware/inventory.ts';
import { bareInventory, bareNic, barePci } from '../../test/fixtures/parts.ts';
import { classFromInventory } from '../../shared/inspection/class-from-inventory.ts';
import type { MachineClassSpec } from '../../shared/inspection/machine-class.ts';
import { gib, mib } from '../../shared/units.ts';

export type Machine = {
  readonly name: string;
  readonly inventory: Inventory;
  readonly spec: MachineClassSpec;
};

export const memoryMakers = ['Samsung', 'Micron*', 'SK Hynix'];

export function goodMachines(): Machine[] {
  return [compute(), gpu(), storage()].map((inventory) => ({
    name: inventory.identity.product ?? '',
    inventory,
    spec: specOf(inventory),
  }));
}

/** The class of an order says more than one machine shows: who may have made the DIMMs, how they are spread, and which
 * module is in each port. */
function specOf(inventory: Inventory): MachineClassSpec {
  const spec = classFromInventory(inventory);
  const memory = spec.memory.map((entry) => ({
    ...entry,
    manufacturers: memoryMakers,
    slots: 'equal-per-channel' as const,
  }));
  const nics = spec.nics.map((entry) => (entry.driver === 'tg3' ? entry : { ...entry, modules: ['SFP28*'] }));
  return { ...spec, memory, nics };
}

type Build = Pick<Inventory, 'firmware' | 'cpus' | 'dimms' | 'disks' | 'nics' | 'pci'> & {
  readonly maker: string;
  readonly product: string;
  readonly supplies: number;
};

function machine({ maker, product, supplies, ...parts }: Build): Inventory {
  const total = parts.dimms.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0);
  return {
    ...bareInventory,
    identity: {
      manufacturer: maker, product, sku: null, serial: 'S100001', uuid: '4c4c4544-0042-3510-8051-b1c04f463433',
      boardSerial: 'B100001', chassisSerial: 'C100001', assetTag: null,
    },
    ...parts,
    cpus: parts.cpus.map((cpu) => ({ ...cpu, microcode: parts.firmware.microcode })),
    fru: {
      manufacturer: maker, product, part: null, serial: 'S100001', assetTag: null, boardSerial: 'B100001', boardPart: null,
      chassisSerial: null,
    },
    bmc: { firmware: '7.10', mac: 'b8:ce:f6:00:00:bb', address: '192.0.2.7' },
    tpm: { version: '2', manufacturer: 'IFX', firmware: '7.85', ekSha256s: ['ab'.repeat(32)] },
    memoryTotalBytes: Math.floor((total * 0.988) / 4096) * 4096,
    psus: times(supplies, supply),
    gpus: parts.pci.filter(({ class: code }) => code.startsWith('0302')).map(({ bdf }, index) => ({
      bdf, model: 'NVIDIA H100 80GB HBM3', memoryBytes: 81_559 * mib, serial: `16503230${index}`, firmware: '96.00.74.00.01',
    })),
  }; // prettier-ignore
}

function supply(index: number): Psu {
  return {
    slot: `PSU${index + 1}`, present: true, powered: true, watts: 1400, manufacturer: 'DELTA', model: 'PWR SPLY,1400W',
    part: '0CMPGM', serial: `PSU000${index}`, source: 'ipmi',
  }; // prettier-ignore
}

function compute(): Inventory {
  return machine({
    supplies: 2,
    maker: 'Dell Inc.',
    product: 'PowerEdge R7625',
    firmware: firmware('1.8.3', '0xa101148'),
    cpus: sockets(2, { model: 'AMD EPYC 9354 32-Core Processor', manufacturer: 'AMD', cores: 32, maxMhz: 3800 }),
    dimms: memory({ groups: ['A', 'B'], perGroup: 8, slots: 12, sizeBytes: 32 * gib, type: 'DDR5', mts: 4800 }),
    disks: [
      ...drives(8, { prefix: 'nvme', model: 'Dell Ent NVMe CM6 MU 3.84TB', sizeBytes: 3_840_755_982_336 }),
      ...drives(2, { prefix: 'sd', model: 'MTFDDAK480TDS', sizeBytes: 480_103_981_056 }),
    ],
    nics: [
      ...ports(2, {
        name: 'ens1f',
        bus: 'c1',
        driver: 'mlx5_core',
        firmware: '26.36.1010 (MT_0000000531)',
        mbps: 25_000,
      }),
      ...ports(2, { name: 'eno', bus: 'c3', driver: 'tg3', firmware: 'FFV22.71.3 bc 5720-v1.39', mbps: 1000, up: 1 }),
    ],
    pci: [
      ...cards(8, { bus: 0x20, id: '1e0f:0007', class: '010802', width: 4, gts: '16.0 GT/s PCIe' }),
      ...cards(1, { bus: 0x80, id: '1022:7901', class: '010601', width: 16, gts: '16.0 GT/s PCIe' }),
      ...twoPorts('c1', { id: '15b3:101f', width: 8, gts: '16.0 GT/s PCIe' }),
      ...twoPorts('c3', { id: '14e4:165f', width: 2, gts: '5.0 GT/s PCIe' }),
      ...cards(1, { bus: 0xc4, id: '102b:0536', class: '030000', width: 1, gts: '2.5 GT/s PCIe' }),
      ...bridges(72),
    ],
  });
}

function gpu(): Inventory {
  return machine({
    supplies: 6,
    maker: 'Supermicro',
    product: 'SYS-821GE-TNHR',
    firmware: firmware('2.1', '0x2b0004b1'),
    cpus: sockets(2, { model: 'Intel(R) Xeon(R) Platinum 8480+', manufacturer: 'Intel(R) Corporation', cores: 56, maxMhz: 3800 }),
    dimms: memory({
      groups: ['P1-DIMMA', 'P1-DIMMB', 'P1-DIMMC', 'P1-DIMMD', 'P2-DIMMA', 'P2-DIMMB', 'P2-DIMMC', 'P2-DIMMD'],
      perGroup: 2, slots: 2, sizeBytes: 64 * gib, type: 'DDR5', mts: 4800,
    }),
    disks: [
      ...drives(2, { prefix: 'nvme', model: 'MICRON_7450_MTFDKBA960TFR', sizeBytes: 960_197_124_096 }),
      ...drives(6, { prefix: 'nvme', model: 'SAMSUNG MZQL23T8HCLS-00A07', sizeBytes: 3_840_755_982_336, from: 2 }),
    ],
    nics: ports(2, { name: 'ens9f', bus: 'c1', driver: 'mlx5_core', firmware: '26.38.1002 (MT_0000000547)', mbps: 100_000 }),
    pci: [
      ...cards(8, { bus: 0x10, id: '10de:2330', class: '030200', width: 16, gts: '32.0 GT/s PCIe' }),
      ...cards(4, { bus: 0x30, id: '15b3:1021', class: '020700', width: 16, gts: '32.0 GT/s PCIe' }),
      ...cards(2, { bus: 0x50, id: '1344:51c3', class: '010802', width: 4, gts: '16.0 GT/s PCIe' }),
      ...cards(6, { bus: 0x58, id: '144d:a80a', class: '010802', width: 4, gts: '16.0 GT/s PCIe' }),
      ...twoPorts('c1', { id: '15b3:101d', width: 16, gts: '16.0 GT/s PCIe' }),
      ...cards(1, { bus: 0xc4, id: '1a03:2000', class: '030000', width: 1, gts: '2.5 GT/s PCIe' }),
      ...bridges(96),
    ],
  }); // prettier-ignore
}

function storage(): Inventory {
  return machine({
    supplies: 2,
    maker: 'HPE',
    product: 'ProLiant DL380 Gen10 Plus',
    firmware: firmware('U46', '0xd0003b9'),
    cpus: sockets(1, { model: 'Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz', manufacturer: 'Intel', cores: 16, maxMhz: 3400 }),
    dimms: memory({ groups: ['PROC1_A', 'PROC1_B', 'PROC1_C', 'PROC1_D'], perGroup: 2, slots: 4, sizeBytes: 16 * gib, type: 'DDR4', mts: 3200 }),
    disks: [
      ...drives(12, { prefix: 'sd', model: 'MB016000JWXKU', sizeBytes: 16_000_900_661_248, isRotating: true }),
      ...drives(2, { prefix: 'sd', model: 'VK000960GWTTB', sizeBytes: 960_197_124_096, from: 12 }),
    ],
    nics: ports(4, { name: 'ens2f', bus: 'c1', driver: 'i40e', firmware: '8.30 0x8000a4b2 1.2926.0', mbps: 10_000, up: 2 }),
    pci: [
      ...cards(1, { bus: 0x60, id: '1000:10e6', class: '010400', width: 8, gts: '16.0 GT/s PCIe' }),
      ...cards(1, { bus: 0x70, id: '8086:a182', class: '010601', width: 1, gts: '8.0 GT/s PCIe' }),
      ...twoPorts('c1', { id: '8086:1572', width: 8, gts: '8.0 GT/s PCIe', functions: 4 }),
      ...cards(1, { bus: 0xc4, id: '102b:0538', class: '030000', width: 1, gts: '5.0 GT/s PCIe' }),
      ...bridges(48),
    ],
  }); // prettier-ignore
}

function firmware(biosVersion: string, microcode: string): Inventory['firmware'] {
  return { biosVendor: 'Vendor', biosVersion, biosDate: '05/14/2026', bootMode: 'uefi', secureBoot: true, microcode };
}

type CpuOf = Pick<Cpu, 'model' | 'manufacturer' | 'maxMhz'> & { readonly cores: number };

function sockets(count: number, { cores, ...cpu }: CpuOf): Cpu[] {
  return times(count, (index) => ({
    socket: `CPU${index + 1}`,
    ...cpu,
    cores,
    enabledCores: cores,
    threads: 2 * cores,
    populated: true,
    signature: '6/143/8',
    microcode: null,
  }));
}

type MemoryOf = {
  readonly groups: readonly string[];
  readonly perGroup: number;
  readonly slots: number;
  readonly sizeBytes: number;
  readonly type: string;
  readonly mts: number;
};

function memory({ groups, perGroup, slots, sizeBytes, type, mts }: MemoryOf): Dimm[] {
  return groups.flatMap((group, at) =>
    times(slots, (index): Dimm => {
      const place = { handle: 0x1100 + at * slots + index, slot: `${group}${index + 1}`, bank: null };
      if (index >= perGroup) return emptyDimm(place);
      return {
        ...place, populated: true, sizeBytes, type, ratedMts: mts, configuredMts: mts, manufacturer: 'Samsung',
        serial: `M${at}${index}`, part: 'M321R4GA3BB6-CQKET', rank: 2, ecc: true,
      }; // prettier-ignore
    }),
  );
}

export function emptyDimm({ handle, slot, bank }: Pick<Dimm, 'handle' | 'slot' | 'bank'>): Dimm {
  return {
    handle, slot, bank, populated: false, sizeBytes: null, type: null, ratedMts: null, configuredMts: null,
    manufacturer: null, serial: null, part: null, rank: null, ecc: null,
  }; // prettier-ignore
}

type DriveOf = {
  readonly prefix: 'nvme' | 'sd';
  readonly model: string;
  readonly sizeBytes: number;
  readonly isRotating?: true;
  readonly from?: number;
};

function drives(count: number, { prefix, model, sizeBytes, isRotating, from = 0 }: DriveOf): Disk[] {
  return times(count, (index) => {
    const at = from + index;
    return {
      name: prefix === 'nvme' ? `nvme${at}n1` : `sd${String.fromCharCode(97 + at)}`,
      path: null,
      transport: prefix === 'nvme' ? 'nvme' : isRotating === true ? 'sas' : 'sata',
      model,
      serial: `${model.slice(0, 4)}${String(1000 + at)}`,
      wwid: null,
      firmware: prefix === 'nvme' ? '2.1.8' : 'HPD5',
      sizeBytes,
      physicalBlockBytes: 4096,
      readOnly: false,
      logicalBlockBytes: isRotating === true ? 4096 : 512,
      rotational: isRotating === true,
      bay: null,
      behind: null,
    };
  });
}

type PortOf = {
  readonly name: string;
  readonly bus: string;
  readonly driver: string;
  readonly firmware: string;
  readonly mbps: number;
  readonly up?: number;
};

function ports(count: number, { name, bus, driver, firmware: version, mbps, up = count }: PortOf): Nic[] {
  return times(count, (index) => ({
    ...bareNic,
    maxMbps: mbps,
    module: mbps < 10_000 ? null : { vendor: 'FS', part: 'SFP28-25G-DAC', serial: `${name}${index}` },
    name: `${name}${index}`,
    mac: `b8:ce:f6:00:${bus}:0${index}`,
    pci: `0000:${bus}:00.${index}`,
    driver,
    firmware: version,
    linkUp: index < up,
    speedMbps: index < up ? mbps : null,
  }));
}

type CardOf = { readonly id: string; readonly width: number; readonly gts: string };

function device(bdf: string, code: string, { id, width, gts }: CardOf): PciDevice {
  const [vendor = '', product = ''] = id.split(':');
  return {
    ...barePci, bdf, class: code, vendor, device: product,
    currentLinkWidth: width, maxLinkWidth: width, currentLinkSpeed: gts, maxLinkSpeed: gts, numaNode: 0,
  }; // prettier-ignore
}

function cards(count: number, { bus, class: code, ...card }: CardOf & { bus: number; class: string }): PciDevice[] {
  return times(count, (index) => device(`0000:${(bus + index).toString(16).padStart(2, '0')}:00.0`, code, card));
}

function twoPorts(bus: string, { functions = 2, ...card }: CardOf & { functions?: number }): PciDevice[] {
  return times(functions, (index) => device(`0000:${bus}:00.${index}`, '020000', card));
}

/** What nobody orders and every server has: root ports, bridges, host functions. */
function bridges(count: number): PciDevice[] {
  return times(count, (index) => ({
    ...device(`0000:00:${index.toString(16).padStart(2, '0')}.0`, index % 3 === 0 ? '060400' : '088000', {
      id: '1022:14ac',
      width: 16,
      gts: '32.0 GT/s PCIe',
    }),
  }));
}

function times<T>(count: number, of: (index: number) => T): T[] {
  return Array.from({ length: count }, (_unused, index) => of(index));
}
