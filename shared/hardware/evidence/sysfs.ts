// Facts from attributes of /sys and /proc, as the agent copied them: one map of attribute → text per device. Pure.
import { macKey, reported } from '../identity.ts';
import type { Cpu, Disk, Nic, PciDevice } from '../inventory.ts';

/** Inventory texts end here; the schema refuses longer ones. */
const factCharsMax = 200;

export type Attributes = Readonly<Record<string, string>>;
/** Device name → its attributes. */
export type DeviceTree = Readonly<Record<string, Attributes>>;

/** Disks of /sys/block; loop, RAM, optical and other devices that are no disk are left out. */
export function disksOf(tree: DeviceTree): Disk[] {
  return entries(tree)
    .filter(([name, attributes]) => isDisk(name, attributes))
    .map(([name, attributes]) => {
      const sectors = whole(attributes['size']);
      return {
        name,
        path: fact(attributes['path']),
        transport: transportOf(name, attributes),
        model: fact(attributes['device/model']),
        serial: fact(attributes['device/serial'] ?? attributes['serial'] ?? attributes['device/vpd_pg80']),
        wwid: fact(attributes['wwid'] ?? attributes['device/wwid']),
        firmware: fact(attributes['device/firmware_rev'] ?? attributes['device/rev']),
        // The kernel counts 512-byte sectors whatever the device's own block size is.
        sizeBytes: sectors === null ? null : sectors * 512,
        logicalBlockBytes: whole(attributes['queue/logical_block_size']),
        physicalBlockBytes: whole(attributes['queue/physical_block_size']),
        readOnly: attributes['ro'] === undefined ? null : attributes['ro'].trim() === '1',
        rotational: attributes['queue/rotational'] === undefined ? null : attributes['queue/rotational'].trim() === '1',
        bay: null,
        behind: null,
      };
    });
}

function isDisk(name: string, attributes: Attributes): boolean {
  // With native multipath every path to an NVMe namespace is listed too (`nvme0c0n1` beside `nvme0n1`), and hidden.
  const isPath = /^nvme\d+c\d+n\d+$/.test(name);
  return !isPath && !/^(loop|ram|zram|sr|fd|dm-|md|nbd)/.test(name) && attributes['size'] !== undefined;
}

function transportOf(name: string, attributes: Attributes): Disk['transport'] {
  const path = attributes['path'] ?? '';
  if (name.startsWith('nvme')) return 'nvme';
  if (name.startsWith('vd')) return 'virtio';
  if (path.includes('/usb')) return 'usb';
  // SAT-4 §8.1: a SATA disk behind a SAS adapter calls its vendor `ATA`.
  if (/\/ata\d+\//.test(path) || attributes['device/vendor']?.trim() === 'ATA') return 'sata';
  if (path.includes('/end_device-') || path.includes('/sas_')) return 'sas';
  return 'other';
}

/** Physical ports of /sys/class/net: those with a device behind them, up or down. */
export function nicsOf(tree: DeviceTree): Nic[] {
  return entries(tree).flatMap(([name, attributes]) => {
    const mac = macKey(attributes['permanent_address'] ?? attributes['address'] ?? '');
    if (mac === undefined || attributes['device'] === undefined) return [];
    const speed = whole(attributes['speed']);
    return [
      {
        name,
        mac,
        pci: fact(attributes['device']),
        driver: fact(attributes['driver']),
        firmware: fact(attributes['firmware_version']),
        linkUp: attributes['carrier'] === undefined ? null : attributes['carrier'].trim() === '1',
        speedMbps: speed !== null && speed > 0 ? speed : null,
        maxMbps: null,
        label: fact(attributes['device/label']),
        module: null,
        neighbour: null,
      },
    ];
  });
}

export function pciOf(tree: DeviceTree): PciDevice[] {
  return entries(tree).map(([bdf, attributes]) => ({
    bdf,
    class: hex(attributes['class']),
    vendor: hex(attributes['vendor']),
    device: hex(attributes['device']),
    subsystem:
      attributes['subsystem_vendor'] === undefined
        ? null
        : `${hex(attributes['subsystem_vendor'])}:${hex(attributes['subsystem_device'])}`,
    driver: fact(attributes['driver']),
    currentLinkWidth: linkWidth(attributes['current_link_width']),
    maxLinkWidth: linkWidth(attributes['max_link_width']),
    currentLinkSpeed: fact(attributes['current_link_speed']),
    maxLinkSpeed: fact(attributes['max_link_speed']),
    numaNode: attributes['numa_node'] === undefined ? null : numaNode(attributes['numa_node']),
    upstream: fact(attributes['upstream']),
    slot: fact(attributes['slot']),
    slotWidth: null,
  }));
}

export type CpuPackage = {
  readonly model: string | null;
  readonly cores: number;
  readonly threads: number;
  readonly signature: string | null;
  readonly microcode: string | null;
};

/** Per physical package of /proc/cpuinfo: the second witness to SMBIOS, and the only one for the microcode. */
export function packagesOf(cpuinfo: string): CpuPackage[] {
  const packages = new Map<string, Omit<CpuPackage, 'cores'> & { cores: Set<string>; threads: number }>();
  for (const block of cpuinfo.split(/\n\s*\n/)) {
    const fields = new Map(
      block.split('\n').map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, Math.max(colon, 0)).trim(), line.slice(colon + 1).trim()] as const;
      }),
    );
    if (!fields.has('processor')) continue;
    const id = fields.get('physical id') ?? '0';
    const entry = packages.get(id) ?? {
      model: fact(fields.get('model name')),
      cores: new Set<string>(),
      threads: 0,
      signature: signatureOf(fields),
      microcode: fact(fields.get('microcode')),
    };
    entry.cores.add(fields.get('core id') ?? String(entry.threads));
    entry.threads += 1;
    packages.set(id, entry);
  }
  return [...packages.values()].map(({ cores, ...rest }) => ({ ...rest, cores: cores.size }));
}

function signatureOf(fields: ReadonlyMap<string, string>): string | null {
  const parts = ['cpu family', 'model', 'stepping'].map((name) => fields.get(name));
  return parts.some((part) => part === undefined) ? null : fact(parts.join('/'));
}

/** Where SMBIOS names no model or count for a populated socket, what the kernel sees fills the gap. */
export function fillCpus(cpus: readonly Cpu[], packages: ReturnType<typeof packagesOf>): Cpu[] {
  let next = 0;
  return cpus.map((cpu) => {
    if (!cpu.populated) return cpu;
    const seen = packages[next];
    next += 1;
    if (seen === undefined) return cpu;
    return {
      ...cpu,
      model: seen.model ?? cpu.model,
      cores: cpu.cores ?? seen.cores,
      threads: cpu.threads ?? seen.threads,
      signature: seen.signature,
      microcode: seen.microcode,
    };
  });
}

/** Nodes of /sys/devices/system/node: which processors and how much memory lie together. */
export function numaOf(tree: DeviceTree): { node: number; cpus: string | null; memoryBytes: number | null }[] {
  return entries(tree).flatMap(([name, attributes]) => {
    const node = /^node(\d{1,4})$/.exec(name)?.[1];
    if (node === undefined) return [];
    const kib = /MemTotal:\s+(\d{1,12}) kB/.exec(attributes['meminfo'] ?? '')?.[1];
    return [
      {
        node: Number(node),
        cpus: fact(attributes['cpulist']),
        memoryBytes: kib === undefined ? null : Number(kib) * 1024,
      },
    ];
  });
}

/** Bytes of `MemTotal` in /proc/meminfo. */
export function memoryTotalOf(meminfo: string): number | null {
  const match = /^MemTotal:\s+(\d{1,12}) kB/m.exec(meminfo);
  return match?.[1] === undefined ? null : Number(match[1]) * 1024;
}

/** `sda2` before `sda10`. Made once: making a collator costs as much as a hundred comparisons. */
const byNumber = new Intl.Collator('en', { numeric: true }).compare;

function entries(tree: DeviceTree): [string, Attributes][] {
  const named = Object.entries(tree).filter(([name]) => name.length <= factCharsMax);
  return named.toSorted(([a], [b]) => byNumber(a, b));
}

function whole(text: string | undefined): number | null {
  const trimmed = (text ?? '').trim();
  return /^\d{1,15}$/.test(trimmed) ? Number(trimmed) : null;
}

function linkWidth(text: string | undefined): number | null {
  const width = whole(text);
  // 255 is what the kernel reads from a device that does not answer.
  return width === null || width === 0 || width === 255 ? null : width;
}

function numaNode(text: string): number | null {
  const trimmed = text.trim();
  return /^-?\d{1,9}$/.test(trimmed) ? Number(trimmed) : null;
}

function hex(text: string | undefined): string {
  return (text ?? '').trim().replace(/^0x/, '').slice(0, factCharsMax);
}

/** A reported text, no longer than an inventory may hold. */
function fact(text: string | undefined): string | null {
  return reported(text)?.slice(0, factCharsMax) ?? null;
}
