import { describe, expect, it } from 'vitest';

import { areWithin, isAllowedFrom, networkText, plainAddress, sourceKey } from './source-address.ts';

describe('a network', () => {
  it.each([
    ['10.20.30.40/16', '10.20.0.0/16'],
    ['10.20.30.40', '10.20.30.40/32'],
    ['2001:DB8::1/32', '2001:db8::/32'],
    ['::ffff:10.0.0.1/104', '10.0.0.0/8'],
    ['::ffff:10.0.0.1', '10.0.0.1/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::ffff:0:0/90', undefined],
    ['10.0.0.0/33', undefined],
    ['10.0.0.0/', undefined],
    ['10.0.0/8', undefined],
    ['0x0a.0.0.1', undefined],
    ['fe80::1%eth0/64', undefined],
    ['', undefined],
  ])('%s is %s', (text, expected) => {
    expect(networkText(text)).toBe(expected);
  });
});

describe('a source', () => {
  it.each([
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8'], false],
    ['2001:db8::5', ['10.0.0.0/8', '2001:db8::/32'], true],
    ['10.1.2.3', ['::/0'], false],
    ['2001:db8::5', ['0.0.0.0/0'], false],
    ['fe80::1%eth0', ['fe80::/10'], true],
    ['local', ['0.0.0.0/0', '::/0'], false],
    ['local', [], true],
  ] as const)('%s within %j: %s', (from, networks, isAllowed) => {
    expect(isAllowedFrom(networks, from)).toBe(isAllowed);
  });

  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80::/64'],
    ['::1', '::/64'],
    ['', ''],
  ])('%s is an IPv4 address, or the /64 of an IPv6 one: %s', (from, key) => {
    expect(sourceKey(from)).toBe(key);
  });

  it('has one form', () => {
    expect(plainAddress('::ffff:10.1.2.3')).toBe('10.1.2.3');
  });
});

describe('networks within others', () => {
  it.each([
    [['10.1.0.0/16'], ['10.0.0.0/8'], true],
    [['10.0.0.0/8'], ['10.1.0.0/16'], false],
    [[], ['10.0.0.0/8'], false],
    [['10.0.0.0/8'], [], true],
    [['10.1.0.0/16', '11.0.0.0/16'], ['10.0.0.0/8'], false],
    [['2001:db8:1::/48'], ['10.0.0.0/8', '2001:db8::/32'], true],
  ] as const)('%j in %j: %s', (inner, outer, expected) => {
    expect(areWithin(inner, outer)).toBe(expected);
  });
});
