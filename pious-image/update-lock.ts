// Pins the packages of PIOUS to what the mirror offers now: `node pious-image/update-lock.ts`.
import { writeFile } from 'node:fs/promises';

import { currentKernel, currentPackages, lockPath, packageLicences, type PackageLock } from './packages.ts';

const names = [await currentKernel(), ...Object.keys(packageLicences)];
const packages = (await currentPackages(names)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
const missing = names.filter((name) => !packages.some((each) => each.name === name));
if (missing.length > 0) {
  process.stderr.write(`ppec: apt offers no ${missing.join(', ')}. Run apt-get update and try again.\n`);
  process.exitCode = 1;
} else {
  const lock: PackageLock = { packages };
  await writeFile(lockPath, `${JSON.stringify(lock, undefined, 2)}\n`);
  for (const { name, version } of packages) process.stdout.write(`${name} ${version}\n`);
}
