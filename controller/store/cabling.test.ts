import { expect, it } from 'vitest';

import type { CablingRow } from '../../shared/api/cabling.ts';
import { bareNic } from '../../test/fixtures/parts.ts';
import { memoryStore, type MemoryStore } from '../../test/fixtures/memory-store.ts';
import {
  assetsConcerned,
  assetsOfRack,
  cablesFor,
  cablingRowsMax,
  keepNeighbours,
  writeCabling,
  type CablingDiff,
} from './cabling.ts';
import { systemActor } from './unit-of-work.ts';

type Row = readonly [port: string, rack: string, slot: string, change?: Partial<CablingRow>];
const row = (...[port, rack, slot, change = {}]: Row): CablingRow => ({
  switch: 'leaf-1', port, datacenter: null, rack, slot, nic: null, comment: null, ...change,
}); // prettier-ignore

const write = ({ store }: MemoryStore, rows: readonly CablingRow[], isWhole = true): Promise<CablingDiff> =>
  store.write(systemActor('test'), (uow) => writeCabling(uow, rows, { switches: ['leaf-1', 'leaf-2.ams'], isWhole }));
const counts = ({ added, changed, removed, unchanged }: CablingDiff): number[] => [
  added.length,
  changed.length,
  removed.length,
  unchanged,
];
const hearing = (system: string, port: string) => ({
  ...bareNic,
  neighbour: { system, chassis: '00:01:30:f9:ad:a0', port, portDescription: null },
});

it('replaces the rows of the switches that are named, or adds to them, and logs each port', async () => {
  const memory = await memoryStore();
  expect(counts(await write(memory, [row('swp1', 'R1', 'U1'), row('swp2', 'R1', 'U2')]))).toEqual([2, 0, 0, 0]);
  expect(counts(await write(memory, [row('SWP2', 'R1', 'U3'), row('swp3', 'R1', 'U4')], false))).toEqual([1, 1, 0, 0]);
  expect(counts(await write(memory, [row('swp3', 'R1', 'U4')]))).toEqual([0, 0, 2, 1]);
  const logged = await memory.store.db
    .selectFrom('changelog')
    .selectAll()
    .where('object_kind', '=', 'cabling')
    .orderBy('seq')
    .execute();
  expect(logged.map(({ object_id, field, before, after }) => [object_id, field, before, after])).toEqual([
    ['leaf-1', 'swp1', null, 'R1 U1'],
    ['leaf-1', 'swp2', null, 'R1 U2'],
    ['leaf-1', 'swp3', null, 'R1 U4'],
    ['leaf-1', 'SWP2', 'R1 U2', 'R1 U3'],
    ['leaf-1', 'swp1', 'R1 U1', null],
    ['leaf-1', 'SWP2', 'R1 U3', null],
  ]);
});

it('refuses a table that grows beyond its limit, and keeps what it had', async () => {
  const memory = await memoryStore();
  const rows = Array.from({ length: cablingRowsMax }, (_, index) => row(`swp${index}`, `R${index % 900}`, 'U1'));
  await write(memory, rows, false);
  await expect(write(memory, [row('more', 'R1', 'U1')], false)).rejects.toMatchObject({ code: 'failed_precondition' });
  expect(counts(await write(memory, [row('swp0', 'R0', 'U1')], false))).toEqual([0, 0, 0, 1]);
});

it('gives a machine the rows of its switches and of every rack in question, whatever names they go by', async () => {
  const memory = await memoryStore();
  await write(memory, [
    row('swp1', 'R1', 'U1'), row('swp9', 'R9', 'U9'), row('eth1/1', 'R1', 'U1', { switch: 'leaf-2.ams' }), row('swp5', 'R5', 'U1'),
  ]); // prettier-ignore
  const portsOf = async (system: string, port: string, rack: string | null): Promise<string[]> => {
    const cables = await cablesFor(memory.store.db, [hearing(system, port)], [{ datacenter: null, rack, slot: null }]);
    return cables.map((cable) => `${cable.switch} ${cable.port}`).toSorted();
  };
  expect(await portsOf('leaf-2', 'Ethernet1/1', null)).toEqual(['leaf-1 swp1', 'leaf-2.ams eth1/1']);
  expect(await portsOf('leaf-2x', 'Ethernet1/1', 'r9')).toEqual(['leaf-1 swp9']);
  expect(await portsOf('other', '1', null)).toEqual([]);
});

it('finds the machines that a changed row concerns: by what they hear, and by where they are', async () => {
  const memory = await memoryStore();
  const made = { state: 'SPARE', state_reason: '' } as const;
  const hears = await memory.addAsset({ ...made, serial: 'HEARS' });
  const stands = await memory.addAsset({ ...made, serial: 'STANDS', rack: 'r1', slot: '2' });
  await memory.addAsset({ ...made, serial: 'BESIDE', rack: 'R1', slot: 'U3' });
  await memory.addAsset({ ...made, serial: 'AWAY', rack: 'R2', slot: 'U2' });
  await memory.store.write(systemActor('test'), (uow) =>
    keepNeighbours(uow, hears.id, [hearing('Leaf-1.ams', 'SWP7')]),
  );
  const concerned = async (diff: CablingDiff): Promise<string[]> =>
    (await assetsConcerned(memory.store.db, diff)).map(({ serial }) => serial).toSorted();
  const rows = ['U2', 'U3', 'U4'].map((slot, index) => row(`swp${index}`, 'R1', slot));
  expect(await concerned(await write(memory, rows))).toEqual(['BESIDE', 'STANDS']);
  expect(await concerned(await write(memory, [row('swp7', 'R8', 'U1')], false))).toEqual(['HEARS']);
  expect(await concerned(await write(memory, [row('swp0', 'R1', 'U2', { nic: 'eth0' })], false))).toEqual(['STANDS']);
  expect(
    await concerned(await write(memory, [row('swp0', 'R1', 'U2', { nic: 'eth0', comment: 'red' })], false)),
  ).toEqual([]);

  const page = { limit: 10, cursor: undefined };
  const inRack = await assetsOfRack(memory.store.db, { datacenter: null, rack: 'R8' }, page);
  expect(inRack.map(({ serial }) => serial)).toEqual(['HEARS']);
  const first = await assetsOfRack(memory.store.db, { datacenter: null, rack: 'r1' }, { ...page, limit: 1 });
  const rest = await assetsOfRack(memory.store.db, { datacenter: null, rack: 'r1' }, { ...page, cursor: first[0]?.id });
  expect([...first, ...rest].map(({ serial }) => serial).toSorted()).toEqual(['BESIDE', 'STANDS']);
  expect(stands.id).not.toBe(hears.id);
});
