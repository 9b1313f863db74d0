// The image's initrd: a shell, the disk drivers of the image's own kernel, and the script that finds the root file
// system. Booted by GRUB from the disk and by kexec alike.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';

import { cpioArchive, type Entry } from '../pious-image/cpio.ts';
import { moduleFiles } from '../pious-image/module-files.ts';

export type InitrdInput = {
  /** The unpacked system, with its modules. */
  readonly rootfs: string;
  readonly kernelVersion: string;
  readonly busyboxPath: string;
  readonly initPath: string;
  readonly modules: readonly string[];
};

export async function buildInitrd(input: InitrdInput): Promise<Buffer> {
  const into = `lib/modules/${input.kernelVersion}`;
  const { modules, indexes } = await moduleFiles({ folder: join(input.rootfs, into), names: input.modules, into });
  const program = async (path: string, from: string): Promise<Entry> => ({
    path,
    kind: 'file',
    mode: 0o755,
    data: await readFile(from),
  });
  const archive = cpioArchive([
    await program('init', input.initPath),
    await program('bin/busybox', input.busyboxPath),
    { kind: 'link', path: 'bin/sh', target: 'busybox' },
    // The kernel itself asks for modules by this name, such as ext4's checksum.
    { kind: 'link', path: 'sbin/modprobe', target: '../bin/busybox' },
    ...indexes,
    ...modules,
  ]);
  return zstdCompressSync(archive, { params: { [constants.ZSTD_c_compressionLevel]: 12 } });
}
