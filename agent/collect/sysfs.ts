// What the kernel itself shows, copied: firmware tables, processors, memory, block devices, ports, PCI functions. Device
// trees are maps of attribute → text per device. Lines that differ from reading to reading are left out.
import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';

import { attribute, jsonBytes, slowAttribute, type Collector, type Host, type Reading } from './collector.ts';
import { pciSlots } from './slots.ts';

const devicesMax = 1024;

export function sysfsFamily({ root }: Host): readonly Collector[] {
  return [
    { source: 'smbios.bin', collect: () => readFile(join(root, 'sys/firmware/dmi/tables/DMI')) },
    { source: 'cpuinfo.txt', collect: async () => withoutClocks(await readFile(join(root, 'proc/cpuinfo'), 'utf8')) },
    { source: 'meminfo.txt', collect: async () => memTotalOnly(await readFile(join(root, 'proc/meminfo'), 'utf8')) },
    { source: 'block.json', collect: async () => jsonBytes(await blockTree(root)) },
    { source: 'net.json', collect: async () => jsonBytes(await netTree(root)) },
    { source: 'pci.json', collect: async () => jsonBytes(await pciTree(root)) },
    { source: 'numa.json', collect: () => numaTree(root) },
    { source: 'firmware.json', collect: async () => jsonBytes(await firmwareTree(root)) },
  ];
}

/** The clock of the moment would make every reading another one. */
function withoutClocks(cpuinfo: string): Uint8Array {
  return Buffer.from(cpuinfo.replaceAll(/^cpu MHz\s*:.*\n?/gm, ''));
}

/** The rest of meminfo changes all the time and would make every inventory a new one. */
function memTotalOnly(meminfo: string): Uint8Array {
  return Buffer.from(
    meminfo
      .split('\n')
      .filter((line) => line.startsWith('MemTotal:'))
      .join('\n') + '\n',
  );
}

/** Device → attribute → text. */
export type Tree = Record<string, Record<string, string>>;

async function blockTree(root: string): Promise<Tree> {
  const attributes = [
    'size', 'wwid', 'serial', 'hidden', 'ro', 'queue/logical_block_size', 'queue/physical_block_size', 'queue/rotational', 'device/model',
    'device/serial', 'device/firmware_rev', 'device/rev', 'device/wwid', 'device/vendor',
  ]; // prettier-ignore
  const tree = await deviceTree(join(root, 'sys/block'), attributes);
  for (const [name, values] of Object.entries(tree)) {
    values['path'] = await realpath(join(root, 'sys/block', name)).catch(() => '');
    const page = await readFile(join(root, 'sys/block', name, 'device/vpd_pg80')).catch(() => undefined);
    // SPC-5 §7.7.7: four bytes of header, then the unit serial number.
    if (page !== undefined) values['device/vpd_pg80'] = page.subarray(4).toString('latin1');
  }
  return tree;
}

async function netTree(root: string): Promise<Tree> {
  const base = join(root, 'sys/class/net');
  const attributes = ['address', 'dev_port', 'carrier_changes', 'device/label', 'device/acpi_index'];
  const tree = await deviceTree(base, attributes);
  for (const [name, values] of Object.entries(tree)) {
    for (const slow of ['carrier', 'speed', 'duplex', 'phys_port_name']) {
      const text = await slowAttribute(join(base, name, slow));
      if (text !== undefined) values[slow] = text;
    }
    const device = await realpath(join(base, name, 'device')).catch(() => undefined);
    if (device === undefined) continue;
    values['device'] = device.slice(device.lastIndexOf('/') + 1);
    await addDriver(join(base, name, 'device'), values);
  }
  return tree;
}

async function pciTree(root: string): Promise<Tree> {
  const base = join(root, 'sys/bus/pci/devices');
  const attributes = [
    'class', 'vendor', 'device', 'subsystem_vendor', 'subsystem_device', 'current_link_width', 'max_link_width',
    'current_link_speed', 'max_link_speed', 'numa_node',
  ]; // prettier-ignore
  const tree = await deviceTree(base, attributes);
  const slots = await pciSlots(root);
  for (const [bdf, values] of Object.entries(tree)) {
    await addDriver(join(base, bdf), values);
    addErrorTotals(join(base, bdf), values);
    const upstream = upstreamOf(await realpath(join(base, bdf)).catch(() => ''));
    if (upstream !== undefined) values['upstream'] = upstream;
    // A slot's address has no function: all functions of the card are in it.
    const slot = slots[bdf.replace(/\.\w+$/, '')];
    if (slot !== undefined) values['slot'] = slot;
  }
  return tree;
}

async function addDriver(folder: string, values: Record<string, string>): Promise<void> {
  const driver = await readlink(join(folder, 'driver')).catch(() => undefined);
  if (driver !== undefined) values['driver'] = driver.slice(driver.lastIndexOf('/') + 1);
}

/** Advanced Error Reporting (Linux ABI sysfs-bus-pci-devices-aer): each file ends with the sum of its counters. */
const errorTotals = {
  aer_fatal: { file: 'aer_dev_fatal', total: /^TOTAL_ERR_FATAL (\d+)$/m },
  aer_nonfatal: { file: 'aer_dev_nonfatal', total: /^TOTAL_ERR_NONFATAL (\d+)$/m },
  aer_correctable: { file: 'aer_dev_correctable', total: /^TOTAL_ERR_COR (\d+)$/m },
} as const;

function addErrorTotals(folder: string, values: Record<string, string>): void {
  for (const [name, { file, total }] of Object.entries(errorTotals)) {
    const sum = total.exec(attribute(join(folder, file)) ?? '')?.[1];
    if (sum !== undefined) values[name] = sum;
  }
}

/** A device's folder lies in that of the port it hangs on; that of a root port in one of the host bridge. */
function upstreamOf(path: string): string | undefined {
  const parent = path.split('/').at(-2) ?? '';
  return /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(parent) ? parent : undefined;
}

async function firmwareTree(root: string): Promise<Tree> {
  const efi = await readdir(join(root, 'sys/firmware/efi')).catch(() => undefined);
  if (efi === undefined) return { system: { bootMode: 'bios' } };
  const secureBoot = await secureBootOf(root);
  return { system: { bootMode: 'uefi', ...(secureBoot === undefined ? {} : { secureBoot }) } };
}

/** UEFI 2.10 §3.3: the variable is one byte, after four of attributes. */
async function secureBootOf(root: string): Promise<string | undefined> {
  const path = join(root, 'sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c');
  const variable = await readFile(path).catch(() => undefined);
  return variable?.length === 5 ? String(variable[4]) : undefined;
}

/** Of each node's memory only the total: the rest changes all the time. */
async function numaTree(root: string): Promise<Reading> {
  const base = join(root, 'sys/devices/system/node');
  const names = (await readdir(base).catch(() => [])).filter((name) => /^node\d+$/.test(name));
  if (names.length === 0) return { absentBecause: 'the kernel knows no NUMA nodes of this machine' };
  const tree: Tree = {};
  for (const name of names.slice(0, devicesMax)) {
    const total = /^.*MemTotal:.*$/m.exec(attribute(join(base, name, 'meminfo')) ?? '')?.[0];
    const cpulist = attribute(join(base, name, 'cpulist'));
    tree[name] = {
      ...(cpulist === undefined ? {} : { cpulist }),
      ...(total === undefined ? {} : { meminfo: total.trim() }),
    };
  }
  return jsonBytes(tree);
}

async function deviceTree(base: string, attributes: readonly string[]): Promise<Tree> {
  const tree: Tree = {};
  for (const name of (await readdir(base)).toSorted().slice(0, devicesMax)) {
    tree[name] = attributesOf(join(base, name), attributes);
  }
  return tree;
}

/** Those of the attributes that can be read. */
export function attributesOf(folder: string, names: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of names) {
    const text = attribute(join(folder, name));
    if (text !== undefined) values[name] = text;
  }
  return values;
}
