import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { factCharsMax } from './fact-text.ts';
import { parseLldpdu, parseLldpFrame, type Lldp } from './lldp.ts';

const names = ['extreme-summit300', 'procurve-2600', 'siemens-scalance'] as const;
const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../test/fixtures/lldp/${name}.bin`, import.meta.url));

describe('the frame of a real switch', () => {
  it.each([
    ['extreme-summit300', {
      chassis: { kind: 'mac', value: '00:01:30:f9:ad:a0' }, port: { kind: 'interface', value: '1/1' }, ttlSeconds: 120,
      sourceMac: '00:01:30:f9:ad:a0', portDescription: 'Summit300-48-Port 1001', systemName: 'Summit300-48',
      systemDescription: 'Summit300-48 - Version 7.4e.1 (Build 5) by Release_Master 05/27/05 04:53:11',
      managementAddresses: ['00:01:30:f9:ad:a0'],
    }],
    ['procurve-2600', {
      chassis: { kind: 'mac', value: '00:13:21:57:ca:40' }, port: { kind: 'local', value: '1' }, ttlSeconds: 120,
      sourceMac: '00:13:21:57:ca:7f', portDescription: '1', systemName: 'ProCurve Switch 2600-8-PWR',
      systemDescription: 'ProCurve J8762A Switch 2600-8-PWR, revision H.08.89, ROM H.08.5X (/sw/code/build/fish(ts_08_5))',
      managementAddresses: ['15.255.122.148'],
    }],
    ['siemens-scalance', {
      chassis: { kind: 'local', value: 'switch1' }, port: { kind: 'local', value: 'port-001' }, ttlSeconds: 20,
      sourceMac: '00:1b:1b:02:e6:1f', portDescription: 'Siemens, SIMATIC NET, Ethernet Switch Port 01',
      systemName: 'Switch1', systemDescription: 'Siemens, SIMATIC NET, SCALANCE X212-2, 6GK5 212-2BB00-2AA3, HW: 7, FW: V4.02',
      managementAddresses: ['141.81.0.190'],
    }],
  ] as const)('%s names switch and port', (name, neighbour) => {
    expect(parseLldpFrame(fixture(name))).toEqual({ neighbour, problems: [] });
  }); // prettier-ignore
});

const tlv = (type: number, ...value: number[]): number[] => [
  (type << 1) | (value.length >> 8),
  value.length & 0xff,
  ...value,
];
const ascii = (text: string): number[] => [...Buffer.from(text, 'utf8')];
const chassis = tlv(1, 4, 0xe4, 0xf0, 4, 0xb6, 0x47, 0x32);
const port = tlv(2, 5, ...ascii('swp46'));
const ttl = tlv(3, 0, 120);
const end = tlv(0); // prettier-ignore
const pdu = (...parts: number[][]): Lldp => parseLldpdu(Uint8Array.from(parts.flat()));
const withRest = (...parts: number[][]): Lldp => pdu(chassis, port, ttl, ...parts, end);

describe('an id', () => {
  it.each<[string, number[], object]>([
    ['a component', [1, ...ascii('rack 1')], { kind: 'component', value: 'rack 1' }],
    ['an alias', [2, ...ascii('uplink')], { kind: 'alias', value: 'uplink' }],
    ['a MAC', [4, 1, 2, 3, 4, 5, 0xff], { kind: 'mac', value: '01:02:03:04:05:ff' }],
    ['an IPv4 address', [5, 1, 10, 0, 0, 1], { kind: 'address', value: '10.0.0.1' }],
    ['an IPv6 address', [5, 2, 0xfe, 0x80, ...Array<number>(13).fill(0), 1], { kind: 'address', value: 'fe80::1' }],
    ['an interface', [6, ...ascii('Ethernet1')], { kind: 'interface', value: 'Ethernet1' }],
    ['local octets', [7, 0, 1, 2, 0x41], { kind: 'local', value: '00010241' }],
    ['a local text with padding', [7, ...ascii('sw1'), 0, 0], { kind: 'local', value: 'sw1' }],
  ])('of the chassis may be %s', (...[, value, expected]) => {
    expect(pdu(tlv(1, ...value), port, ttl).neighbour?.chassis).toEqual(expected);
  }); // prettier-ignore

  it.each<[string, number[], object]>([
    ['an alias', [1, ...ascii('Gi0/1')], { kind: 'alias', value: 'Gi0/1' }],
    ['a MAC', [3, 1, 2, 3, 4, 5, 6], { kind: 'mac', value: '01:02:03:04:05:06' }],
    ['an interface', [5, ...ascii('swp46')], { kind: 'interface', value: 'swp46' }],
    ['a circuit', [6, ...ascii('c7')], { kind: 'circuit', value: 'c7' }],
    ['local', [7, ...ascii('46')], { kind: 'local', value: '46' }],
    ['the number 0', [7, ...ascii('0')], { kind: 'local', value: '0' }],
  ])('of the port may be %s', (...[, value, expected]) => {
    expect(pdu(chassis, tlv(2, ...value), ttl).neighbour?.port).toEqual(expected);
  });

  it.each<[string, number[]]>([
    ['without octets', [4]],
    ['of no kind', [0, 1, 2]],
    ['of an unknown kind', [8, 1, 2]],
    ['that is too short a MAC', [4, 1, 2, 3, 4, 5]],
    ['that is too long an IPv4 address', [5, 1, 10, 0, 0, 1, 2]],
    ['of 256 octets', [7, ...Array<number>(256).fill(0x41)]],
    ['of blanks', [6, 0x20, 0x20]],
  ])('%s names no neighbour', (_, value) => {
    expect(pdu(tlv(1, ...value), port, ttl)).toEqual({ neighbour: null, problems: ['its chassis id is malformed'] });
  });
});

describe('a management address', () => {
  const address = (family: number, ...bytes: number[]): number[] => tlv(8, bytes.length + 1, family, ...bytes, 2, 0, 0, 0, 1, 0);

  it('is given for every family, once', () => {
    const parts = [address(1, 10, 160, 20, 18), address(2, 0xfe, 0x80, ...Array<number>(13).fill(0), 9), address(1, 10, 160, 20, 18), address(16, 0xab)];
    expect(withRest(...parts)).toMatchObject({
      neighbour: { managementAddresses: ['10.160.20.18', 'fe80::9', '16:ab'] },
      problems: [],
    });
  });

  it.each<[string, number[]]>([
    ['empty', tlv(8)],
    ['without an address', tlv(8, 1, 1, 2, 0, 0, 0, 1, 0)],
    ['longer than its TLV', tlv(8, 9, 1, 10, 0, 0, 1)],
    ['IPv4 of five bytes', address(1, 10, 0, 0, 1, 2)],
    ['without an interface number', tlv(8, 5, 1, 10, 0, 0, 1)],
  ])('that is %s is reported, and the neighbour stays', (_, part) => {
    expect(withRest(part)).toMatchObject({
      neighbour: { managementAddresses: [] },
      problems: ['a management address is malformed'],
    });
  });

  it('is one of no more than sixteen', () => {
    const many = Array.from({ length: 40 }, (_, index) => address(1, 10, 0, 0, index));
    expect(withRest(...many).neighbour?.managementAddresses).toHaveLength(16);
  });
}); // prettier-ignore

describe('a frame', () => {
  it('with a VLAN tag is read', () => {
    const frame = fixture('procurve-2600');
    const tagged = Buffer.concat([frame.subarray(0, 12), Buffer.of(0x81, 0, 0, 7), frame.subarray(12)]);
    expect(parseLldpFrame(tagged).neighbour?.systemName).toBe('ProCurve Switch 2600-8-PWR');
  });

  it('of another protocol is refused', () => {
    expect(parseLldpFrame(Buffer.alloc(60))).toEqual({ neighbour: null, problems: ['not an LLDP frame'] });
  });

  it('whose neighbour goes away has a time to live of 0', () => {
    expect(pdu(chassis, port, tlv(3, 0, 0), end).neighbour?.ttlSeconds).toBe(0);
  });

  it.each<[string, Lldp, RegExp]>([
    ['without parts', pdu(), /does not begin with chassis id/],
    ['in another order', pdu(port, chassis, ttl, end), /does not begin with chassis id/],
    ['without a time to live', pdu(chassis, port, end), /does not begin with chassis id/],
    ['with two chassis ids', withRest(chassis), /stands there twice/],
    ['with one byte of time to live', pdu(chassis, port, tlv(3, 1), end), /time to live is malformed/],
  ])('%s names no neighbour', (...[, lldp, problem]) => {
    expect(lldp.neighbour).toBeNull();
    expect(lldp.problems.join()).toMatch(problem);
  });

  it.each<[string, number[], string]>([
    ['a TLV past the end', [0x0a, 0xff, 0x41], 'TLV 5 at byte 21 runs past the end'],
    ['half a TLV', [0x0a], 'the TLV at byte 21 is cut off'],
    ['two names', [...tlv(5, 0x41), ...tlv(5, 0x42)], 'TLV 5 is there more than once'],
  ])('with %s keeps what stands before', (...[, rest, problem]) => {
    const lldp = pdu(chassis, port, ttl, rest);
    expect(lldp.neighbour?.port.value).toBe('swp46');
    expect(lldp.problems).toEqual([problem]);
  });

  it('ignores what organizations add, and the padding behind its end', () => {
    expect(withRest(tlv(127, 0, 0x80, 0xc2, 1, 1, 0xe8), tlv(5, ...ascii('sw1')), end, [0xff, 0xff, 0xff])).toMatchObject({
      neighbour: { systemName: 'sw1' },
      problems: [],
    });
  }); // prettier-ignore

  it('has names in UTF-8, and in Latin-1 where they are none', () => {
    expect(withRest(tlv(5, ...ascii('sw-\u00fc'))).neighbour?.systemName).toBe('sw-\u00fc');
    expect(withRest(tlv(5, 0x73, 0x77, 0xfc)).neighbour?.systemName).toBe('sw\u00fc');
  });
});

function bounded({ neighbour, problems }: Lldp): void {
  expect(problems.length).toBeLessThan(300);
  if (neighbour === null) {
    expect(problems).not.toEqual([]);
    return;
  }
  for (const value of [neighbour.port.value, neighbour.systemName, neighbour.systemDescription])
    expect((value ?? '').length).toBeLessThanOrEqual(factCharsMax);
}

describe('any bytes', () => {
  it('give a neighbour or a reason, and never throw', () => {
    const tlvs = fc.array(fc.tuple(fc.integer({ min: 0, max: 10 }), fc.uint8Array({ maxLength: 20 })), { maxLength: 12 });
    const sound = tlvs.map((list) => Uint8Array.from([chassis, port, ttl, ...list.map(([type, value]) => tlv(type, ...value))].flat()));
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), sound);
    fc.assert(fc.property(bytes, (data) => bounded(parseLldpdu(data))), { numRuns: 2000 });
  }); // prettier-ignore

  it.each(names)('of %s cut anywhere or changed give a neighbour or a reason', (name) => {
    const frame = fixture(name);
    for (let length = 0; length <= frame.length; length += 1) bounded(parseLldpFrame(frame.subarray(0, length)));
    fc.assert(
      fc.property(fc.nat(frame.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const changed = Buffer.from(frame);
        changed[at] = byte;
        bounded(parseLldpFrame(changed));
      }),
    );
  });
});
