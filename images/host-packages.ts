// What the image build needs on the machine that it runs on.
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

type HostPackage = { readonly package: string; readonly file: string };

const folders = ['/usr/bin', '/usr/sbin', '/bin', '/sbin'];

/** Debian package names, each with a file that tells that it is installed; a name without `/` is a program. */
const needed: readonly HostPackage[] = [
  { package: 'mmdebstrap', file: 'mmdebstrap' },
  { package: 'debian-archive-keyring', file: '/usr/share/keyrings/debian-archive-keyring.gpg' },
  { package: 'e2fsprogs', file: 'mke2fs' },
  { package: 'fdisk', file: 'sfdisk' },
  { package: 'dosfstools', file: 'mkfs.vfat' },
  { package: 'mtools', file: 'mcopy' },
  { package: 'grub-common', file: 'grub-mkimage' },
  { package: 'grub-pc-bin', file: '/usr/lib/grub/i386-pc/boot.img' },
  { package: 'grub-efi-amd64-bin', file: '/usr/lib/grub/x86_64-efi/kernel.img' },
];

/** The packages that this machine lacks. */
export async function missingHostPackages(): Promise<string[]> {
  const there = await Promise.all(needed.map(({ file }) => isThere(file)));
  return needed.filter((_, index) => there[index] === false).map((entry) => entry.package);
}

async function isThere(file: string): Promise<boolean> {
  const candidates = file.startsWith('/') ? [file] : folders.map((folder) => join(folder, file));
  const found = await Promise.all(
    candidates.map((path) =>
      access(path, constants.R_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
