// Raw evidence of this host, one collector per source. A collector that fails leaves its reason, and the others go on.
import { createHash } from 'node:crypto';
import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '../../shared/errors.ts';
import {
  requiredSources,
  type Evidence,
  type EvidenceSource,
} from '../../shared/hardware/evidence/inventory-from-evidence.ts';

/** Where the host's /sys and /proc are; `/` except in tests. */
export type HostRoot = { readonly root: string };

type Collector = { readonly source: EvidenceSource; readonly collect: (host: HostRoot) => Promise<Uint8Array> };

const attributeBytesMax = 4096;
const devicesMax = 1024;

const collectors: readonly Collector[] = [
  { source: 'smbios.bin', collect: (host) => readFile(join(host.root, 'sys/firmware/dmi/tables/DMI')) },
  { source: 'cpuinfo.txt', collect: (host) => readFile(join(host.root, 'proc/cpuinfo')) },
  {
    source: 'meminfo.txt',
    collect: async (host) => memTotalOnly(await readFile(join(host.root, 'proc/meminfo'), 'utf8')),
  },
  { source: 'block.json', collect: (host) => blockTree(host) },
  { source: 'net.json', collect: (host) => netTree(host) },
  { source: 'pci.json', collect: (host) => pciTree(host) },
  { source: 'firmware.json', collect: (host) => firmwareTree(host) },
];

export async function collectEvidence(host: HostRoot): Promise<Evidence[]> {
  return Promise.all(
    collectors.map(async ({ source, collect }): Promise<Evidence> => {
      try {
        const bytes = await collect(host);
        return { source, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
      } catch (error) {
        return { source, unreadBecause: messageOf(error) };
      }
    }),
  );
}

/** Evidence from a folder (a support bundle, a fixture): one file per source, named as the source. */
export async function evidenceFromFolder(folder: string, sources: readonly EvidenceSource[]): Promise<Evidence[]> {
  return Promise.all(
    sources.map(async (source): Promise<Evidence> => {
      try {
        const bytes = await readFile(join(folder, source));
        return { source, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
      } catch (error) {
        if (requiredSources.some((required) => required === source)) return { source, unreadBecause: messageOf(error) };
        return { source, absentBecause: 'no such file' };
      }
    }),
  );
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

type Tree = Record<string, Record<string, string>>;

async function blockTree({ root }: HostRoot): Promise<Uint8Array> {
  const attributes = [
    'size', 'wwid', 'serial', 'queue/logical_block_size', 'queue/rotational', 'device/model', 'device/serial',
    'device/firmware_rev', 'device/rev', 'device/wwid', 'device/vendor',
  ]; // prettier-ignore
  const tree = await deviceTree(join(root, 'sys/block'), attributes);
  for (const [name, values] of Object.entries(tree)) {
    values['path'] = await realpath(join(root, 'sys/block', name)).catch(() => '');
    const page = await readFile(join(root, 'sys/block', name, 'device/vpd_pg80')).catch(() => undefined);
    // SPC-5 §7.7.7: four bytes of header, then the unit serial number.
    if (page !== undefined) values['device/vpd_pg80'] = page.subarray(4).toString('latin1');
  }
  return json(tree);
}

async function netTree({ root }: HostRoot): Promise<Uint8Array> {
  const base = join(root, 'sys/class/net');
  const tree = await deviceTree(base, ['address', 'carrier', 'speed']);
  for (const [name, values] of Object.entries(tree)) {
    const device = await realpath(join(base, name, 'device')).catch(() => undefined);
    if (device === undefined) continue;
    values['device'] = device.slice(device.lastIndexOf('/') + 1);
    const driver = await readlink(join(base, name, 'device/driver')).catch(() => undefined);
    if (driver !== undefined) values['driver'] = driver.slice(driver.lastIndexOf('/') + 1);
  }
  return json(tree);
}

async function pciTree({ root }: HostRoot): Promise<Uint8Array> {
  const base = join(root, 'sys/bus/pci/devices');
  const attributes = [
    'class', 'vendor', 'device', 'subsystem_vendor', 'subsystem_device', 'current_link_width', 'max_link_width',
    'current_link_speed', 'max_link_speed', 'numa_node',
  ]; // prettier-ignore
  const tree = await deviceTree(base, attributes);
  for (const [name, values] of Object.entries(tree)) {
    const driver = await readlink(join(base, name, 'driver')).catch(() => undefined);
    if (driver !== undefined) values['driver'] = driver.slice(driver.lastIndexOf('/') + 1);
  }
  return json(tree);
}

async function firmwareTree({ root }: HostRoot): Promise<Uint8Array> {
  const efi = await readdir(join(root, 'sys/firmware/efi')).catch(() => undefined);
  return json({ system: { bootMode: efi === undefined ? 'bios' : 'uefi' } });
}

async function deviceTree(base: string, attributes: readonly string[]): Promise<Tree> {
  const tree: Tree = {};
  for (const name of (await readdir(base)).toSorted().slice(0, devicesMax)) {
    const values: Record<string, string> = {};
    for (const attribute of attributes) {
      // Reading an attribute may fail by design: `speed` of a port that is down answers EINVAL.
      const text = await readFile(join(base, name, attribute), 'utf8').catch(() => undefined);
      if (text !== undefined) values[attribute] = text.slice(0, attributeBytesMax).trim();
    }
    tree[name] = values;
  }
  return tree;
}

function json(tree: Tree): Uint8Array {
  return Buffer.from(JSON.stringify(tree, undefined, 1));
}
