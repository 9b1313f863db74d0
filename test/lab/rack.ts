// The rack of the story: three servers, the class they were ordered as, and the order. `srv-a` is as ordered, `srv-b`
// lacks one DIMM and has a smaller disk, `srv-c` is on no order at all.
import type { ServerSpec } from './server-spec.ts';
import type { DimmSpec } from './smbios.ts';

const dimmMiB = 256;
const slots = ['A1', 'A2', 'A3', 'A4'] as const;

export const machineClass = `name: compute-large
spec:
  product: Rack Server One
  cpus: [{ count: 1, cores: 2 }]
  memory: [{ count: 4, sizeBytes: ${dimmMiB * 1024 * 1024}, type: DDR5, ratedMts: 4800 }]
  disks: [{ count: 1, transport: nvme, sizeBytes: 4000000000 }]
  nics: [{ count: 1, linksUp: 1 }]
`;

export const purchaseOrder = `number: PO-2026-0042
vendor: Acme Servers
currency: EUR
ordered: 2026-10-05
lines:
  - line: 1
    class: compute-large@1
    quantity: 2
    unitPrice: 4200.00
deliveries:
  - delivery: 1
    line: 1
    servers:
      - { serial: SN-A100, name: srv-a, rack: R12, slot: U20 }
      - { serial: SN-A101, name: srv-b, rack: R12, slot: U21 }
invoices:
  - number: INV-7781
    total: 8400.00
    lines:
      - { line: 1, unitPrice: 4200.00, serials: [SN-A100, SN-A101] }
`;

type Variation = { readonly emptySlot?: string; readonly diskBytes: number };

function server(name: string, serial: string, { emptySlot, diskBytes }: Variation): ServerSpec {
  const number = Number(serial.replaceAll(/\D/g, ''));
  const dimms = slots.map((slot): DimmSpec => {
    const place = { locator: slot, bank: 'BANK 0' };
    if (slot === emptySlot) return { ...place, empty: true };
    return {
      ...place,
      sizeMiB: dimmMiB,
      speedMts: 4800,
      manufacturer: 'Lab Memory',
      serial: `D${number}${slot}`,
      part: 'LM-256',
    };
  });
  return {
    name,
    serial,
    uuid: `6b1c2f5e-0d5d-4f5e-9a51-${String(number).padStart(12, '0')}`,
    manufacturer: 'Lab Inc.',
    product: 'Rack Server One',
    cpus: 2,
    memoryMiB: dimmMiB * dimms.filter((dimm) => dimm.empty !== true).length,
    dimms,
    disks: [{ kind: 'nvme', serial: `NV${number}`, sizeBytes: diskBytes }],
    nics: [
      {
        mac: `52:54:00:aa:${String(Math.floor(number / 100)).padStart(2, '0')}:${String(number % 100).padStart(2, '0')}`,
      },
    ],
  };
}

export const serverA = server('srv-a', 'SN-A100', { diskBytes: 4_000_000_000 });
export const serverB = server('srv-b', 'SN-A101', { emptySlot: 'A3', diskBytes: 3_800_000_000 });
export const serverC = server('srv-c', 'SN-X900', { diskBytes: 4_000_000_000 });
