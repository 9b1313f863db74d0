// The initrd's only program: the busybox that PIOUS has, in the version that its lock pins. It stays outside of the
// image's own packages, so nothing of it is installed.
import { join } from 'node:path';

import { fetchPackages, readLock, unpack, type FetchedPackage } from '../pious-image/packages.ts';

const packageName = 'busybox-static';

export async function fetchBusybox(cacheDir: string, log: (line: string) => void): Promise<FetchedPackage> {
  const { packages } = await readLock();
  // The other packages of the image are the mirror's newest as well, so a newer one is no reason to stop.
  const [busybox] = await fetchPackages(
    packages.filter(({ name }) => name === packageName),
    { cacheDir, isStrict: false, log },
  );
  if (busybox === undefined) throw new Error(`the lock of PIOUS's packages has no ${packageName}`);
  return busybox;
}

/** Unpacks the package into a folder that does not exist yet; the program's path. */
export async function unpackBusybox({ debPath }: FetchedPackage, folder: string): Promise<string> {
  await unpack(debPath, folder);
  return join(folder, 'bin/busybox');
}
