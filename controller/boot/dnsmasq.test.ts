// The dnsmasq configuration: what each option writes, and which values are refused.

import { describe, expect, it } from 'vitest';
import { renderDnsmasqConfig, type DnsmasqOptions } from './dnsmasq.ts';

const options: DnsmasqOptions = {
  interface: 'br0',
  pool: { first: '10.99.0.50', last: '10.99.0.199', netmask: '255.255.255.0' },
  leaseSeconds: 3600,
  ipxeUrl: 'http://10.99.0.1:7480/boot/ipxe',
  leaseFile: '/var/lib/ppec/leases',
  probeAddresses: true,
};

function linesOf(changes: Partial<DnsmasqOptions>): string[] {
  return renderDnsmasqConfig({ ...options, ...changes }).split('\n');
}

describe('the dnsmasq configuration', () => {
  it('serves DHCP from the pool on one interface and no DNS', () => {
    expect(linesOf({})).toEqual(
      expect.arrayContaining([
        'port=0',
        'interface=br0',
        'bind-interfaces',
        'dhcp-range=10.99.0.50,10.99.0.199,255.255.255.0,3600',
        'dhcp-leasefile=/var/lib/ppec/leases',
      ]),
    );
  });

  it('sends an iPXE client to the HTTP bootfile', () => {
    expect(linesOf({})).toContain('dhcp-userclass=set:ipxe,iPXE');
    expect(linesOf({})).toContain('dhcp-boot=tag:ipxe,http://10.99.0.1:7480/boot/ipxe');
  });

  it('offers TFTP only when a root is given, with one bootfile per firmware', () => {
    expect(renderDnsmasqConfig(options)).not.toContain('tftp-root');
    expect(linesOf({ tftpRoot: '/srv/tftp' })).toEqual(
      expect.arrayContaining([
        'enable-tftp',
        'tftp-root=/srv/tftp',
        'dhcp-boot=tag:!ipxe,tag:bios,undionly.kpxe',
        'dhcp-boot=tag:!ipxe,tag:efi,ipxe.efi',
      ]),
    );
  });

  it('writes the router, the account and the address probe as asked', () => {
    expect(linesOf({})).toContain('dhcp-option=option:router');
    expect(linesOf({})).not.toContain('no-ping');
    expect(linesOf({ router: '10.99.0.1' })).toContain('dhcp-option=option:router,10.99.0.1');
    expect(linesOf({ user: 'root' })).toContain('user=root');
    expect(linesOf({ probeAddresses: false })).toContain('no-ping');
  });

  it.each<[string, Partial<DnsmasqOptions>]>([
    ['a newline in the interface', { interface: 'br0\nport=53' }],
    ['a trailing newline in the interface', { interface: 'br0\n' }],
    ['a newline in the URL', { ipxeUrl: 'http://a/\nport=53' }],
    ['a comma in the URL', { ipxeUrl: 'http://a/b,c' }],
    ['a URL that is not HTTP', { ipxeUrl: 'tftp://a/b' }],
    ['a newline in the lease file', { leaseFile: '/a\nb' }],
    ['a relative TFTP root', { tftpRoot: 'srv' }],
    ['a comment mark in the TFTP root', { tftpRoot: '/srv/#1' }],
    ['a router that is a name', { router: 'gateway' }],
    ['an account with a space', { user: 'a b' }],
    ['a lease shorter than dnsmasq allows', { leaseSeconds: 60 }],
    ['a pool that runs backwards', { pool: { ...options.pool, first: '10.99.0.200' } }],
    ['a pool over two networks', { pool: { ...options.pool, last: '10.99.1.9' } }],
    ['a netmask with a hole', { pool: { ...options.pool, netmask: '255.0.255.0' } }],
  ])('refuses %s', (_case, changes) => {
    expect(() => renderDnsmasqConfig({ ...options, ...changes })).toThrow(RangeError);
  });
});
