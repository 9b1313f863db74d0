// The collectors over a host's /sys and /proc laid out in a temporary folder, links included.
import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

import { inventoryFromEvidence, requiredSources } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { collectEvidence } from './evidence.ts';
import { collectInventory } from './inventory.ts';

const table = fileURLToPath(new URL('../../test/fixtures/smbios/dell-poweredge-r630-dual-xeon.bin', import.meta.url));
const nvme = 'sys/devices/pci0000:00/0000:04:00.0/nvme/nvme0';
const sas = 'sys/devices/pci0000:00/0000:02:00.0/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0';
const port = 'sys/devices/pci0000:00/0000:01:00.0';

async function host(): Promise<string> {
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
    [`${port}/driver`]: 'sys/bus/pci/drivers/ixgbe',
  };
  const inFolder = async (path: string): Promise<string> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    return join(root, path);
  };
  for (const [path, content] of Object.entries(files)) await writeFile(await inFolder(path), content);
  for (const [path, target] of Object.entries(links)) await symlink(join(root, target), await inFolder(path));
  return root;
}

it('collects what an inventory is made of', async () => {
  const root = await host();
  const { inventory, report } = await collectInventory({ root });
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
    pci: [{ bdf: '0000:01:00.0', vendor: '8086', driver: 'ixgbe' }],
    unread: [],
  });
  expect(report.evidence.map(({ source }) => source)).toEqual(expect.arrayContaining([...requiredSources]));
  for (const { source, sha256, gzip } of report.evidence) {
    expect(sha256).toBe(createHash('sha256').update(gunzipSync(gzip)).digest('hex'));
    expect(inventory.evidence[source]).toBe(sha256);
  }
});

it('has the same hash again while only the free memory changes, and another one when a module goes', async () => {
  const root = await host();
  const { hash } = await collectInventory({ root });
  await writeFile(join(root, 'proc/meminfo'), 'MemTotal:       32784564 kB\nMemFree:        999 kB\n');
  expect((await collectInventory({ root })).hash).toBe(hash);
  await writeFile(join(root, 'proc/meminfo'), 'MemTotal:       16784564 kB\nMemFree:        999 kB\n');
  expect((await collectInventory({ root })).hash).not.toBe(hash);
});

it('calls the boot mode UEFI where the firmware left its variables', async () => {
  const root = await host();
  await mkdir(join(root, 'sys/firmware/efi'), { recursive: true });
  expect((await collectInventory({ root })).inventory.firmware.bootMode).toBe('uefi');
});

it('goes on where a source cannot be read, and says which', async () => {
  const evidence = await collectEvidence({ root: await temporaryFolder() });
  const inventory = inventoryFromEvidence(evidence);
  expect(inventory.unread.map(({ source }) => source).toSorted()).toEqual(
    ['smbios.bin', 'cpuinfo.txt', 'meminfo.txt', 'block.json', 'net.json', 'pci.json'].toSorted(),
  );
  for (const { reason } of inventory.unread) expect(reason).toContain('ENOENT');
});
