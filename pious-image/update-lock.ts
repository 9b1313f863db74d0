// Pins the packages of PIOUS and of the tool image to what the mirror offers now: `node pious-image/update-lock.ts`.
import { writeFile } from 'node:fs/promises';

import { currentKernel, currentPackages, lockPath, packageLicences, type PackageLock } from './packages.ts';
import { toolsLockPath, toolsPackageLicences } from './tools/tools-packages.ts';

const kernel = await currentKernel();
await pin([kernel, ...Object.keys(packageLicences)], lockPath);
await pin(Object.keys(toolsPackageLicences), toolsLockPath);

async function pin(names: readonly string[], path: string): Promise<void> {
  const packages = (await currentPackages(names)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const missing = names.filter((name) => !packages.some((each) => each.name === name));
  if (missing.length > 0) {
    process.stderr.write(`ppec: apt offers no ${missing.join(', ')}. Run apt-get update and try again.\n`);
    process.exitCode = 1;
    return;
  }
  const lock: PackageLock = { packages };
  await writeFile(path, `${JSON.stringify(lock, undefined, 2)}\n`);
  for (const { name, version } of packages) process.stdout.write(`${name} ${version}\n`);
}
