// A class from a machine that is as it should be: what other machines of the same order must have. It promises what a
// part is and can do, not who made a DIMM or where it sits, because parts of one order differ in those. What the machine
// does not report is not promised.
import type { Cpu, Dimm, Disk, Inventory, Nic, PciDevice } from '../hardware/inventory.ts';
import type {
  CpuExpectation,
  DiskExpectation,
  GpuExpectation,
  MachineClassSpec,
  MemoryExpectation,
  NicExpectation,
  PciExpectation,
  PsuExpectation,
} from './machine-class.ts';
import { isOrderedDisk } from './disk.ts';
import { compareVersions } from './matchers.ts';
import { pciIdsOf } from './nic.ts';
import { gtsOf, orderedPciClasses, savesPower } from './pci.ts';

/**
 * The inventory's own machine matches the class, if it reports a size for each of its DIMMs and disks and every list was
 * read whole. Of parts that are alike the least becomes the minimum: the lowest firmware, speed and link.
 */
export function classFromInventory(inventory: Inventory): MachineClassSpec {
  const { identity, firmware } = inventory;
  return {
    ...optional('product', textOf(identity.product)),
    cpus: groups(inventory.cpus.filter(isPopulated), cpuKey).map(cpuOf),
    memory: groups(inventory.dimms.filter(isPopulated), dimmKey).flatMap(memoryOf),
    disks: groups(inventory.disks.filter(isOrderedDisk(inventory.disks)), diskKey).flatMap(diskOf),
    nics: nicsOf(inventory),
    pci: groups(inventory.pci.filter(isOrdered), pciKey).map(pciOf),
    pciNothingElse: [...orderedPciClasses],
    ...optional('psus', psusOf(inventory)),
    ...optional('gpus', gpusOf(inventory)),
    ...optional('tpm', inventory.tpm?.version == null ? null : { version: inventory.tpm.version }),
    ...optional('biosVersionMin', textOf(firmware.biosVersion)),
    ...optional('bmcFirmwareMin', textOf(inventory.bmc?.firmware ?? null)),
    bootMode: firmware.bootMode,
    ...optional('secureBoot', firmware.secureBoot),
    ...optional('microcodeMin', /^0x[0-9a-f]{1,13}$/i.test(firmware.microcode ?? '') ? firmware.microcode : null),
  };
}

function isPopulated(part: { readonly populated: boolean }): boolean {
  return part.populated;
}

function isOrdered(device: PciDevice): boolean {
  return orderedPciClasses.some((prefix) => device.class.startsWith(prefix.slice(0, -1)));
}

/** Parts that are alike, in the order in which the first of each is listed; never an empty group. */
function groups<T>(parts: readonly T[], keyOf: (part: T) => readonly unknown[]): (readonly [T, ...T[]])[] {
  const found = new Map<string, [T, ...T[]]>();
  for (const part of parts) {
    const key = JSON.stringify(keyOf(part));
    const group = found.get(key);
    if (group === undefined) found.set(key, [part]);
    else group.push(part);
  }
  return [...found.values()];
}

const cpuKey = (cpu: Cpu): readonly unknown[] => [cpu.model, cpu.cores, cpu.enabledCores, cpu.threads, cpu.maxMhz];

function cpuOf(cpus: readonly [Cpu, ...Cpu[]]): CpuExpectation {
  const [cpu] = cpus;
  return {
    count: cpus.length,
    ...optional('model', textOf(cpu.model)),
    ...optional('cores', countOf(cpu.cores)),
    ...optional('enabledCores', countOf(cpu.enabledCores)),
    ...optional('threads', countOf(cpu.threads)),
    ...optional('maxMhzMin', countOf(cpu.maxMhz)),
  };
}

const dimmKey = ({ sizeBytes, type, ratedMts, ecc, configuredMts }: Dimm): readonly unknown[] => [
  sizeBytes,
  type,
  ratedMts,
  ecc === true,
  configuredMts === null,
];

function memoryOf(dimms: readonly [Dimm, ...Dimm[]]): MemoryExpectation[] {
  const [{ sizeBytes, type, ratedMts, ecc }] = dimms;
  if (sizeBytes === null || sizeBytes < 1) return [];
  return [
    {
      count: dimms.length,
      sizeBytes,
      ...optional('type', textOf(type)),
      ...optional('ratedMts', countOf(ratedMts)),
      ...optional('configuredMtsMin', leastOf(dimms.map(({ configuredMts }) => configuredMts))),
      ...(ecc === true ? { ecc } : {}),
    },
  ];
}

const diskKey = (disk: Disk): readonly unknown[] => [
  disk.transport,
  disk.model,
  disk.sizeBytes,
  disk.rotational,
  disk.logicalBlockBytes,
  disk.firmware === null,
];

function diskOf(disks: readonly [Disk, ...Disk[]]): DiskExpectation[] {
  const [{ transport, model, sizeBytes, rotational, logicalBlockBytes }] = disks;
  if (sizeBytes === null || sizeBytes < 1) return [];
  return [
    {
      count: disks.length,
      ...(transport === 'other' || transport === 'usb' ? {} : { transport }),
      sizeBytes,
      ...optional('model', textOf(model)),
      ...optional('rotational', rotational),
      ...optional('logicalBlockBytes', countOf(logicalBlockBytes)),
      ...optional('firmwareMin', oldestOf(disks.map(({ firmware }) => firmware))),
    },
  ];
}

function nicsOf(inventory: Inventory): NicExpectation[] {
  const ids = pciIdsOf(inventory);
  const idOf = (nic: Nic): string | null => ids.get(nic.pci ?? '') ?? null;
  return groups(inventory.nics, (nic) => [nic.driver, idOf(nic), nic.firmware === null]).map((ports) => {
    const [nic] = ports;
    const up = ports.filter(({ linkUp }) => linkUp === true);
    return {
      count: ports.length,
      ...optional('driver', textOf(nic.driver)),
      ...optional('pci', textOf(idOf(nic))),
      linksUp: up.length,
      ...optional('speedMbpsMin', leastOf(up.map(({ speedMbps }) => speedMbps))),
      ...optional('capableMbpsMin', leastOf(ports.map(({ maxMbps }) => maxMbps))),
      ...optional('firmwareMin', oldestOf(ports.map(({ firmware }) => bareVersion(firmware)))),
    };
  });
}

/** Null where nothing lists any: no class can ask for what no machine of it can show. */
function psusOf({ psus }: Inventory): PsuExpectation[] | null {
  if (psus.length === 0) return null;
  const present = psus.filter((psu) => psu.present);
  return groups(present, ({ watts, model }) => [watts, model]).map(([{ watts, model }, ...others]) => ({
    count: 1 + others.length,
    ...optional('wattsMin', countOf(watts)),
    ...optional('model', textOf(model)),
  }));
}

/** Null where no tool tells a model: the PCI list says then which cards there are. */
function gpusOf({ gpus }: Inventory): GpuExpectation[] | null {
  if (gpus.every(({ model }) => model === null)) return null;
  const alike = groups(gpus, ({ model, memoryBytes, firmware }) => [model, memoryBytes, firmware === null]);
  return alike.map((group) => ({
    count: group.length,
    ...optional('model', textOf(group[0].model)),
    ...optional('memoryBytes', countOf(group[0].memoryBytes)),
    ...optional('firmwareMin', oldestOf(group.map(({ firmware }) => firmware))),
  }));
}

/** Drivers add what is no version: `26.36.1010 (MT_0000000531)`, `8.30 0x8000a4b2 1.2926.0`. */
function bareVersion(text: string | null): string | null {
  return text?.split(' ')[0] ?? null;
}

const pciKey = (device: PciDevice): readonly unknown[] => [device.vendor, device.device, device.class];

function pciOf(devices: readonly [PciDevice, ...PciDevice[]]): PciExpectation {
  const [{ vendor, device, class: code }] = devices;
  const speeds = devices.map((each) => gtsOf(savesPower(each) ? each.maxLinkSpeed : each.currentLinkSpeed));
  return {
    count: devices.length,
    ...optional('vendor', textOf(vendor)),
    ...optional('device', textOf(device)),
    ...optional('class', textOf(code)),
    ...optional('linkWidthMin', leastOf(devices.map(({ currentLinkWidth }) => currentLinkWidth))),
    ...optional('linkSpeedGtsMin', leastOf(speeds)),
  };
}

function optional<K extends string, V>(name: K, value: V | null): Partial<Record<K, V>> {
  const member: Partial<Record<K, V>> = {};
  if (value !== null) member[name] = value;
  return member;
}

function textOf(text: string | null): string | null {
  return text === '' ? null : text;
}

function countOf(count: number | null): number | null {
  return count === null || count < 1 ? null : count;
}

/** The least of what all report; null where one does not. */
function leastOf(values: readonly (number | null)[]): number | null {
  const reported = values.filter((value) => value !== null && value > 0).filter((value) => value !== null);
  return reported.length === values.length && values.length > 0 ? Math.min(...reported) : null;
}

function oldestOf(versions: readonly (string | null)[]): string | null {
  const reported = versions.filter((version) => version !== null && version !== '').filter((text) => text !== null);
  if (reported.length < versions.length) return null;
  return reported.toSorted(compareVersions)[0] ?? null;
}
