// The faults of the corpus: each changes one thing in a machine that is as ordered. A fault answers undefined where a
// machine has nothing to break that way. What the inventory cannot express is listed at the end.
import type { Cpu, Dimm, Disk, Gpu, Inventory, Nic, PciDevice, Psu } from '../../shared/hardware/inventory.ts';
import { bareDisk } from '../../test/fixtures/parts.ts';
import { unit, type Rng } from '../../shared/rng.ts';
import { gb } from '../../shared/units.ts';
import { emptyDimm } from './machines.ts';

type Broken = Inventory | undefined;
export type Fault = {
  readonly name: string;
  readonly inject: (machine: Inventory, rng: Rng) => Broken;
};

export function pick<T>(items: readonly T[], rng: Rng): T | undefined {
  return items[Math.floor(unit(rng) * items.length)];
}

/** Replaces one of the parts that `test` allows by what `change` makes of it; none where there is no such part. */
function onOne<T>(
  parts: readonly T[],
  rng: Rng,
  { test = () => true, change }: { readonly test?: (part: T) => boolean; readonly change: (part: T) => readonly T[] },
): T[] | undefined {
  const chosen = pick(parts.filter(test), rng);
  return chosen === undefined ? undefined : parts.flatMap((part) => (part === chosen ? change(part) : [part]));
}

const cpu =
  (change: (cpu: Cpu) => Partial<Cpu>, test: (cpu: Cpu) => boolean = () => true) =>
  (machine: Inventory, rng: Rng): Broken => {
    const cpus = onOne(machine.cpus, rng, { test, change: (part) => [{ ...part, ...change(part) }] });
    return cpus && { ...machine, cpus };
  };

const cpuFaults: readonly Fault[] = [
  {
    name: 'CPUs of another model, cores and threads equal',
    inject: (machine) => ({
      ...machine,
      cpus: machine.cpus.map((part) => ({ ...part, model: otherModel(part.model) })),
    }),
  },
  { name: 'one of two CPUs of another model', inject: (m, rng) => (m.cpus.length < 2 ? undefined : cpu(({ model }) => ({ model: otherModel(model) }))(m, rng)) },
  { name: 'CPU missing in its socket', inject: (m, rng) => (m.cpus.length < 2 ? undefined : cpu(() => ({ populated: false, model: null, cores: null, enabledCores: null, threads: null }))(m, rng)) },
  { name: 'CPU with fewer cores', inject: cpu(({ cores }) => ({ cores: (cores ?? 0) - 8, enabledCores: (cores ?? 0) - 8, threads: 2 * ((cores ?? 0) - 8) })) },
  { name: 'cores switched off in firmware', inject: cpu(({ cores }) => ({ enabledCores: (cores ?? 0) / 2 })) },
  { name: 'threads switched off in firmware', inject: cpu(({ cores }) => ({ threads: cores })) },
  { name: 'CPU of a lower clock', inject: cpu(({ maxMhz }) => ({ maxMhz: (maxMhz ?? 0) - 600 })) },
  { name: 'engineering sample', inject: cpu(() => ({ model: 'Genuine Intel(R) CPU 0000%@' })) },
  { name: 'counts of cores and threads contradict each other', inject: cpu(({ threads }) => ({ threads: (threads ?? 0) - 1 })) },
  { name: 'sockets with CPUs of two steppings', inject: (m, rng) => (m.cpus.length < 2 ? undefined : cpu(() => ({ signature: '6/143/6' }))(m, rng)) },
  { name: 'microcode that differs between sockets', inject: (m, rng) => (m.cpus.length < 2 ? undefined : cpu(() => ({ microcode: '0x2b000461' }))(m, rng)) },
  { name: 'CPU model not reported', inject: cpu(() => ({ model: null })) },
]; // prettier-ignore

function otherModel(model: string | null): string {
  return (model ?? '').replace(/\d{4}/, (digits) => String(Number(digits) + 100));
}

const dimm =
  (change: (dimm: Dimm) => Partial<Dimm>) =>
  (machine: Inventory, rng: Rng): Broken => {
    const dimms = onOne(machine.dimms, rng, {
      test: ({ populated }) => populated,
      change: (part) => [{ ...part, ...change(part) }],
    });
    return dimms && { ...machine, dimms };
  };

/** The kernel sees what the DIMMs hold. */
function withTotal(machine: Inventory, dimms: Dimm[]): Inventory {
  const sum = (list: readonly Dimm[]): number => list.reduce((total, { sizeBytes }) => total + (sizeBytes ?? 0), 0);
  const reserved = sum(machine.dimms) - (machine.memoryTotalBytes ?? 0);
  return { ...machine, dimms, memoryTotalBytes: Math.max(0, sum(dimms) - reserved) };
}

const memoryFaults: readonly Fault[] = [
  {
    name: 'DIMM missing',
    inject: (machine, rng) => {
      const dimms = onOne(machine.dimms, rng, { test: isPopulated, change: (part) => [emptyDimm(part)] });
      return dimms && withTotal(machine, dimms);
    },
  },
  {
    name: 'DIMM missing, another twice as large',
    inject: (machine, rng) => {
      const without = onOne(machine.dimms, rng, { test: isPopulated, change: (part) => [emptyDimm(part)] });
      const dimms = without && onOne(without, rng, { test: isPopulated, change: doubled });
      return dimms && withTotal(machine, dimms);
    },
  },
  {
    name: 'half as many DIMMs of double size',
    inject: (machine) => {
      let index = 0;
      const dimms = machine.dimms.map((part) => {
        if (!part.populated) return part;
        index += 1;
        return index % 2 === 0 ? emptyDimm(part) : { ...part, sizeBytes: 2 * (part.sizeBytes ?? 0) };
      });
      return withTotal(machine, dimms);
    },
  },
  {
    name: 'DIMM of half the size',
    inject: (machine, rng) => {
      const dimms = onOne(machine.dimms, rng, { test: isPopulated, change: (part) => [{ ...part, sizeBytes: (part.sizeBytes ?? 0) / 2 }] });
      return dimms && withTotal(machine, dimms);
    },
  },
  {
    name: 'DIMM too many',
    inject: (machine, rng) => {
      const example = machine.dimms.find(isPopulated);
      const free = pick(machine.dimms.filter((part) => !part.populated), rng);
      if (example === undefined || free === undefined) return undefined;
      const dimms = machine.dimms.map((part) => (part === free ? { ...example, slot: free.slot, handle: free.handle } : part));
      return withTotal(machine, dimms);
    },
  },
  { name: 'DIMM of a slower grade', inject: dimm(() => ({ ratedMts: 2666, configuredMts: 2666 })) },
  { name: 'DIMM that runs slower than the class asks', inject: dimm(({ ratedMts }) => ({ configuredMts: (ratedMts ?? 0) - 400 })) },
  { name: 'DIMM without ECC', inject: dimm(() => ({ ecc: false })) },
  { name: 'DIMM of another type', inject: dimm(() => ({ type: 'DDR3' })) },
  { name: 'DIMM of another manufacturer', inject: dimm(() => ({ manufacturer: 'Kingston' })) },
  {
    name: 'DIMM in the wrong slot',
    inject: (machine, rng) => {
      const moved = pick(machine.dimms.filter(isPopulated), rng);
      const free = pick(machine.dimms.filter((part) => !part.populated && part.slot.replace(/\d+$/, '') !== moved?.slot.replace(/\d+$/, '')), rng);
      if (moved === undefined || free === undefined) return undefined;
      const dimms = machine.dimms.map((part) =>
        part === moved ? emptyDimm(moved) : part === free ? { ...moved, slot: free.slot, handle: free.handle } : part,
      );
      return { ...machine, dimms };
    },
  },
  {
    name: 'DIMM mapped out by firmware',
    inject: (machine) => {
      const lost = machine.dimms.find(isPopulated)?.sizeBytes ?? 0;
      return { ...machine, memoryTotalBytes: (machine.memoryTotalBytes ?? 0) - lost };
    },
  },
  { name: 'kernel sees more memory than the DIMMs hold', inject: (machine) => ({ ...machine, memoryTotalBytes: Math.floor(1.2 * (machine.memoryTotalBytes ?? 0)) }) },
  { name: 'DIMM size not reported', inject: dimm(() => ({ sizeBytes: null })) },
  { name: 'DIMM speed not reported', inject: dimm(() => ({ configuredMts: null })) },
  { name: 'usable memory not reported', inject: (machine) => ({ ...machine, memoryTotalBytes: null }) },
]; // prettier-ignore

function isPopulated(part: Dimm): boolean {
  return part.populated;
}

function doubled(part: Dimm): Dimm[] {
  return [{ ...part, sizeBytes: 2 * (part.sizeBytes ?? 0) }];
}

type DiskChange = {
  readonly test?: (disk: Disk) => boolean;
  readonly change: (disk: Disk) => Partial<Disk> | undefined;
};

/** `change` answering undefined takes the disk out. */
const disk =
  ({ test = () => true, change }: DiskChange) =>
  (machine: Inventory, rng: Rng): Broken => {
    const disks = onOne(machine.disks, rng, {
      test,
      change: (part) => {
        const changed = change(part);
        return changed === undefined ? [] : [{ ...part, ...changed }];
      },
    });
    return disks && { ...machine, disks };
  };
const isSata = ({ transport }: Disk): boolean => transport === 'sata';
const isNvme = ({ transport }: Disk): boolean => transport === 'nvme';

const diskFaults: readonly Fault[] = [
  { name: 'disk missing', inject: disk({ change: () => undefined }) },
  { name: 'SATA disk of half the size', inject: disk({ test: isSata, change: ({ sizeBytes }) => ({ sizeBytes: (sizeBytes ?? 0) / 2 }) }) },
  { name: 'disk of the next smaller class (4 %)', inject: disk({ change: ({ sizeBytes }) => ({ sizeBytes: Math.round((sizeBytes ?? 0) * 0.96) }) }) },
  { name: 'SATA in place of NVMe, size equal', inject: disk({ test: isNvme, change: () => ({ transport: 'sata', name: 'sdz' }) }) },
  { name: 'rotating disk in place of flash, size equal', inject: disk({ test: isSata, change: () => ({ rotational: true }) }) },
  { name: 'part of a disk hidden (480 GB shows 379 GB)', inject: disk({ change: ({ sizeBytes }) => ({ sizeBytes: Math.round((sizeBytes ?? 0) * 0.79) }) }) },
  { name: 'disk of another model, size equal', inject: disk({ change: () => ({ model: 'KIOXIA KCD8XRUG' }) }) },
  { name: 'disk with old firmware', inject: disk({ change: ({ transport }) => ({ firmware: transport === 'nvme' ? '2.1.5' : 'HPD2' }) }) },
  { name: 'disk with blocks of another size', inject: disk({ change: ({ logicalBlockBytes }) => ({ logicalBlockBytes: logicalBlockBytes === 512 ? 4096 : 512 }) }) },
  { name: 'dead disk that shows no capacity', inject: disk({ change: () => ({ sizeBytes: 0 }) }) },
  { name: 'disk size not reported', inject: disk({ change: () => ({ sizeBytes: null }) }) },
  { name: 'disk firmware not reported', inject: disk({ change: () => ({ firmware: null }) }) },
  {
    name: 'disk too many',
    inject: (machine) => {
      const [example] = machine.disks;
      return example && { ...machine, disks: [...machine.disks, { ...example, name: 'nvme77n1', serial: 'EXTRA' }] };
    },
  },
  { name: 'small SATA disk too many', inject: (machine) => ({ ...machine, disks: [...machine.disks, satadom] }) },
]; // prettier-ignore

const satadom: Disk = {
  ...bareDisk, name: 'sdy', transport: 'sata', model: 'SATADOM', serial: 'DOM1', firmware: '1',
  sizeBytes: 16 * gb, logicalBlockBytes: 512, rotational: false,
}; // prettier-ignore

const nic =
  (change: (nic: Nic) => Partial<Nic>) =>
  (machine: Inventory, rng: Rng): Broken => {
    const nics = onOne(machine.nics, rng, {
      test: ({ linkUp }) => linkUp === true,
      change: (part) => [{ ...part, ...change(part) }],
    });
    return nics && { ...machine, nics };
  };

const nicFaults: readonly Fault[] = [
  {
    name: 'network port missing',
    inject: (machine, rng) => {
      const nics = onOne(machine.nics, rng, { change: () => [] });
      return nics && { ...machine, nics };
    },
  },
  {
    name: 'adapter of another model with the same driver',
    inject: (machine) => {
      const bus = machine.nics[0]?.pci?.slice(0, -1) ?? '-';
      const isOfCard = ({ bdf }: PciDevice): boolean => bdf.startsWith(bus);
      return { ...machine, pci: machine.pci.map((part) => (isOfCard(part) ? { ...part, device: '1015' } : part)) };
    },
  },
  { name: 'network port with another driver', inject: nic(() => ({ driver: 'e1000e' })) },
  { name: 'no carrier', inject: nic(() => ({ linkUp: false, speedMbps: null })) },
  { name: 'carrier not reported', inject: nic(() => ({ linkUp: null, speedMbps: null })) },
  { name: 'port linked at a lower speed', inject: nic(({ speedMbps }) => ({ speedMbps: (speedMbps ?? 0) / 10 })) },
  { name: 'link speed not reported', inject: nic(() => ({ speedMbps: null })) },
  { name: 'adapter with old firmware', inject: nic(() => ({ firmware: '5.00' })) },
  {
    name: 'network port too many',
    inject: (machine) => {
      const [example] = machine.nics;
      return example && { ...machine, nics: [...machine.nics, { ...example, name: 'ens99', mac: 'b8:ce:f6:00:ff:ff' }] };
    },
  },
]; // prettier-ignore

const device =
  (test: (device: PciDevice) => boolean, change: (device: PciDevice) => Partial<PciDevice> | undefined) =>
  (machine: Inventory, rng: Rng): Broken => {
    const pci = onOne(machine.pci, rng, {
      test,
      change: (part) => {
        const changed = change(part);
        return changed === undefined ? [] : [{ ...part, ...changed }];
      },
    });
    return pci && { ...machine, pci };
  };
const isOf =
  (code: string) =>
  (part: PciDevice): boolean =>
    part.class.startsWith(code);

const pciFaults: readonly Fault[] = [
  { name: 'GPU missing', inject: device(isOf('0302'), () => undefined) },
  { name: 'GPU of another model', inject: device(isOf('0302'), () => ({ device: '20b5' })) },
  { name: 'GPU at half its link width', inject: device(isOf('0302'), () => ({ currentLinkWidth: 8 })) },
  { name: 'GPU that can do half the link width', inject: device(isOf('0302'), () => ({ currentLinkWidth: 8, maxLinkWidth: 8 })) },
  { name: 'GPU of an older PCIe generation', inject: device(isOf('0302'), () => ({ currentLinkSpeed: '2.5 GT/s PCIe', maxLinkSpeed: '16.0 GT/s PCIe' })) },
  { name: 'InfiniBand adapter missing', inject: device(isOf('0207'), () => undefined) },
  { name: 'NVMe drive at half its link width', inject: device(isOf('0108'), () => ({ currentLinkWidth: 2 })) },
  { name: 'NVMe drive at a lower link speed', inject: device(isOf('0108'), () => ({ currentLinkSpeed: '8.0 GT/s PCIe' })) },
  { name: 'adapter at half its link width', inject: device(isOf('0200'), ({ currentLinkWidth }) => ({ currentLinkWidth: (currentLinkWidth ?? 0) / 2 })) },
  { name: 'link width not reported', inject: device(isOf('0200'), () => ({ currentLinkWidth: null })) },
  { name: 'RAID controller missing', inject: device(isOf('0104'), () => undefined) },
  {
    name: 'accelerator too many',
    inject: (machine) => {
      const [example] = machine.pci;
      const extra = { bdf: '0000:e1:00.0', class: '120000', vendor: '1da3', device: '1020' };
      return example && { ...machine, pci: [...machine.pci, { ...example, ...extra }] };
    },
  },
]; // prettier-ignore

const psu =
  (change: (psu: Psu) => Partial<Psu>) =>
  (machine: Inventory, rng: Rng): Broken => {
    const psus = onOne(machine.psus, rng, { change: (part) => [{ ...part, ...change(part) }] });
    return psus && { ...machine, psus };
  };
const gpu =
  (change: (gpu: Gpu) => Partial<Gpu>) =>
  (machine: Inventory, rng: Rng): Broken => {
    const gpus = onOne(machine.gpus, rng, { change: (part) => [{ ...part, ...change(part) }] });
    return gpus && { ...machine, gpus };
  };

const boardFaults: readonly Fault[] = [
  { name: 'power supply absent', inject: psu(() => ({ present: false, powered: null, watts: null, model: null, serial: null })) },
  { name: 'power supply on no cord', inject: psu(() => ({ powered: false })) },
  { name: 'power supply of less power', inject: psu(() => ({ watts: 800 })) },
  { name: 'power of a supply not reported', inject: psu(() => ({ watts: null })) },
  { name: 'no power supplies reported', inject: (machine) => ({ ...machine, psus: [] }) },
  { name: 'GPU with half the memory', inject: gpu(({ memoryBytes }) => ({ memoryBytes: (memoryBytes ?? 0) / 2 })) },
  { name: 'GPU that calls itself otherwise', inject: gpu(() => ({ model: 'NVIDIA A100 80GB PCIe' })) },
  { name: 'GPU memory not reported', inject: gpu(() => ({ memoryBytes: null })) },
  { name: 'GPU with old firmware', inject: gpu(() => ({ firmware: '95.00.1' })) },
  { name: 'TPM absent', inject: (machine) => ({ ...machine, tpm: null, absent: [{ source: 'tpm.json', reason: 'no TPM' }] }) },
  { name: 'whether there is a TPM not told', inject: (machine) => ({ ...machine, tpm: null }) },
  { name: 'TPM of an older version', inject: (machine) => ({ ...machine, tpm: machine.tpm && { ...machine.tpm, version: '1.2' } }) },
  { name: 'TPM not read', inject: (machine) => ({ ...machine, tpm: null, unread: [{ source: 'tpm.json', reason: 'EIO: i/o error' }] }) },
  { name: 'board controller with old firmware', inject: (machine) => ({ ...machine, bmc: machine.bmc && { ...machine.bmc, firmware: '6.00' } }) },
  { name: 'board controller does not answer', inject: (machine) => ({ ...machine, bmc: null, fru: null, unread: [{ source: 'bmc.json', reason: 'timeout' }] }) },
  { name: 'agent and board controller name different serials', inject: (machine) => ({ ...machine, fru: machine.fru && { ...machine.fru, serial: 'S999999' } }) },
  { name: 'serials swapped between two hosts', inject: (machine) => ({ ...machine, identity: { ...machine.identity, serial: 'S100002' } }) },
  { name: 'port that can do a tenth of the speed', inject: nic(({ maxMbps }) => ({ maxMbps: (maxMbps ?? 0) / 10 })) },
  { name: 'transceiver of the wrong kind', inject: (machine, rng) => withModule(machine, rng, { vendor: 'X', part: 'SFP-10G-T', serial: '1' }) },
  { name: 'transceiver absent', inject: (machine, rng) => withModule(machine, rng, null) },
]; // prettier-ignore

function withModule(machine: Inventory, rng: Rng, module: Nic['module']): Broken {
  const test = (part: Nic): boolean => part.module !== null;
  const nics = onOne(machine.nics, rng, { test, change: (part) => [{ ...part, module }] });
  return nics && { ...machine, nics };
}

const platform =
  (change: Partial<Inventory['firmware']>) =>
  (machine: Inventory): Inventory => ({ ...machine, firmware: { ...machine.firmware, ...change } });
const unread =
  (source: string, empty: Partial<Inventory>) =>
  (machine: Inventory): Inventory => ({ ...machine, ...empty, unread: [{ source, reason: 'EIO: i/o error' }] });

const platformFaults: readonly Fault[] = [
  { name: 'old BIOS', inject: platform({ biosVersion: '1.0' }) },
  { name: 'BIOS version not reported', inject: platform({ biosVersion: null }) },
  { name: 'started by legacy BIOS', inject: platform({ bootMode: 'bios' }) },
  { name: 'Secure Boot off', inject: platform({ secureBoot: false }) },
  { name: 'Secure Boot not reported', inject: platform({ secureBoot: null }) },
  { name: 'old microcode', inject: platform({ microcode: '0x10' }) },
  { name: 'another product', inject: (m) => ({ ...m, identity: { ...m.identity, product: 'PowerEdge R6615' } }) },
  { name: 'product not reported', inject: (m) => ({ ...m, identity: { ...m.identity, product: null } }) },
  { name: 'firmware tables not read', inject: unread('smbios.bin', { cpus: [], dimms: [] }) },
  { name: 'disks not read', inject: unread('block.json', { disks: [] }) },
  { name: 'network ports not read', inject: unread('net.json', { nics: [] }) },
  { name: 'PCI devices not read', inject: unread('pci.json', { pci: [] }) },
  { name: 'boot mode not read', inject: unread('firmware.json', {}) },
]; // prettier-ignore

export const faults: readonly Fault[] = [
  ...cpuFaults,
  ...memoryFaults,
  ...diskFaults,
  ...nicFaults,
  ...pciFaults,
  ...boardFaults,
  ...platformFaults,
];

/** Faults of real machines that an inventory has no field for. */
export const inexpressible: readonly string[] = ['GPU link slow under load'];
