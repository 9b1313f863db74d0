// The file system of an image, unpacked in a folder: the packages, the recipe's overlay, the agent, the units that run.
import { chmod, copyFile, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { withoutSymbols } from '../pious-image/elf.ts';
import type { FetchedPackage } from '../pious-image/packages.ts';
import { tool } from '../pious-image/tool.ts';
import { lines } from './base-rootfs.ts';
import { unpackBusybox } from './busybox.ts';
import { buildInitrd } from './initrd.ts';

/** Units that are started beside those that systemd itself starts, by the target that wants them. */
export const enabledUnits: Readonly<Record<string, readonly string[]>> = {
  'sysinit.target': ['nftables.service', 'ppec-seed.service', 'systemd-pstore.service'],
  'multi-user.target': ['acpid.service', 'ppec-agent.service', 'ssh.service', 'systemd-networkd.service'],
  'getty.target': ['getty@tty1.service'],
  'timers.target': ['fstrim.timer'],
};

/** Units of the packages that have no work here; logind and others would wait for a D-Bus that is not installed. */
const maskedUnits = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dev-hugepages.mount',
  'dev-mqueue.mount',
  'getty-static.service',
  'modprobe@dm_mod.service',
  'modprobe@loop.service',
  'proc-sys-fs-binfmt_misc.automount',
  'ssh.socket',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'systemd-firstboot.service',
  'systemd-logind.service',
  'systemd-modules-load.service',
  'systemd-networkd-wait-online.service',
  'systemd-update-utmp-runlevel.service',
] as const;

/** systemd's own folder of units in Debian 12. */
const unitFolder = '/lib/systemd/system';

export type RootfsInput = {
  readonly baseTar: string;
  /** Of the initrd. */
  readonly busybox: FetchedPackage;
  readonly recipeDir: string;
  readonly agentPath: string;
  readonly nodePath: string;
  /** An empty folder to work in. */
  readonly workDir: string;
  readonly name: string;
  readonly digest: string;
  readonly rootUuid: string;
  readonly cmdline: string;
};

export type Rootfs = {
  readonly dir: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** What the image says of itself: the release of Debian and the digest of the inputs. */
  readonly version: string;
  readonly packages: readonly { readonly name: string; readonly version: string }[];
};

export async function makeRootfs(input: RootfsInput): Promise<Rootfs> {
  const dir = join(input.workDir, 'rootfs');
  await mkdir(dir);
  await tool('tar', ['-C', dir, '--numeric-owner', '-p', '--xattrs', '--xattrs-include=*', '-xf', input.baseTar]);
  await copyOverlay(join(input.recipeDir, 'overlay'), dir);
  await installAgent(input, dir);
  await chooseUnits(dir);
  const fstab = join(dir, 'etc/fstab');
  await writeFile(
    fstab,
    `UUID=${input.rootUuid} / ext4 defaults,x-systemd.growfs 0 1\n${await readFile(fstab, 'utf8')}`,
  );

  const [kernelVersion] = await readdir(join(dir, 'lib/modules'));
  if (kernelVersion === undefined) throw new Error('the packages of the image have no kernel');
  const kernelPath = `/boot/vmlinuz-${kernelVersion}`;
  const initrdPath = `/boot/initrd.img-${kernelVersion}`;
  const initrd = await buildInitrd({
    rootfs: dir,
    kernelVersion,
    busyboxPath: await unpackBusybox(input.busybox, join(input.workDir, 'busybox')),
    initPath: join(input.recipeDir, 'init'),
    modules: lines(await readFile(join(input.recipeDir, 'initrd-modules.txt'), 'utf8')),
  });
  await writeFile(join(dir, initrdPath), initrd, { mode: 0o600 });
  await writeGrubMenu(input, dir, { kernelPath, initrdPath });

  const version = `${(await readFile(join(dir, 'etc/debian_version'), 'utf8')).trim()}+${input.digest.slice(0, 8)}`;
  await writeFile(join(dir, 'usr/lib/os-release'), `IMAGE_ID=${input.name}\nIMAGE_VERSION=${version}\n`, { flag: 'a' });
  await markUpdated(dir);
  const packages = [...(await installedPackages(dir)), { name: input.busybox.name, version: input.busybox.version }];
  return { dir, kernelPath, initrdPath, version, packages: packages.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** Modes do not follow the umask of whoever has the recipe checked out; only the execute bit counts. */
async function copyOverlay(overlay: string, dir: string): Promise<void> {
  const entries = await readdir(overlay, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const source = join(entry.parentPath, entry.name);
    const target = join(dir, source.slice(overlay.length));
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await copyFile(source, target);
    await chmod(target, ((await stat(source)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

async function installAgent({ agentPath, nodePath }: RootfsInput, dir: string): Promise<void> {
  const folder = join(dir, 'usr/lib/ppec');
  await copyFile(agentPath, join(folder, 'agent.cjs'));
  await chmod(join(folder, 'agent.cjs'), 0o644);
  await writeFile(join(folder, 'node'), withoutSymbols(await readFile(nodePath)), { mode: 0o755 });
  for (const state of ['var/lib/ppec', 'etc/ppec']) await mkdir(join(dir, state), { recursive: true, mode: 0o700 });
}

async function chooseUnits(dir: string): Promise<void> {
  const folder = join(dir, 'etc/systemd/system');
  for (const name of await readdir(folder)) {
    if (/\.(wants|requires)$/.test(name)) await rm(join(folder, name), { recursive: true });
  }
  for (const [target, units] of Object.entries(enabledUnits)) {
    const wants = join(folder, `${target}.wants`);
    await mkdir(wants);
    for (const unit of units) {
      const ours = unit.startsWith('ppec-') ? '/etc/systemd/system' : unitFolder;
      await symlink(`${ours}/${unit.replace(/@.*\./, '@.')}`, join(wants, unit));
    }
  }
  const link = async (name: string, target: string): Promise<void> => {
    await rm(join(folder, name), { force: true });
    await symlink(target, join(folder, name));
  };
  for (const unit of maskedUnits) await link(unit, '/dev/null');
  await link('default.target', `${unitFolder}/multi-user.target`);
}

async function writeGrubMenu(
  input: RootfsInput,
  dir: string,
  { kernelPath, initrdPath }: { kernelPath: string; initrdPath: string },
): Promise<void> {
  const values: Readonly<Record<string, string>> = {
    NAME: input.name,
    UUID: input.rootUuid,
    KERNEL: kernelPath,
    INITRD: initrdPath,
    CMDLINE: input.cmdline,
  };
  const text = await readFile(join(input.recipeDir, 'grub.cfg'), 'utf8');
  const menu = text.replaceAll(/@([A-Z]+)@/g, (whole, key: string) => values[key] ?? whole);
  await mkdir(join(dir, 'boot/grub'), { recursive: true });
  await writeFile(join(dir, 'boot/grub/grub.cfg'), menu, { mode: 0o600 });
}

/** Else systemd rebuilds its caches at the first boot (systemd-update-done.service(8)), which takes many seconds. */
async function markUpdated(dir: string): Promise<void> {
  const { mtime } = await stat(join(dir, 'usr'));
  for (const name of ['etc/.updated', 'var/.updated']) {
    await writeFile(join(dir, name), '');
    await utimes(join(dir, name), mtime, mtime);
  }
}

async function installedPackages(dir: string): Promise<{ name: string; version: string }[]> {
  const format = '${Package} ${Version}\n';
  const text = await tool('dpkg-query', [`--admindir=${join(dir, 'var/lib/dpkg')}`, '-W', '-f', format]);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ name: line.slice(0, line.indexOf(' ')), version: line.slice(line.indexOf(' ') + 1) }));
}
