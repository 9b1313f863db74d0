import { describe, expect, it } from 'vitest';

import { neighbourKeys, portKey, shortSwitchKey, slotKey, switchKey } from './switch-port.ts';

describe('a switch port', () => {
  it.each([
    ['Ethernet1/7', 'Eth1/7'],
    ['Ethernet1/7', 'ethernet 1/7'],
    ['Ethernet49/1', 'Et49/1'],
    ['GigabitEthernet0/1', 'Gi0/1'],
    ['GigabitEthernet1/0/24', 'GE1/0/24'],
    ['TenGigabitEthernet1/1/1', 'Te1/1/1'],
    ['TenGigE0/0/0/1', 'Te0/0/0/1'],
    ['Ten-GigabitEthernet1/0/49', 'XGE1/0/49'],
    ['TwentyFiveGigE1/0/3', 'Twe1/0/3'],
    ['TwentyFiveGigE1/0/3', '25GE1/0/3'],
    ['FortyGigabitEthernet1/1', 'Fo1/1'],
    ['HundredGigE1/0/25', 'Hu1/0/25'],
    ['100GE1/0/1', 'HundredGigE1/0/1'],
    ['swp9', 'SWP9'],
    ['  swp9 ', 'swp9'],
    ['00:01:30:F9:AD:A0', '0001.30f9.ada0'],
  ])('%j is also called %j', (full, short) => {
    expect(portKey(short)).toBe(portKey(full));
  });

  it.each([
    ['Eth1/7', 'Eth1/71'],
    ['Gi0/1', 'Te0/1'],
    ['ge-0/0/1', 'xe-0/0/1'],
    ['et-0/0/1', 'Ethernet0/0/1'],
    ['eth0', 'Ethernet0'],
    ['swp1', 'swp10'],
    ['1', '1/1'],
    ['swp1s0', 'swp1s1'],
  ])('%j is not %j', (one, other) => {
    expect(portKey(one)).not.toBe(portKey(other));
  });
});

describe('a switch', () => {
  it.each([
    ['Leaf-1', 'leaf-1'],
    ['ProCurve  Switch 2600', 'procurve switch 2600'],
    ['00-01-30-F9-AD-A0', '00:01:30:f9:ad:a0'],
    ['000130f9ada0', '00:01:30:f9:ad:a0'],
    ['0001:30f9:ada0', '00:01:30:f9:ad:a0'],
  ])('%j has the key %j', (name, key) => {
    expect(switchKey(name)).toBe(key);
  });

  it.each([
    ['leaf-1.ams.example.net', 'leaf-1'],
    ['leaf-1', undefined],
    ['10.0.0.1', undefined],
    ['0001.30f9.ada0', undefined],
  ])('%j is without its domain %j', (name, short) => {
    expect(shortSwitchKey(name)).toBe(short);
  });

  it('is found by its name, its chassis and its ports by id before description', () => {
    const heard = { system: 'Leaf-1.ams', chassis: '00:01:30:F9:AD:A0', port: 'Eth1/1', portDescription: 'to srv-a' };
    expect(neighbourKeys(heard)).toEqual({
      switches: ['leaf-1.ams', '00:01:30:f9:ad:a0'],
      shortSwitch: 'leaf-1',
      bareSwitch: undefined,
      ports: ['ethernet1/1', 'to srv-a'],
    });
  });
});

it.each([
  ['U20', '20', true],
  ['u05', '5', true],
  ['RU 7', 'U7', true],
  ['U20', 'U21', false],
  ['left', 'LEFT', true],
  ['20A', '20', false],
])('slot %j is slot %j: %j', (one, other, isOne) => {
  expect(slotKey(one) === slotKey(other)).toBe(isOne);
});
