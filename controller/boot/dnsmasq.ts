// The dnsmasq configuration that lets a racked server boot from the network: DHCP, the bootfile per firmware, TFTP.
// Pure: options in, file text out. Values are refused rather than escaped, since dnsmasq has no escape for a newline.

import { isIPv4 } from 'node:net';

export interface DnsmasqOptions {
  /** The one network interface dnsmasq answers on. */
  readonly interface: string;
  readonly pool: { readonly first: string; readonly last: string; readonly netmask: string };
  readonly leaseSeconds: number;
  /** The URL an iPXE client gets as its bootfile. */
  readonly ipxeUrl: string;
  readonly leaseFile: string;
  /** Absent: no TFTP, so only firmware that is iPXE already can boot. */
  readonly tftpRoot?: string;
  /** Absent: clients get no default route. */
  readonly router?: string;
  /** The account dnsmasq drops to after start; absent: its built-in default. */
  readonly user?: string;
  /** Ping an address before it is offered: safer on a shared network, and up to three seconds slower. */
  readonly probeAddresses: boolean;
}

/** The text of a dnsmasq configuration file. Throws RangeError on a value that dnsmasq would misread. */
export function renderDnsmasqConfig(options: DnsmasqOptions): string {
  validate(options);
  const { pool } = options;
  const lines = [
    '# Written by PPEC; edits are lost.',
    '',
    '# DHCP and TFTP only: no DNS, nothing from the files of the host.',
    'port=0',
    'no-resolv',
    'no-hosts',
    '',
    '# One interface, bound by name, so another DHCP service can live on another one.',
    `interface=${options.interface}`,
    'except-interface=lo',
    'bind-interfaces',
    '',
    '# The address pool. Authoritative: a machine with a stale lease gets a new one at once.',
    `dhcp-range=${pool.first},${pool.last},${pool.netmask},${String(options.leaseSeconds)}`,
    'dhcp-authoritative',
    `dhcp-leasefile=${options.leaseFile}`,
    ...(options.probeAddresses ? [] : ['no-ping']),
    '',
    '# No option value means: do not send one.',
    options.router === undefined ? 'dhcp-option=option:router' : `dhcp-option=option:router,${options.router}`,
    'dhcp-option=option:dns-server',
    '',
    '# iPXE names itself in the user class and goes on by HTTP.',
    'dhcp-userclass=set:ipxe,iPXE',
    `dhcp-boot=tag:ipxe,${options.ipxeUrl}`,
    '',
    ...tftpLines(options.tftpRoot),
    '# Log to standard error, every exchange.',
    'log-facility=-',
    'log-dhcp',
    ...(options.user === undefined
      ? []
      : ['', '# The account to run as.', `user=${options.user}`, `group=${options.user}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function tftpLines(root: string | undefined): string[] {
  if (root === undefined) return [];
  return [
    '# Other firmware first loads iPXE by TFTP: UEFI on x86-64 says architecture 7 or 9, legacy BIOS says 0.',
    'enable-tftp',
    `tftp-root=${root}`,
    'dhcp-match=set:efi,option:client-arch,7',
    'dhcp-match=set:efi,option:client-arch,9',
    'dhcp-match=set:bios,option:client-arch,0',
    'dhcp-boot=tag:!ipxe,tag:efi,ipxe.efi',
    'dhcp-boot=tag:!ipxe,tag:bios,undionly.kpxe',
    '',
  ];
}

function validate(options: DnsmasqOptions): void {
  const { pool } = options;
  requireMatch('interface', options.interface, /^[A-Za-z0-9_.-]{1,15}$/);
  for (const [name, value] of Object.entries(pool)) requireAddress(`pool.${name}`, value);
  if (options.router !== undefined) requireAddress('router', options.router);
  if (options.user !== undefined) requireMatch('user', options.user, /^[a-z_][a-z0-9_-]{0,31}$/);
  requireMatch('leaseFile', options.leaseFile, /^\/[^\p{Cc}#,"\s]+$/u);
  if (options.tftpRoot !== undefined) requireMatch('tftpRoot', options.tftpRoot, /^\/[^\p{Cc}#,"\s]*$/u);
  requireMatch('ipxeUrl', options.ipxeUrl, /^https?:\/\/[A-Za-z0-9._~:/?&=%[\]-]+$/);
  if (!Number.isSafeInteger(options.leaseSeconds) || options.leaseSeconds < 120) {
    throw new RangeError('dnsmasq option leaseSeconds must be a whole number of at least 120');
  }
  const mask = toNumber(pool.netmask);
  const [first, last] = [toNumber(pool.first), toNumber(pool.last)];
  if ((~mask & (~mask + 1)) !== 0) throw new RangeError('dnsmasq option pool.netmask is not a netmask');
  if (first > last) throw new RangeError('dnsmasq option pool.first is above pool.last');
  if ((first & mask) !== (last & mask)) throw new RangeError('dnsmasq option pool spans more than one network');
}

function requireMatch(name: string, value: string, pattern: RegExp): void {
  if (!pattern.test(value)) throw new RangeError(`dnsmasq option ${name} is not usable: ${JSON.stringify(value)}`);
}

function requireAddress(name: string, value: string): void {
  if (!isIPv4(value)) throw new RangeError(`dnsmasq option ${name} is not an IPv4 address: ${JSON.stringify(value)}`);
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
