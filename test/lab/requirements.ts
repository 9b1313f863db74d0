// What a machine needs before it can hold a lab: Debian packages, each with one file that proves it is there.

import { existsSync } from 'node:fs';

interface RequiredPackage {
  readonly name: string;
  readonly probe: string;
}

const requiredPackages: readonly RequiredPackage[] = [
  { name: 'qemu-system-x86', probe: '/usr/bin/qemu-system-x86_64' },
  { name: 'ipxe-qemu', probe: '/usr/lib/ipxe/qemu/pxe-virtio.rom' },
  { name: 'dnsmasq-base', probe: '/usr/sbin/dnsmasq' },
  { name: 'iproute2', probe: '/bin/ip' },
  { name: 'openipmi', probe: '/usr/bin/ipmi_sim' },
  { name: 'swtpm', probe: '/usr/bin/swtpm' },
  { name: 'swtpm-tools', probe: '/usr/bin/swtpm_setup' },
  { name: 'util-linux', probe: '/usr/bin/nsenter' },
];

/** The Debian packages to install before a lab can start; empty when all are there. */
export function missingPackages(): string[] {
  return requiredPackages.filter(({ probe }) => !existsSync(probe)).map(({ name }) => name);
}
