// The Debian packages PIOUS is made of: which ones, pinned in which versions, and how they get here. A package is known by
// its SHA-256; the machine's own apt fetches it, dpkg-deb unpacks it. Nothing is installed.
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { messageOf, PpecError } from '../shared/errors.ts';
import { sha256OfFile } from './digest.ts';
import { tool } from './tool.ts';

export const lockPath = join(import.meta.dirname, 'packages.lock.json');

/** The package that always depends on the current kernel; a kernel's own package has its version in its name. */
const kernelMetaPackage = 'linux-image-amd64';
const kernelPattern = /^linux-image-\d\S*-amd64$/;

/** All but the kernel, with their licences (SPDX). */
export const packageLicences: Readonly<Record<string, string>> = {
  'busybox-static': 'GPL-2.0-only',
  'kexec-tools': 'GPL-2.0-only',
  smartmontools: 'GPL-2.0-or-later',
  libc6: 'LGPL-2.1-or-later',
  'libgcc-s1': 'GPL-3.0-or-later WITH GCC-exception-3.1',
  'libstdc++6': 'GPL-3.0-or-later WITH GCC-exception-3.1',
  // kexec asks for libxenctrl, smartctl for libselinux, whatever they are used for.
  'libxenmisc4.17': 'LGPL-2.1-only',
  libxencall1: 'LGPL-2.1-only',
  libxendevicemodel1: 'LGPL-2.1-only',
  libxenevtchn1: 'LGPL-2.1-only',
  libxenforeignmemory1: 'LGPL-2.1-only',
  libxengnttab1: 'LGPL-2.1-only',
  libxentoolcore1: 'LGPL-2.1-only',
  libxentoollog1: 'LGPL-2.1-only',
  libselinux1: 'LicenseRef-public-domain',
  'libpcre2-8-0': 'BSD-3-Clause',
  // ipmitool and what it asks for: its shell's line editor and the cryptography of its network interfaces, unused here.
  ipmitool: 'BSD-3-Clause',
  libfreeipmi17: 'GPL-3.0-or-later',
  libgcrypt20: 'LGPL-2.1-or-later',
  'libgpg-error0': 'LGPL-2.1-or-later',
  libreadline8: 'GPL-3.0-or-later',
  libssl3: 'Apache-2.0',
  libtinfo6: 'X11',
};

const PackageLock = Type.Object({
  packages: Type.Array(
    Type.Object({
      name: Type.String(),
      version: Type.String(),
      sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    }),
  ),
});
export type PackageLock = Static<typeof PackageLock>;
export type PinnedPackage = PackageLock['packages'][number];
export type FetchedPackage = PinnedPackage & { readonly debPath: string };

const lockValidator = Compile(PackageLock);

export function isKernel(name: string): boolean {
  return kernelPattern.test(name);
}

export async function readLock(path: string = lockPath): Promise<PackageLock> {
  const value: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (!lockValidator.Check(value)) throw new PpecError('failed_precondition', `${path} is not readable. ${advice}`);
  return value;
}

const advice = 'Run `node pious-image/update-lock.ts`, look at what changed, and commit it.';

export type FetchOptions = {
  readonly cacheDir: string;
  /** Whether another version than the pinned one is refused. */
  readonly isStrict: boolean;
  readonly log: (line: string) => void;
};

/** Every package as a file that has its digest; from the cache where it is there. */
export async function fetchPackages(
  pinned: readonly PinnedPackage[],
  options: FetchOptions,
): Promise<FetchedPackage[]> {
  const folder = join(options.cacheDir, 'debs');
  await mkdir(folder, { recursive: true });
  const fetched: FetchedPackage[] = [];
  for (const each of pinned) fetched.push(await fetchPackage(each, folder, options));
  return fetched;
}

async function fetchPackage(pinned: PinnedPackage, folder: string, options: FetchOptions): Promise<FetchedPackage> {
  try {
    return await download(pinned, folder, options.log);
  } catch (error) {
    if (options.isStrict) {
      throw new PpecError(
        'failed_precondition',
        `${pinned.name} ${pinned.version} (${pinned.sha256.slice(0, 16)}…) cannot be had: ${lastLine(messageOf(error))}. ${advice}`,
        { cause: error },
      );
    }
  }
  const name = isKernel(pinned.name) ? await currentKernel() : pinned.name;
  const [current] = await currentPackages([name]);
  if (current === undefined) throw new PpecError('unavailable', `apt knows no package ${name}; run apt-get update`);
  options.log(`notice: ${pinned.name} ${pinned.version} is gone from the mirror; ${name} ${current.version} instead`);
  return download(current, folder, options.log);
}

async function download(wanted: PinnedPackage, folder: string, log: (line: string) => void): Promise<FetchedPackage> {
  const debPath = join(folder, `${wanted.name}-${wanted.sha256}.deb`);
  if (!(await isThere(debPath))) {
    log(`fetching ${wanted.name} ${wanted.version}`);
    const work = await mkdtemp(join(folder, '.fetch-'));
    try {
      await aptDownload(`${wanted.name}=${wanted.version}`, work);
      const [file] = (await readdir(work)).filter((name) => name.endsWith('.deb'));
      if (file === undefined) throw new PpecError('unavailable', 'apt-get download left no file');
      await rename(join(work, file), debPath);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  const digest = await sha256OfFile(debPath);
  if (digest !== wanted.sha256) {
    await rm(debPath);
    throw new PpecError('failed_precondition', `what was fetched has digest ${digest}`);
  }
  return { ...wanted, debPath };
}

/** Once with apt's own lists as they are, once with fresh ones: a machine that is new has none. */
async function aptDownload(name: string, folder: string): Promise<void> {
  const fetchOnce = (): Promise<unknown> =>
    // As root, apt would drop to a user that cannot write here and warn that it does not.
    tool('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', name], { cwd: folder });
  await fetchOnce().catch(async () => {
    await tool('apt-get', ['-qq', 'update']);
    await fetchOnce();
  });
}

/** What the mirror offers now. */
export async function currentPackages(names: readonly string[]): Promise<PinnedPackage[]> {
  return parsePrintUris(await tool('apt-get', ['-qq', '--print-uris', 'download', ...names]));
}

/** The kernel package that the metapackage depends on now. */
export async function currentKernel(): Promise<string> {
  const answer = await tool('apt-cache', ['depends', kernelMetaPackage]);
  const name = answer
    .split('\n')
    .map((line) => line.trim().replace(/^Depends: /, ''))
    .find(isKernel);
  if (name === undefined) throw new PpecError('unavailable', `apt knows no ${kernelMetaPackage}; run apt-get update`);
  return name;
}

/** Lines of `'URI' NAME_VERSION_ARCH.deb SIZE SHA256:DIGEST`; a colon of the version is `%3a`. */
export function parsePrintUris(output: string): PinnedPackage[] {
  return [...output.matchAll(/^'[^']*' ([^_\s]+)_([^_\s]+)_[^_\s]+\.deb \d+ SHA256:([0-9a-f]{64})$/gm)].map(
    ([, name = '', version = '', sha256 = '']) => ({ name, version: version.replaceAll('%3a', ':'), sha256 }),
  );
}

export async function unpack(deb: string, folder: string): Promise<void> {
  await tool('dpkg-deb', ['-x', deb, folder]);
}

/** A command's failure carries its whole command line; what it said is at the end. */
function lastLine(message: string): string {
  return message.trim().split('\n').at(-1) ?? message;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
