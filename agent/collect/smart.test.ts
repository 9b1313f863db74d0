// smartctl played by a shell script that prints what real drives said.
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { assert, expect, it } from 'vitest';

import { parseSmartctl } from '../../shared/hardware/evidence/smartctl.ts';
import { fakePrograms } from '../../test/fixtures/fake-programs.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import type { Host } from './collector.ts';
import { smartFamily } from './smart.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../test/fixtures/smartctl/${name}.json`, import.meta.url));
const sas = fixture('sas-seagate-st373453');
const nvme = fixture('nvme-micron-mtfdhax1t6');

async function machine(disks: readonly string[], smartctl?: string, pciClass = '0x010601'): Promise<Host> {
  const root = await temporaryFolder();
  const files: Record<string, string> = { 'sys/bus/pci/devices/0000:00:1f.2/class': `${pciClass}\n` };
  for (const disk of disks) files[`sys/devices/pci0000:00/ata1/${disk}/size`] = '4096\n';
  files['sys/devices/pci0000:00/usb1/sdu/size'] = '0\n';
  files['sys/devices/virtual/block/loop0/size'] = '0\n';
  files['sys/devices/pci0000:00/virtio1/vda/size'] = '8\n';
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  await mkdir(join(root, 'sys/block'), { recursive: true });
  for (const path of Object.keys(files).filter((each) => each.endsWith('/size'))) {
    const folder = dirname(path);
    await symlink(join(root, folder), join(root, 'sys/block', folder.slice(folder.lastIndexOf('/') + 1)));
  }
  return { root, programFolders: [await fakePrograms(smartctl === undefined ? {} : { smartctl })] };
}

const byDisk = Compile(Type.Record(Type.String(), Type.Object({})));

async function reports(host: Host): Promise<Record<string, object>> {
  const reading = await smartFamily(host)[0]?.collect();
  if (!(reading instanceof Uint8Array)) throw new Error(`no bytes: ${JSON.stringify(reading)}`);
  const value: unknown = JSON.parse(Buffer.from(reading).toString());
  assert(byDisk.Check(value));
  return value;
}

it('asks every disk that can have SMART data, and keeps all that it says', async () => {
  const host = await machine(
    ['sda', 'nvme0n1'],
    `case "$*" in *nvme*) /bin/cat ${nvme} ;; *) /bin/cat ${sas}; exit 4 ;; esac`,
  );
  const read = await reports(host);
  expect(Object.keys(read)).toEqual(['nvme0n1', 'sda']);
  expect(read['sda']).toEqual(JSON.parse(await readFile(sas, 'utf8')));
  expect(read['nvme0n1']).toEqual(JSON.parse(await readFile(nvme, 'utf8')));
});

it('finds the disks behind a RAID controller, and asks them by their type', async () => {
  const scan = JSON.stringify({
    devices: [
      { name: '/dev/sda', type: 'scsi' },
      { name: '/dev/bus/0', type: 'megaraid,3' },
      { name: '/dev/sda', type: 'sat+megaraid,4' },
      { name: '/dev/../etc', type: 'megaraid,5' },
      { name: '/dev/sdb', type: 'megaraid,5; reboot' },
    ],
  });
  const script = `if [ "$1" = --scan-open ]; then echo '${scan}'; else echo "{\\"asked\\": \\"$*\\"}"; fi`;
  expect(await reports(await machine(['sda'], script, '0x010400'))).toEqual({
    sda: { asked: '-j -x /dev/sda' },
    'bus/0,megaraid,3': { asked: '-j -x -d megaraid,3 /dev/bus/0' },
    'sda,sat+megaraid,4': { asked: '-j -x -d sat+megaraid,4 /dev/sda' },
  });
  // Without such a controller nothing is scanned.
  expect(Object.keys(await reports(await machine(['sda'], script)))).toEqual(['sda']);
});

it.each([
  ['garbage', 'echo Segmentation fault', 'wrote no JSON'],
  ['a list', 'echo "[]"', 'wrote no report'],
  ['too much', 'while :; do echo "{}"; done', 'wrote more than'],
])('says of a disk with %s that it was not answered, and goes on with the others', async (_, bad, why) => {
  const script = `case "$*" in *sdb*) ${bad} ;; *) /bin/cat ${sas} ;; esac`;
  const read = await reports(await machine(['sda', 'sdb'], script));
  expect(read['sda']).toHaveProperty('serial_number');
  const facts = parseSmartctl(JSON.stringify(read['sdb']));
  expect(facts?.exit).toMatchObject({ status: 2, answered: false });
  expect(facts?.messages[0]?.text).toContain(why);
});

it('has at most four at work, and is within the limit of all reports together', async () => {
  // Each report is 400 kB; running ones are counted by their folders.
  const script = `
/bin/mkdir "$0.$$"
set -- "$0".[0-9]*
[ $# -gt 4 ] && echo more >> "\${0}.crowd"
printf '{"pad": "'; /usr/bin/head -c 400000 /dev/zero | /usr/bin/tr '\\0' x; printf '"}'
/bin/rmdir "$0.$$"`;
  const names = Array.from({ length: 12 }, (_, index) => `sd${String.fromCodePoint(97 + index)}`);
  const host = await machine(names, script);
  const read = Object.values(await reports(host));
  expect(read).toHaveLength(12);
  expect(read.filter((report) => 'pad' in report)).toHaveLength(7);
  await expect(readFile(join(host.programFolders?.[0] ?? '', 'smartctl.crowd'))).rejects.toThrow('ENOENT');
});

it('is absent without such disks, and unread without the program', async () => {
  const [none] = smartFamily(await machine([]));
  expect(await none?.collect()).toHaveProperty('absentBecause');
  const [unread] = smartFamily(await machine(['sda']));
  await expect(unread?.collect()).rejects.toThrow('smartctl is not on this system');
});
