import fc from 'fast-check';
import { expect, it } from 'vitest';

import { bareDisk, bareInventory, bareNic } from '../../test/fixtures/parts.ts';
import { compareWithPeers, measuredOf, type Measured } from './peers.ts';

const cpu = (value: number): Measured => ({ name: 'cpuOpsPerSecond', part: null, model: null, value });
const disk = (part: string, value: number, model = 'M'): Measured => ({
  name: 'diskReadBytesPerSecond',
  part,
  model,
  value,
});
const machines = (...values: number[]): Measured[][] => values.map((value) => [cpu(value)]); // prettier-ignore

it.each<[number, Measured[][], number | null, boolean]>([
  [100, machines(), null, false],
  [1, machines(100, 100), null, false],
  [100, machines(100, 100, 100), 100, false],
  [95, machines(100, 100, 100), 100, false],
  [94.9, machines(100, 100, 100), 100, true],
  [300, machines(100, 100, 100), 100, false],
  // One odd peer moves no median, and of an even number the middle counts.
  [100, machines(1, 100, 100), 100, false],
  [90, machines(80, 90, 100, 110), 95, true],
  [0, machines(0, 0, 0), null, false],
])('%d beside %j: median %s, low %s', (...[value, peers, median, isLow]) => {
  expect(compareWithPeers([cpu(value)], peers)).toMatchObject([{ value, median, isLow }]);
});

it('compares a disk with disks of its model, up to ten percent, and each machine counts once', () => {
  const peers = [1, 2, 3].map((at) => [
    disk(`A${at}`, 100),
    disk(`B${at}`, 100),
    ...(at === 1 ? Array.from({ length: 8 }, (_, bay) => disk(`C${bay}`, 1, 'slow')) : []),
  ]);
  const own = [disk('X', 91), disk('Y', 89), disk('Z', 1, 'slow'), disk('W', 5, 'unknown')];
  expect(compareWithPeers(own, peers).map(({ part, peers: count, isLow }) => [part, count, isLow])).toEqual([
    ['X', 3, false],
    ['Y', 3, true],
    ['Z', 1, false],
    ['W', 0, false],
  ]);
});

const values = fc.double({ min: 0.001, max: 1e12, noNaN: true });
const fleets = fc.array(fc.array(fc.tuple(fc.constantFrom('a', 'b'), values), { maxLength: 4 }), { maxLength: 9 });
const machineOf = (parts: readonly (readonly [string, number])[]): Measured[] =>
  parts.map(([model, value], at) => disk(`${model}${at}`, value, model));

it('does not care in which order the peers come', () => {
  fc.assert(
    fc.property(fleets, fc.array(fc.tuple(fc.constantFrom('a', 'b'), values), { minLength: 1, maxLength: 4 }), (fleet, own) => {
      const peers = fleet.map(machineOf);
      const mine = machineOf(own);
      const expected = compareWithPeers(mine, peers);
      expect(compareWithPeers(mine, peers.toReversed())).toEqual(expected);
      expect(compareWithPeers(mine, [...peers.slice(1), ...peers.slice(0, 1)])).toEqual(expected);
      expect(compareWithPeers(mine, peers.map((peer) => peer.toReversed()))).toEqual(expected);
    }),
  );
}); // prettier-ignore

it('finds nothing in a machine that is like its peers', () => {
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: 9 }), (rates, count) => {
      const machine = rates.map((rate, at) => disk(`S${at}`, rate, `model ${at}`));
      const deviations = compareWithPeers(
        machine,
        Array.from({ length: count }, () => machine),
      );
      expect(deviations.filter(({ isLow }) => isLow)).toEqual([]);
    }),
  );
});

it('takes rates, of disks and ports by their model, and leaves what is no rate', () => {
  const inventory = {
    ...bareInventory,
    disks: [{ ...bareDisk, name: 'nvme0n1', serial: 'S1', model: 'M' }, { ...bareDisk, name: 'sdb', serial: null, model: 'N' }],
    nics: [{ ...bareNic, name: 'eno1', driver: 'ixgbe', maxMbps: 10_000 }],
  };
  const figures = {
    cpuOpsPerSecond: 1, cpuMhz: 2, networkRetransmitCount: 3, 'diskReadBytesPerSecond:S1': 4, 'diskReadBytesPerSecond:sdb': 5,
    'diskReadBytesPerSecond:gone': 6, 'networkSendBitsPerSecond:eno1': 7,
  };
  expect(measuredOf(figures, inventory)).toEqual([
    { name: 'cpuOpsPerSecond', part: null, model: null, value: 1 },
    { name: 'diskReadBytesPerSecond', part: 'S1', model: 'M', value: 4 },
    { name: 'diskReadBytesPerSecond', part: 'sdb', model: 'N', value: 5 },
    { name: 'diskReadBytesPerSecond', part: 'gone', model: null, value: 6 },
    { name: 'networkSendBitsPerSecond', part: 'eno1', model: 'ixgbe 10000', value: 7 },
  ]);
}); // prettier-ignore
