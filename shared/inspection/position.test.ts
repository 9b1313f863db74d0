import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { bareNic } from '../../test/fixtures/parts.ts';
import type { Nic } from '../hardware/inventory.ts';
import { noPlace, type Cable, type Cabled, type Place } from './cabled.ts';
import { positionOf } from './position.ts';

const cable = (port: string, slot: string, change: Partial<Cable> = {}): Cable => {
  const [name = '', own = ''] = port.split(' ');
  return { switch: name, port: own, datacenter: null, rack: 'R12', slot, nic: null, ...change };
};
const nic = (name: string, heard: string | null, change: Partial<Nic> = {}): Nic => {
  const [system = '', port = ''] = heard?.split(' ') ?? [];
  const neighbour = heard === null ? null : { system, chassis: `chassis of ${system}`, port, portDescription: null };
  const mac = `52:54:00:00:00:0${name.slice(-1)}`;
  return { ...bareNic, name, mac, linkUp: heard !== null, neighbour, ...change };
};
const at = (slot: string | null, rack = 'R12', datacenter: string | null = null): Place => ({ datacenter, rack, slot });
const cables = [
  cable('leaf-1 swp1', 'U1'),
  cable('leaf-2 swp1', 'U1'),
  cable('leaf-1 swp2', 'U2'),
  cable('leaf-2 swp2', 'U2'),
];
const good = [nic('eth0', 'leaf-1 swp1'), nic('eth1', 'leaf-2 swp1')];

const position = (change: Partial<Cabled>) =>
  positionOf({ nics: good, isComplete: true, ordered: at('U1'), known: noPlace, cables, ...change });
const said = (change: Partial<Cabled>): string[] =>
  position(change).findings.map(({ kind, severity, sentence }) => `${kind} ${severity}: ${sentence}`);

describe('a machine', () => {
  it.each<[string, Partial<Cabled>]>([
    ['is where the table and the order have it', {}],
    ['has ports without a cable beside', { nics: [...good, nic('eth2', null)] }],
    ['is ordered without a place', { ordered: noPlace }],
    ['is ordered into a rack without a slot', { ordered: at(null) }],
    ['is ordered into a slot in other words', { ordered: at('u01', 'r12', 'AMS') }],
    ['is in a rack that the table does not have', { ordered: at('U1', 'R99'), nics: [nic('eth0', 'other swp1'), nic('eth1', null)] }],
    ['stands where there is no table', { cables: [] }],
    ['is known by its chassis', { cables: cables.map((row) => ({ ...row, switch: `Chassis of ${row.switch}` })) }],
    ['hears names with a domain', { nics: [nic('eth0', 'leaf-1.ams swp1'), nic('eth1', 'leaf-2.ams swp1')] }],
    ['hears names without the domain of the table', { cables: cables.map((row) => ({ ...row, switch: `${row.switch}.ams` })) }],
    ['has rows that name its ports', { cables: [cable('leaf-1 swp1', 'U1', { nic: 'ETH0' }), cable('leaf-2 swp1', 'U1', { nic: '52-54-00-00-00-01' })] }],
    ['has rows of one switch by name and by chassis', { cables: [...cables, cable('leaf-1 swp1', 'U1', { switch: 'chassis of leaf-1' })] }],
  ])('has no finding that %s', (_, change) => {
    expect(said(change)).toEqual([]);
  }); // prettier-ignore

  it.each<[string, Partial<Cabled>, string[]]>([
    ['in the wrong slot', { ordered: at('U2') }, [
      'mismatch block: Port eth0 is on leaf-1 swp1, which the cabling table has in rack R12 slot U1; the order puts this machine into R12 U2: move it or correct the order.',
    ]],
    ['in the wrong rack', { ordered: at('U1', 'R13') }, [
      'mismatch block: Port eth0 is on leaf-1 swp1, which the cabling table has in rack R12 slot U1; the order puts this machine into R13 U1: move it or correct the order.',
    ]],
    ['in the wrong datacenter', { ordered: at('U1', 'R12', 'fra'), cables: cables.map((row) => ({ ...row, datacenter: 'ams' })) }, [
      'mismatch block: Port eth0 is on leaf-1 swp1, which the cabling table has in ams rack R12 slot U1; the order puts this machine into fra R12 U1: move it or correct the order.',
    ]],
    ['with a crossed cable', { nics: [good[0] ?? bareNic, nic('eth1', 'leaf-2 swp2')] }, [
      "mismatch block: Port eth1 is on leaf-2 swp2, which the cabling table has for R12 U2; it belongs on leaf-2 swp1: two machines' cables may be crossed.",
    ]],
    ['with a cable that is not plugged in', { nics: [good[0] ?? bareNic, nic('eth1', null)] }, [
      'missing block: Port eth1 has no link; it belongs on leaf-2 swp1, which the cabling table has for R12 U1: plug in the cable, or look at that switch port.',
    ]],
    ['with a silent switch', { nics: [good[0] ?? bareNic, nic('eth1', null, { linkUp: true })] }, [
      'missing block: Port eth1 has a link but hears no switch (LLDP); it belongs on leaf-2 swp1, which the cabling table has for R12 U1: plug in the cable, or look at that switch port.',
    ]],
    ['that has not listened long enough to one switch', { isComplete: false, nics: [good[0] ?? bareNic, nic('eth1', null, { linkUp: true })] }, [
      'unverifiable block: Port eth1 has a link but hears no switch (LLDP); it belongs on leaf-2 swp1, which the cabling table has for R12 U1: plug in the cable, or look at that switch port.',
    ]],
    ['with a port fewer than cables', { nics: good.slice(0, 1) }, [
      'missing block: No port is on leaf-2 swp1, which the cabling table has for R12 U1: plug in the cable, or look at that switch port.',
    ]],
    ['with two ports that may be meant', { nics: [good[0] ?? bareNic, nic('eth1', null), nic('eth2', null, { linkUp: null })] }, [
      'missing block: No port is on leaf-2 swp1, which the cabling table has for R12 U1; eth1 has no link, eth2 does not report its link: plug in the cable, or look at that switch port.',
    ]],
    ['that hears nothing', { nics: [nic('eth0', null, { linkUp: true })] }, [
      'unverifiable block: No port hears a switch (LLDP), so nothing says whether this machine is in R12 U1: look at its cables and at LLDP on the switches.',
    ]],
    ['that hears nothing and is known to have been there', { ordered: noPlace, known: at('U1'), nics: [nic('eth0', null)] }, [
      'unverifiable block: No port has a link, so nothing says whether this machine is in R12 U1: look at its cables and at LLDP on the switches.',
    ]],
    ['that hears no known switch, in a rack of the table', { ordered: at(null), nics: [nic('eth0', 'other swp1')] }, [
      'unverifiable block: No port is on a switch port of the cabling table, so nothing says whether this machine is in R12: look at its cables and at LLDP on the switches.',
      'unverifiable warn: Port eth0 is on other swp1, which is not in the cabling table: add it, or correct the cable.',
    ]],
    ['in a slot that the table does not have', { ordered: at('U3'), nics: [nic('eth0', null)] }, [
      'unverifiable warn: The cabling table has switch ports for rack R12 but none for slot U3: add them, or correct the order.',
    ]],
    ['with one port on an unknown switch', { nics: [...good, nic('eth2', 'mgmt-1 3')] }, [
      'unverifiable warn: Port eth2 is on mgmt-1 3, which is not in the cabling table: add it, or correct the cable.',
    ]],
    ['whose ports disagree', { ordered: noPlace, nics: [good[0] ?? bareNic, nic('eth1', 'leaf-2 swp2')] }, [
      'source-conflict block: Ports disagree about where this machine is: eth0 is on leaf-1 swp1 (R12 U1), eth1 is on leaf-2 swp2 (R12 U2). Correct the cables or the cabling table.',
    ]],
    ['whose ports disagree, none of them right', { ordered: at('U9'), nics: [good[0] ?? bareNic, nic('eth1', 'leaf-2 swp2')] }, [
      'source-conflict block: Ports disagree about where this machine is: eth0 is on leaf-1 swp1 (R12 U1), eth1 is on leaf-2 swp2 (R12 U2); the order says R12 U9. Correct the cables or the cabling table.',
    ]],
    ['on a switch port that the table has twice', { cables: [...cables, cable('leaf-1 swp1', 'U7', { switch: 'chassis of leaf-1' })], nics: [...good, nic('eth2', null)], ordered: at('U2') }, [
      'mismatch block: Port eth1 is on leaf-2 swp1, which the cabling table has in rack R12 slot U1; the order puts this machine into R12 U2: move it or correct the order.',
      'source-conflict block: Port eth0 is on leaf-1 swp1, which the cabling table has twice, in R12 U7 and in R12 U1: delete the wrong row.',
    ]],
    ['with its own two cables swapped', { cables: [cable('leaf-1 swp1', 'U1', { nic: 'eth1' }), cable('leaf-2 swp1', 'U1', { nic: 'eth0' })] }, [
      'mismatch block: Port eth0 is on leaf-1 swp1, where the cabling table has port eth1; eth0 belongs on leaf-2 swp1: swap the cables of this machine.',
      'mismatch block: Port eth1 is on leaf-2 swp1, where the cabling table has port eth0; eth1 belongs on leaf-1 swp1: swap the cables of this machine.',
    ]],
    ['whose row names a port that it does not have', { nics: good.slice(0, 1), cables: [cable('leaf-1 swp1', 'U1', { nic: 'ens1f0' })] }, [
      'unverifiable block: Port eth0 is on leaf-1 swp1, where the cabling table has port ens1f0, which this machine does not report: correct the name in the table.',
    ]],
    ['whose named port is on an unknown switch', { cables: [cable('leaf-1 swp1', 'U1'), cable('leaf-2 swp1', 'U1', { nic: 'eth1' })], nics: [good[0] ?? bareNic, nic('eth1', 'other 3')] }, [
      'mismatch block: Port eth1 is on other 3; the cabling table has it on leaf-2 swp1: correct the cable or the table.',
    ]],
  ])('%s is told so', (_, change, expected) => {
    expect(said(change)).toEqual(expected);
  }); // prettier-ignore

  it('takes what its order leaves open from its cables, and nothing else', () => {
    expect(position({ ordered: noPlace, known: at('U9', 'R1', 'ams') }).place).toEqual(at('U1', 'R12', 'ams'));
    expect(position({ ordered: at(null) }).place).toEqual(at('U1'));
    expect(position({ ordered: at('U2') }).place).toEqual(at('U2'));
    expect(position({ ordered: noPlace, known: at('U9'), nics: [nic('eth0', null)] }).place).toEqual(at('U9'));
  });
});

type Site = {
  readonly cables: readonly Cable[];
  readonly machines: readonly (readonly Nic[])[];
  readonly slots: readonly string[];
};

/** A rack as it is drawn: every server has each of its ports on another switch. */
const site: fc.Arbitrary<Site> = fc
  .record({
    servers: fc.integer({ min: 1, max: 5 }),
    ports: fc.integer({ min: 1, max: 4 }),
    isNamed: fc.boolean(),
    isKnown: fc.boolean(),
  })
  .map(({ servers, ports, isNamed, isKnown }) => {
    const slots = Array.from({ length: servers }, (_, index) => `U${index + 1}`);
    const each = slots.flatMap((slot, server) =>
      Array.from({ length: ports }, (_, port) =>
        cable(`leaf-${port} Ethernet1/${server + 1}`, slot, {
          nic: isNamed ? `eth${port}` : null,
          datacenter: isKnown ? 'ams' : null,
        }),
      ),
    );
    const machines = slots.map((_, server) =>
      Array.from({ length: ports }, (__, port) => nic(`eth${port}`, `leaf-${port} Eth1/${server + 1}`)),
    );
    return { cables: each, machines, slots };
  });
const index = fc.nat({ max: 1000 });

describe('a rack that is cabled as the table says', () => {
  it('has no finding, whether or not the order names places', () => {
    fc.assert(
      fc.property(site, index, fc.boolean(), ({ cables: rows, machines, slots }, which, isOrdered) => {
        const server = which % machines.length;
        const ordered = isOrdered ? at(slots[server] ?? null) : noPlace;
        const found = positionOf({ nics: machines[server] ?? [], isComplete: true, ordered, known: noPlace, cables: rows });
        expect(found.findings).toEqual([]);
        expect(found.place).toMatchObject({ rack: 'R12', slot: slots[server] });
        expect(found.ports.every(({ verdict }) => verdict === 'right')).toBe(true);
      }),
    );
  });

  it('has a finding as soon as one cable is pulled, moved or taken to another switch', () => {
    fc.assert(
      fc.property(site, index, index, fc.constantFrom('pulled', 'elsewhere', 'deaf', 'next'), (...[{ cables: rows, machines, slots }, which, port, fault]) => {
        const server = which % machines.length;
        const nics = [...(machines[server] ?? [])];
        const broken = port % nics.length;
        const heard = { pulled: null, elsewhere: 'strange-1 7', deaf: null, next: `leaf-${broken} Eth1/${((server + 1) % machines.length) + 1}` }[fault];
        fc.pre(fault !== 'next' || machines.length > 1);
        nics[broken] = nic(`eth${broken}`, heard, { linkUp: fault !== 'pulled' });
        const found = positionOf({ nics, isComplete: true, ordered: at(slots[server] ?? null), known: noPlace, cables: rows });
        expect(found.findings.some(({ severity }) => severity === 'block')).toBe(true);
      }),
    );
  });

  it('is judged the same in whatever order ports and rows are listed', () => {
    const shuffled = site.chain((made) => fc.record({
      made: fc.constant(made),
      rows: fc.shuffledSubarray([...made.cables], { minLength: made.cables.length }),
      order: fc.shuffledSubarray((made.machines[0] ?? []).map((_, at0) => at0), { minLength: made.machines[0]?.length ?? 0 }),
      heard: fc.array(fc.oneof(fc.constant(null), fc.tuple(fc.nat(4), fc.nat(5)).map(([a, b]) => `leaf-${a} Eth1/${b}`)), { minLength: 4, maxLength: 4 }),
      isOrdered: fc.boolean(),
    }));
    fc.assert(
      fc.property(shuffled, ({ made, rows, order, heard, isOrdered }) => {
        const nics = (made.machines[0] ?? []).map(({ name }, port) => nic(name, heard[port] ?? null));
        const common = { isComplete: true, ordered: isOrdered ? at('U1') : noPlace, known: noPlace };
        const permuted = order.flatMap((port) => nics[port] ?? []);
        const one = positionOf({ ...common, nics, cables: made.cables });
        const other = positionOf({ ...common, nics: permuted, cables: rows });
        expect(other).toEqual(one);
        for (const { sentence } of one.findings) expect(sentence.length).toBeLessThanOrEqual(300);
      }),
    );
  });
}); // prettier-ignore
