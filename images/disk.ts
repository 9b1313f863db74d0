// A disk that boots by BIOS and by UEFI: partition table, boot loader twice, root file system. All identifiers come
// from the digest of the image's inputs, so two builds of one image agree and two images on one machine do not clash.
import { open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { tool } from '../pious-image/tool.ts';
import { uuidOf } from './digest.ts';

const mib = 1024 * 1024;
const sectorBytes = 512;
const grubFolder = '/usr/lib/grub';

/** Partitions, in order; the last may grow on the machine. Sizes in MiB. */
const biosBoot = { startMib: 1, sizeMib: 1, type: '21686148-6449-6E6F-744E-656564454649' };
/** FAT32 has at least 65,525 clusters, so less than 34 MiB would not be one. */
const esp = { startMib: 2, sizeMib: 38, type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B' };
/** Discoverable Partitions Specification: the root of an x86-64 system. */
const root = { startMib: 40, type: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709' };
export const rootPartition = 3;
export const rootOffsetBytes = root.startMib * mib;

export type DiskInput = {
  readonly rootfs: string;
  readonly workDir: string;
  readonly digest: string;
  readonly rootUuid: string;
};

/** Makes `workDir/disk.img`, sparse. */
export async function makeDisk(input: DiskInput): Promise<{ path: string; diskBytes: number }> {
  const path = join(input.workDir, 'disk.img');
  const rootMib = await rootSizeMib(input.rootfs);
  // The backup table takes the last 33 sectors (UEFI 2.10 §5.3.1); a MiB keeps the size round.
  const diskBytes = (root.startMib + rootMib + 1) * mib;
  await writeFile(path, '');
  await truncate(path, diskBytes);
  await writeTable(path, input, rootMib);
  await tool('mke2fs', [
    '-q',
    '-F',
    '-t',
    'ext4',
    // GRUB 2.06 reads no file system that has these.
    '-O',
    '^metadata_csum_seed,^orphan_file',
    '-m',
    '1',
    '-L',
    'ppec-root',
    '-U',
    input.rootUuid,
    '-E',
    `offset=${rootOffsetBytes},hash_seed=${uuidOf(input.digest, 'hash-seed')},lazy_itable_init=0,nodiscard`,
    '-d',
    input.rootfs,
    path,
    `${rootMib}M`,
  ]);
  await installGrubForBios(path, input);
  await installGrubForUefi(path, input);
  return { path, diskBytes };
}

/** What is there, what the file system itself needs, and room to start; the rest of the disk is added at boot. */
async function rootSizeMib(rootfs: string): Promise<number> {
  const used = Number((await tool('du', ['-s', '-B1M', rootfs])).split(/\s/)[0]);
  return Math.ceil((used * 1.12 + 56) / 4) * 4;
}

async function writeTable(path: string, { workDir, digest }: DiskInput, rootMib: number): Promise<void> {
  const line = (part: { startMib: number; type: string }, sizeMib: number, name: string): string =>
    [
      `start=${(part.startMib * mib) / sectorBytes}`,
      `size=${(sizeMib * mib) / sectorBytes}`,
      `type=${part.type}`,
      `uuid=${uuidOf(digest, name)}`,
      `name=${name}`,
    ].join(', ');
  const script = join(workDir, 'table');
  await writeFile(
    script,
    [
      'label: gpt',
      `label-id: ${uuidOf(digest, 'disk')}`,
      line(biosBoot, biosBoot.sizeMib, 'bios'),
      line(esp, esp.sizeMib, 'esp'),
      line(root, rootMib, 'ppec-root'),
      '',
    ].join('\n'),
  );
  await tool('sh', ['-c', 'sfdisk --quiet --no-reread --no-tell-kernel "$1" <"$2"', 'sh', path, script]);
}

/** GRUB's modules that both builds need: find the root file system, read the menu, talk to a serial console. */
const grubModules = [
  'part_gpt',
  'ext2',
  'normal',
  'linux',
  'search',
  'search_fs_uuid',
  'serial',
  'terminal',
  'test',
  'echo',
  'minicmd',
  'reboot',
];

async function grubImage(input: DiskInput, format: 'i386-pc' | 'x86_64-efi', own: readonly string[]): Promise<string> {
  const early = join(input.workDir, 'early.cfg');
  await writeFile(early, `search.fs_uuid ${input.rootUuid} root\nset prefix=($root)/boot/grub\n`);
  const output = join(input.workDir, `grub-${format}`);
  await tool('grub-mkimage', [
    '-O',
    format,
    '-d',
    join(grubFolder, format),
    '-p',
    '/boot/grub',
    '-c',
    early,
    '-o',
    output,
    ...grubModules,
    ...own,
  ]);
  return output;
}

/** What grub-bios-setup does, without a device: the boot sector and the core name each other's sectors. */
async function installGrubForBios(path: string, input: DiskInput): Promise<void> {
  const core = await readFile(await grubImage(input, 'i386-pc', ['biosdisk']));
  const boot = await readFile(join(grubFolder, 'i386-pc/boot.img'));
  const firstSector = (biosBoot.startMib * mib) / sectorBytes;
  const { bootSector, coreImage } = linkGrub({ boot, core, firstSector });
  if (coreImage.length > biosBoot.sizeMib * mib)
    throw new Error(`GRUB's core has ${coreImage.length} bytes, too many for its partition`);
  const file = await open(path, 'r+');
  try {
    await file.write(bootSector, 0, bootSector.length, 0);
    await file.write(coreImage, 0, coreImage.length, firstSector * sectorBytes);
  } finally {
    await file.close();
  }
}

/** GRUB 2.06, include/grub/i386/pc/boot.h: where the sectors are named. */
export function linkGrub({ boot, core, firstSector }: { boot: Buffer; core: Buffer; firstSector: number }): {
  bootSector: Buffer;
  coreImage: Buffer;
} {
  // Up to the disk signature; what follows is the partition table's.
  const bootSector = Buffer.from(boot.subarray(0, 440));
  bootSector.writeBigUInt64LE(BigInt(firstSector), 0x5c);
  // Two NOPs for the jump: on a disk the number that the BIOS passes is right.
  bootSector.writeUInt16LE(0x9090, 0x66);
  const sectors = Math.ceil(core.length / sectorBytes);
  const coreImage = Buffer.alloc(sectors * sectorBytes);
  core.copy(coreImage);
  const list = sectorBytes - 12;
  coreImage.writeBigUInt64LE(BigInt(firstSector + 1), list);
  coreImage.writeUInt16LE(sectors - 1, list + 8);
  coreImage.writeUInt16LE(0x820, list + 10);
  return { bootSector, coreImage };
}

async function installGrubForUefi(path: string, input: DiskInput): Promise<void> {
  const program = await grubImage(input, 'x86_64-efi', ['efi_gop', 'all_video']);
  const image = join(input.workDir, 'esp.img');
  await writeFile(image, '');
  await truncate(image, esp.sizeMib * mib);
  await tool('mkfs.vfat', [
    '-F',
    '32',
    '-n',
    'PPEC-ESP',
    '-i',
    uuidOf(input.digest, 'esp').slice(0, 8),
    '--invariant',
    image,
  ]);
  await tool('mmd', ['-i', image, '::/EFI', '::/EFI/BOOT']);
  // The path that firmware tries where no boot entry is set (UEFI 2.10 §3.5.1.1).
  await tool('mcopy', ['-i', image, program, '::/EFI/BOOT/BOOTX64.EFI']);
  const content = await readFile(image);
  const file = await open(path, 'r+');
  try {
    await file.write(content, 0, content.length, esp.startMib * mib);
  } finally {
    await file.close();
  }
}
