// The collectors over a host's /sys and /proc laid out in a temporary folder, links included.
import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { assert, describe, expect, it } from 'vitest';

import { edacOf } from '../../shared/hardware/evidence/edac.ts';
import {
  evidenceSources,
  inventoryFromEvidence,
  requiredSources,
} from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import { evidenceSourceBytesMax } from '../../shared/protocol/limits.ts';
import { gib } from '../../shared/units.ts';
import { fakePrograms } from '../../test/fixtures/fake-programs.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import type { Host } from './collector.ts';
import { collectEvidence, evidenceFromFolder } from './evidence.ts';
import { collectInventory } from './inventory.ts';

const table = fileURLToPath(new URL('../../test/fixtures/smbios/dell-poweredge-r630-dual-xeon.bin', import.meta.url));
const nvme = 'sys/devices/pci0000:00/0000:04:00.0/nvme/nvme0';
const sas = 'sys/devices/pci0000:00/0000:02:00.0/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0';
const bridge = 'sys/devices/pci0000:00/0000:00:02.0';
const port = `${bridge}/0000:01:00.0`;
const edac = 'sys/devices/system/edac/mc';
const bays = 'sys/class/enclosure/0:0:8:0';

// Shell programs; they see no folder of programs but their own.
const hw = `if [ "$1" = ports ]; then
  echo '{"eno1": {"driver": "ixgbe", "version": null, "firmware": "0x80", "bus": "0000:01:00.0",
    "permanentMac": "24:6e:96:00:00:01", "maxMbps": 10000, "module": null}}'
else echo '{"controller": "AAAA", "namespaces": {}}'; fi`;
const smart = `echo '{"smartctl": {"exit_status": 0}}'`;

async function host(): Promise<Host> {
  const root = await temporaryFolder();
  const files: Record<string, string | Uint8Array> = {
    'sys/firmware/dmi/tables/DMI': await readFile(table),
    'proc/cpuinfo': 'processor\t: 0\nmicrocode\t: 0x49\n',
    'proc/meminfo': 'MemTotal:       32784564 kB\nMemFree:        1000 kB\n',
    [`${nvme}/nvme0n1/size`]: '2048\n',
    [`${nvme}/nvme0n1/queue/rotational`]: '0\n',
    [`${nvme}/model`]: 'INTEL SSD   \n',
    [`${nvme}/serial`]: 'PHLJ1\n',
    [`${sas}/block/sda/size`]: '4096\n',
    // SPC-5 §7.7.7: device type, page, length, then the serial.
    [`${sas}/vpd_pg80`]: Buffer.concat([Buffer.from([0, 0x80, 0, 8]), Buffer.from('W4600001')]),
    [`${sas}/vendor`]: 'SEAGATE \n',
    [`${port}/net/eno1/address`]: '24:6e:96:00:00:01\n',
    [`${port}/net/eno1/carrier`]: '1\n',
    [`${port}/vendor`]: '0x8086\n',
    'sys/devices/virtual/net/lo/address': '00:00:00:00:00:00\n',
    'sys/class/net/bonding_masters': '\n',
    'sys/bus/pci/drivers/ixgbe/bind': '',
    [`${bridge}/vendor`]: '0x8086\n',
    [`${bridge}/aer_dev_fatal`]: 'Undefined 0\nDLP 0\nTOTAL_ERR_FATAL 0\n',
    [`${bridge}/aer_dev_correctable`]: 'RxErr 4\nBadTLP 8\nTOTAL_ERR_COR 12\n',
    'sys/bus/pci/slots/3/address': '0000:01:00\n',
    [`${bays}/Slot 00/status`]: 'OK\n',
    [`${bays}/Slot 01/status`]: 'not installed\n',
    [`${bays}/components`]: '2\n',
    [`${edac}/mc0/ce_count`]: '3\n',
    [`${edac}/mc0/dimm0/dimm_label`]: 'DIMM_A1\n',
    [`${edac}/mc0/dimm0/size`]: '16384\n',
    [`${edac}/mc0/dimm0/dimm_ce_count`]: '3\n',
    [`${edac}/mc1/csrow0/ch1_ce_count`]: '7\n',
    [`${edac}/mc1/csrow0/ch1_dimm_label`]: 'DIMM_B2\n',
    'sys/class/nvme/nvme0/serial': 'PHLJ1\n',
    'run/ppec/lldp/since': '1000\n',
  };
  const links: Record<string, string> = {
    'sys/block/nvme0n1': `${nvme}/nvme0n1`,
    [`${nvme}/nvme0n1/device`]: nvme,
    'sys/block/sda': `${sas}/block/sda`,
    [`${sas}/block/sda/device`]: sas,
    'sys/class/net/eno1': `${port}/net/eno1`,
    [`${port}/net/eno1/device`]: port,
    'sys/class/net/lo': 'sys/devices/virtual/net/lo',
    'sys/bus/pci/devices/0000:01:00.0': port,
    'sys/bus/pci/devices/0000:00:02.0': bridge,
    [`${bays}/Slot 00/device`]: sas,
    [`${port}/driver`]: 'sys/bus/pci/drivers/ixgbe',
  };
  const inFolder = async (path: string): Promise<string> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    return join(root, path);
  };
  for (const [path, content] of Object.entries(files)) await writeFile(await inFolder(path), content);
  for (const [path, target] of Object.entries(links)) await symlink(join(root, target), await inFolder(path));
  return { root, programFolders: [await fakePrograms({ 'ppec-hw': hw, smartctl: smart })] };
}

it('collects what an inventory is made of', async () => {
  const evidence = await collectEvidence(await host());
  const inventory = inventoryFromEvidence(evidence);
  expect(inventory).toMatchObject({
    identity: { serial: '790H8D2' },
    firmware: { bootMode: 'bios', microcode: '0x49' },
    memoryTotalBytes: 33_571_393_536,
    disks: [
      {
        name: 'nvme0n1',
        transport: 'nvme',
        model: 'INTEL SSD',
        serial: 'PHLJ1',
        sizeBytes: 1_048_576,
        rotational: false,
      },
      { name: 'sda', transport: 'sas', serial: 'W4600001', sizeBytes: 2_097_152, rotational: null },
    ],
    nics: [
      { name: 'eno1', mac: '24:6e:96:00:00:01', pci: '0000:01:00.0', driver: 'ixgbe', linkUp: true, speedMbps: null },
    ],
    pci: [
      { bdf: '0000:00:02.0', vendor: '8086' },
      { bdf: '0000:01:00.0', vendor: '8086', driver: 'ixgbe' },
    ],
    unread: [],
  });
  expect(evidence.map(({ source }) => source).toSorted()).toEqual([...evidenceSources].toSorted());
  for (const item of evidence) {
    expect(item.ms).toBeGreaterThanOrEqual(0);
    if (!('bytes' in item)) continue;
    expect(item.sha256).toBe(createHash('sha256').update(item.bytes).digest('hex'));
    expect(inventory.evidence[item.source]).toBe(item.sha256);
  }
});

it('reports the evidence packed, by the digest of what is in it', async () => {
  const { inventory, report } = await collectInventory(await host());
  expect(report.evidence).not.toHaveLength(0);
  for (const { source, sha256, gzip } of report.evidence) {
    expect(createHash('sha256').update(gunzipSync(gzip)).digest('hex')).toBe(sha256);
    expect(inventory.evidence[source]).toBe(sha256);
  }
});

it('tells what this machine has no use for apart from what it could not read', async () => {
  const evidence = await collectEvidence(await host());
  const absent = evidence.flatMap((item) => ('absentBecause' in item ? [item.source] : []));
  expect(absent.toSorted()).toEqual(
    ['bmc.json', 'fru.bin', 'fru.json', 'gpu.csv', 'numa.json', 'sdr.csv', 'sel.bin', 'tpm.json'].toSorted(),
  );
});

const deviceTree = Compile(Type.Record(Type.String(), Type.Record(Type.String(), Type.String())));

const treeOf = async (machine: Host, source: string): Promise<unknown> => {
  const item = (await collectEvidence(machine)).find((each) => each.source === source);
  return item !== undefined && 'bytes' in item ? JSON.parse(Buffer.from(item.bytes).toString()) : item;
};

it('copies where a PCI function hangs, its slot and its error counters', async () => {
  expect(await treeOf(await host(), 'pci.json')).toMatchObject({
    '0000:00:02.0': { aer_fatal: '0', aer_correctable: '12' },
    '0000:01:00.0': { upstream: '0000:00:02.0', slot: '3' },
  });
});

it('copies slots, and bays with what is in them', async () => {
  expect(await treeOf(await host(), 'slots.json')).toEqual({
    pci: { '0000:01:00': '3' },
    bays: {
      '0:0:8:0/Slot 00': { block: 'sda', status: 'OK' },
      '0:0:8:0/Slot 01': { block: null, status: 'not installed' },
    },
  });
});

it('copies memory errors of modules and of the rows of older drivers, as the parser reads them', async () => {
  const tree = await treeOf(await host(), 'edac.json');
  assert(deviceTree.Check(tree));
  expect(edacOf(tree)).toMatchObject([
    { name: 'mc0', corrected: 3, modules: [{ name: 'dimm0', label: 'DIMM_A1', corrected: 3, sizeBytes: 16 * gib }] },
    { name: 'mc1', corrected: null, modules: [{ name: 'csrow0/ch1', label: 'DIMM_B2', corrected: 7 }] },
  ]);
});

it('reads the same processors as the same bytes, whatever their clocks are', async () => {
  const machine = await host();
  const bytes = async (mhz: string): Promise<string> => {
    const text = `processor\t: 0\ncpu MHz\t\t: ${mhz}\nflags\t\t: fpu vme\nbogomips\t: 4800.00\n`;
    await writeFile(join(machine.root, 'proc/cpuinfo'), text);
    const item = (await collectEvidence(machine)).find(({ source }) => source === 'cpuinfo.txt');
    return item !== undefined && 'bytes' in item ? Buffer.from(item.bytes).toString() : '';
  };
  expect(await bytes('800.001')).toBe('processor\t: 0\nflags\t\t: fpu vme\nbogomips\t: 4800.00\n');
  expect(await bytes('2400.000')).toBe(await bytes('1200.000'));
});

it('has the same hash again while only the free memory changes, and another one when a module goes', async () => {
  const machine = await host();
  const { root } = machine;
  const { hash } = await collectInventory(machine);
  await writeFile(join(root, 'proc/meminfo'), 'MemTotal:       32784564 kB\nMemFree:        999 kB\n');
  expect((await collectInventory(machine)).hash).toBe(hash);
  await writeFile(join(root, 'proc/meminfo'), 'MemTotal:       16784564 kB\nMemFree:        999 kB\n');
  expect((await collectInventory(machine)).hash).not.toBe(hash);
});

it('calls the boot mode UEFI where the firmware left its variables', async () => {
  const machine = await host();
  await mkdir(join(machine.root, 'sys/firmware/efi'), { recursive: true });
  expect((await collectInventory(machine)).inventory.firmware.bootMode).toBe('uefi');
});

it('goes on where a source cannot be read, and says which', async () => {
  const root = await temporaryFolder();
  const inventory = inventoryFromEvidence(await collectEvidence({ root, programFolders: [root] }));
  const reasons = Object.fromEntries(inventory.unread.map(({ source, reason }) => [source, reason.replace(/:.*/, '')]));
  expect(reasons).toEqual({
    'smbios.bin': 'ENOENT',
    'cpuinfo.txt': 'ENOENT',
    'meminfo.txt': 'ENOENT',
    'block.json': 'ENOENT',
    'net.json': 'ENOENT',
    'pci.json': 'ENOENT',
    'smart.json': 'ENOENT',
    'ports.json': 'ppec-hw is not on this system',
    'lldp.json': 'no LLDP listener runs on this system',
  });
});

it('reads LLDP frames by port, and leaves what is no frame', async () => {
  const machine = await host();
  const folder = join(machine.root, 'run/ppec/lldp');
  await writeFile(join(folder, 'eno1.0123456789ab.frame'), 'one');
  await writeFile(join(folder, 'eno1.0123456789ac.frame'), 'two');
  await writeFile(join(folder, 'p.1.0123456789ab.frame'), 'three');
  await writeFile(join(folder, '.new'), 'half');
  expect(await treeOf({ ...machine, clock: { nowMs: () => 5000 } }, 'lldp.json')).toEqual({
    sinceMs: 1000,
    readAtMs: 5000,
    frames: { eno1: ['b25l', 'dHdv'], 'p.1': ['dGhyZWU='] },
  });
});

describe('evidence in a folder', () => {
  it('is unread where a required file is missing, and nothing where another one is', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'smbios.bin'), await readFile(table));
    await writeFile(join(folder, 'gpu.csv'), 'index, name\n');
    const evidence = await evidenceFromFolder(folder, evidenceSources);
    const sources = (key: string): string[] => evidence.filter((item) => key in item).map(({ source }) => source);
    expect(sources('bytes')).toEqual(['smbios.bin', 'gpu.csv']);
    expect(sources('unreadBecause')).toEqual(requiredSources.filter((source) => source !== 'smbios.bin'));
    expect(evidence).toHaveLength(requiredSources.length + 1);
  });

  it('is unread where a file is larger than any source', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'smart.json'), '');
    await truncate(join(folder, 'smart.json'), evidenceSourceBytesMax + 1);
    expect(await evidenceFromFolder(folder, ['smart.json'])).toEqual([
      { source: 'smart.json', unreadBecause: `it is larger than ${evidenceSourceBytesMax} bytes` },
    ]);
  });
});
