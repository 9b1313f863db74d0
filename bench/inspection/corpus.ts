// The seeded corpus: machines with one fault each, all of which must be found, and machines that differ from their class
// in nothing that matters, none of which may be. The same seed gives the same corpus.
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { bareDisk } from '../../test/fixtures/parts.ts';
import { seededRng, unit, type Rng } from '../../shared/rng.ts';
import { faults } from './faults.ts';
import { goodMachines, type Machine } from './machines.ts';

export type Case = {
  readonly machine: Machine;
  /** The fault or the harmless difference. */
  readonly name: string;
  readonly isFaulty: boolean;
  readonly inventory: Inventory;
};

/** `rounds` machines of each kind for each fault: which part is hit, and the order of all lists, differ. */
export function buildCorpus(seed: number, rounds: number): Case[] {
  const rng = seededRng(seed);
  const cases: Case[] = [];
  for (const machine of goodMachines()) {
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, inject } of faults) {
        const broken = inject(machine.inventory, rng);
        if (broken !== undefined) cases.push({ machine, name, isFaulty: true, inventory: shuffled(broken, rng) });
      }
      for (const { name, vary } of harmless)
        cases.push({ machine, name, isFaulty: false, inventory: shuffled(vary(machine.inventory, rng), rng) });
    }
  }
  return cases;
}

type Variation = { readonly name: string; readonly vary: (machine: Inventory, rng: Rng) => Inventory };

const harmless: readonly Variation[] = [
  { name: 'nothing differs but the order of the lists', vary: (machine) => machine },
  {
    name: 'other serials and addresses',
    vary: (machine, rng) => ({
      ...withSerial(machine, `S${Math.floor(unit(rng) * 1e6)}`),
      dimms: machine.dimms.map((dimm, at) => (dimm.populated ? { ...dimm, serial: `X${at}` } : dimm)),
      disks: machine.disks.map((disk, at) => ({ ...disk, serial: `Y${at}` })),
      nics: machine.nics.map((nic, at) => ({ ...nic, mac: `02:00:00:00:00:${String(10 + at)}` })),
    }),
  },
  {
    name: 'the kernel names disks and ports otherwise',
    vary: (machine) => ({
      ...machine,
      disks: machine.disks.map((disk, at) => ({ ...disk, name: `disk${90 - at}` })),
      nics: machine.nics.map((nic, at) => ({ ...nic, name: `eth${90 - at}` })),
    }),
  },
  {
    name: 'disks of the same class, a little larger or smaller',
    vary: (machine, rng) => ({
      ...machine,
      disks: machine.disks.map((disk) => ({
        ...disk,
        sizeBytes: Math.round((disk.sizeBytes ?? 0) * (0.995 + unit(rng) / 100)),
      })),
    }),
  },
  {
    name: 'the kernel keeps more memory for itself',
    vary: (machine) => ({ ...machine, memoryTotalBytes: Math.floor((machine.memoryTotalBytes ?? 0) * 0.99) }),
  },
  {
    name: 'newer firmware everywhere',
    vary: (machine) => ({
      ...machine,
      firmware: {
        ...machine.firmware,
        biosVersion: machine.firmware.biosVersion?.replace(/\d+$/, (last) => String(Number(last) + 7)) ?? null,
        microcode: '0x7fffffff',
      },
      cpus: machine.cpus.map((part) => ({ ...part, microcode: '0x7fffffff' })),
      disks: machine.disks.map((disk) => ({ ...disk, firmware: disk.transport === 'nvme' ? '2.1.10' : 'HPD12' })),
      nics: machine.nics.map((nic) => ({ ...nic, firmware: nic.driver === 'tg3' ? 'FFV23.1' : '28.39.1002' })),
    }),
  },
  {
    name: 'the CPU writes its name otherwise',
    vary: (machine) => ({
      ...machine,
      cpus: machine.cpus.map((cpu) => ({
        ...cpu,
        model: `${(cpu.model ?? '').replace('(R)', '(r)').replace('(R)', '').replace(' ', '  ')}   `,
      })),
    }),
  },
  {
    name: 'DIMMs of another allowed manufacturer',
    vary: (machine) => ({
      ...machine,
      dimms: machine.dimms.map((dimm) =>
        dimm.populated ? { ...dimm, manufacturer: 'Micron Technology', part: 'MTC20F2085S1RC48BA1' } : dimm,
      ),
    }),
  },
  {
    name: 'firmware does not list empty slots',
    vary: (machine) => ({ ...machine, dimms: machine.dimms.filter(({ populated }) => populated) }),
  },
  {
    name: 'GPUs idle on a slow link',
    vary: (machine) => ({
      ...machine,
      pci: machine.pci.map((part) =>
        part.class.startsWith('03') ? { ...part, currentLinkSpeed: '2.5 GT/s PCIe' } : part,
      ),
    }),
  },
  { name: 'virtual media of the BMC', vary: (machine) => ({ ...machine, disks: [...machine.disks, virtualMedia] }) },
  {
    name: 'more bridges and another numbering of buses',
    vary: (machine) => ({
      ...machine,
      pci: [
        ...machine.pci,
        ...machine.pci
          .filter((part) => part.class.startsWith('06'))
          .map((part) => ({ ...part, bdf: part.bdf.replace('0000:00', '0001:00') })),
      ],
    }),
  },
  {
    name: 'all ports have a link',
    vary: (machine) => ({
      ...machine,
      nics: machine.nics.map((nic) => ({
        ...nic,
        linkUp: true,
        speedMbps: nic.speedMbps ?? machine.nics.find((other) => other.driver === nic.driver)?.speedMbps ?? null,
      })),
    }),
  },
];

/** Both witnesses name it, as in a machine that is whole. */
function withSerial(machine: Inventory, serial: string): Inventory {
  return {
    ...machine,
    identity: { ...machine.identity, serial, uuid: null, assetTag: 'A-17' },
    fru: machine.fru && { ...machine.fru, serial: serial.toLowerCase() },
  };
}

const virtualMedia: Inventory['disks'][number] = {
  ...bareDisk, name: 'sdx', transport: 'usb', model: 'Virtual Floppy', sizeBytes: 0, logicalBlockBytes: 512, rotational: true,
}; // prettier-ignore

/** Fisher–Yates over each list: no comparator may depend on the order in which a kernel or firmware lists parts. */
export function shuffled(machine: Inventory, rng: Rng): Inventory {
  const shuffle = <T>(list: readonly T[]): T[] => {
    const rest = [...list];
    const result: T[] = [];
    while (rest.length > 0) result.push(...rest.splice(Math.floor(unit(rng) * rest.length), 1));
    return result;
  };
  const { cpus, dimms, disks, nics, pci } = machine;
  return {
    ...machine,
    cpus: shuffle(cpus),
    dimms: shuffle(dimms),
    disks: shuffle(disks),
    nics: shuffle(nics),
    pci: shuffle(pci),
  };
}
