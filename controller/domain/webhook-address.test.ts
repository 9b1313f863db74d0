import { describe, expect, it } from 'vitest';

import { parseCidr, refusedAddress, type Cidr } from './webhook-address.ts';

const cidrs = (...texts: string[]): Cidr[] => texts.map(parseCidr).filter((cidr) => cidr !== undefined);

describe('an address that a webhook may be sent to', () => {
  it.each(['192.0.66.1', '8.8.8.8', '2606:4700::1111'])('is one of the open internet: %s', (address) => {
    expect(refusedAddress(address, [])).toBeUndefined();
  });

  it.each([
    '127.0.0.1', '127.9.9.9', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.1.1',
    '169.254.169.254', '100.64.0.1', '224.0.0.1', '239.255.255.250', '255.255.255.255', '240.0.0.1', '198.18.0.1',
    '192.0.2.1', '::', '::1', 'fe80::1', 'fc00::1', 'fd12::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1',
    '::ffff:8.8.8.8', '64:ff9b::a00:1', '2002:a00:1::1', '2001::1', '2001:db8::1', 'fd00:ec2::254', '::2', '::127.0.0.1',
    '::10.0.0.1', 'fec0::1', '5f00::1', 'localhost', '',
  ])('is not %s', (address) => {
    expect(refusedAddress(address, [])).toMatch(/no address|metadata|which webhooks.allow/);
  }); // prettier-ignore

  it('may be one that the configuration names, in any coat', () => {
    const allowed = cidrs('10.1.0.0/16', '::1/128');
    expect(['10.1.2.3', '::ffff:10.1.2.3', '::1'].map((text) => refusedAddress(text, allowed))).toEqual([undefined, undefined, undefined]);
    expect(['10.2.0.1', '::ffff:10.2.0.1', '127.0.0.1', '::2'].map((text) => refusedAddress(text, allowed) === undefined)).toEqual([false, false, false, false]);
  }); // prettier-ignore

  it('is never a metadata service, whatever is configured', () => {
    const all = cidrs('0.0.0.0/0', '::/0');
    expect(
      ['169.254.169.254', '::ffff:169.254.169.254', 'fd00:ec2::254'].map((text) => refusedAddress(text, all)),
    ).toEqual([
      '169.254.169.254 is a metadata service',
      '::ffff:169.254.169.254 is a metadata service',
      'fd00:ec2::254 is a metadata service',
    ]);
    expect(refusedAddress('169.254.1.1', all)).toBeUndefined();
  });

  it.each(['10.0.0.0', '10.0.0.0/33', 'x/8', ''])('is in no network called %s', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});
