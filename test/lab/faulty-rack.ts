// The rack of the faults: three servers that are as ordered but for what a test does to them, their classes and order.
// `srv-hot` has everything that can be changed while it runs, and the vendor's slip has its serial wrong.
import { stringify } from 'yaml';

import type { MachineClassSpec } from '../../shared/inspection/machine-class.ts';
import { listing, structureOf } from '../fixtures/dmidecode-listing.ts';
import type { ServerSpec } from './server-spec.ts';
import type { DimmSpec } from './smbios.ts';

/** The machine whose memory `srv-real` has: 16 slots, four modules, serials as the maker gave them. */
export const realListing = listing('sm-ssg-6028r');

const dimmMiB = 512;
export const diskBytes = 4_000_000_000;
const nicsOf = (number: number): { mac: string }[] =>
  [0, 1].map((port) => ({ mac: `52:54:00:fa:0${port}:${String(number).padStart(2, '0')}` }));

function server(number: number, name: string): ServerSpec {
  return {
    name,
    serial: `SN-F00${number}`,
    uuid: `6b1c2f5e-0d5d-4f5e-9a51-0000000fa00${number}`,
    manufacturer: 'Lab Inc.',
    product: 'Rack Server Two',
    // Machines that start together share the cores of the host.
    cpus: 1,
    memoryMiB: 2 * dimmMiB,
    dimms: ['A1', 'A2'].map((slot): DimmSpec => dimm(number, slot)),
    disks: [{ kind: 'nvme', serial: `NVF${number}`, sizeBytes: diskBytes, inBay: true }],
    nics: nicsOf(number),
  };
}

function dimm(number: number, locator: string): DimmSpec {
  const made = { manufacturer: 'Lab Memory', serial: `F${number}${locator}`, part: 'LM-256' };
  return { locator, bank: 'BANK 0', sizeMiB: dimmMiB, speedMts: 4800, ...made };
}

export const hot: ServerSpec = { ...server(1, 'srv-hot'), hasBmc: true };
export const smallDisk = { kind: 'nvme', serial: 'NVSMALL', sizeBytes: 3_800_000_000, inBay: true } as const;
export const rightDisk = { kind: 'nvme', serial: 'NVSPARE', sizeBytes: diskBytes, inBay: true } as const;

/** `srv-cold` as it is to be, and as it comes. */
export const cold = server(2, 'srv-cold');
export const coldWithout: ServerSpec = {
  ...cold,
  memoryMiB: dimmMiB,
  dimms: [dimm(2, 'A1'), { locator: 'A2', bank: 'BANK 0', empty: true }],
};

export const real: ServerSpec = {
  ...server(3, 'srv-real'),
  memoryStructures: realListing.filter(({ type }) => type === 16 || type === 17).map(structureOf),
};

const frame: Omit<MachineClassSpec, 'memory'> = {
  product: 'Rack Server Two',
  cpus: [{ count: 1, cores: 1 }],
  disks: [{ count: 1, transport: 'nvme', sizeBytes: diskBytes }],
  nics: [{ count: 2, linksUp: 2 }],
};
export const classes = {
  two: { ...frame, memory: [{ count: 2, sizeBytes: dimmMiB * 1024 ** 2, type: 'DDR5', ratedMts: 4800 }] },
  real: { ...frame, memory: [{ count: 4, sizeBytes: 16 * 1024 ** 3, type: 'DDR4', ratedMts: 2133 }] },
} satisfies Readonly<Record<string, MachineClassSpec>>;

export const orderNumber = 'PO-F';

/** The order, with the serial of `srv-hot` as the slip has it. */
export function order(hotSerial: string): string {
  const serials = [hotSerial, cold.serial];
  return stringify({
    number: orderNumber,
    vendor: 'Acme',
    currency: 'EUR',
    lines: [
      { line: 1, class: 'two@1', quantity: 2, unitPrice: '10.00' },
      { line: 2, class: 'real@1', quantity: 1, unitPrice: '10.00' },
    ],
    deliveries: [
      {
        delivery: 1,
        line: 1,
        servers: [
          { serial: hotSerial, name: 'srv-hot', rack: 'R12', slot: 'U20' },
          { serial: cold.serial, name: 'srv-cold', rack: 'R13', slot: 'U20' },
        ],
      },
      { delivery: 2, line: 2, servers: [{ serial: real.serial, name: 'srv-real', rack: 'R13', slot: 'U21' }] },
    ],
    invoices: [
      {
        number: 'INV-F',
        total: '30.00',
        lines: [
          { line: 1, unitPrice: '10.00', serials },
          { line: 2, unitPrice: '10.00', serials: [real.serial] },
        ],
      },
    ],
  });
}
