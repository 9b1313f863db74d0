// Parts, followed by their own serials through real reports: swapped between machines, gone and replaced, and reported by
// two machines at once.
import { afterAll, beforeAll, expect, it } from 'vitest';

import type { Inventory } from '../../shared/hardware/inventory.ts';
import { createMachine, machineSpec, type Machine } from './machine.ts';
import { assetInState, furnish, startTestRegion, waitUntil, type Region } from './region.ts';

let region: Region;
const serials = ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7'];

beforeAll(async () => {
  region = await startTestRegion();
  await furnish(region, serials, machineSpec);
});
afterAll(async () => region[Symbol.asyncDispose]());

const vic = (): ReturnType<Region['client']> => region.client('vic');

/** Two modules with serials of their own. */
function furnished(serial: string): Machine {
  const machine = createMachine(region, serial);
  machine.inventory = withDimms(machine.inventory, [`${serial}-0001`, `${serial}-0002`]);
  return machine;
}

function withDimms(inventory: Inventory, dimmSerials: readonly string[]): Inventory {
  const dimms = inventory.dimms.map((dimm, at) => ({
    ...dimm,
    manufacturer: '00CE00B300CE',
    part: 'M321R4GA3',
    serial: dimmSerials[at] ?? null,
  }));
  return { ...inventory, dimms };
}

async function off(machine: Machine): Promise<void> {
  await machine.powerOff();
  await waitUntil(async () => (await vic().call('asset.get', { asset: machine.serial })).presence === 'offline');
}

async function partLines(asset: string): Promise<string[]> {
  const { items } = await vic().call('asset.timeline', { asset });
  return items.filter(({ event }) => event === 'part').map(({ text }) => text);
}

/** Waits until a part is where it should be, or nowhere. */
async function partIn(part: string, asset: string | null) {
  return waitUntil(async () => {
    const found = await vic().call('part.get', { part });
    return found.asset === asset ? found : false;
  });
}

it('a module that two machines swapped is in the timeline of both, and in its own', async () => {
  await using one = furnished('P1');
  await using two = furnished('P2');
  await Promise.all([one.boot(), two.boot()]);
  await Promise.all([assetInState(region, 'P1', 'SPARE'), assetInState(region, 'P2', 'SPARE')]);
  expect(await partLines('P1')).toEqual(['first seen: 2 DIMMs, 1 disk, 1 port']);
  await Promise.all([off(one), off(two)]);
  one.inventory = withDimms(one.inventory, ['P1-0001', 'P2-0002']);
  two.inventory = withDimms(two.inventory, ['P2-0001', 'P1-0002']);
  await one.boot();
  await partIn('P2-0002', 'srv-p1');
  await two.boot();
  const swapped = await partIn('P1-0002', 'srv-p2');
  expect((await partLines('P1')).slice(1)).toEqual([
    'DIMM A2: Samsung M321R4GA3 SN P1-0002 gone; Samsung M321R4GA3 SN P2-0002 in its place',
    'DIMM A2: Samsung M321R4GA3 SN P2-0002 came from srv-p2, DIMM A2',
    'DIMM A2: Samsung M321R4GA3 SN P1-0002 went to srv-p2, DIMM A2',
  ]);
  expect((await partLines('P2')).slice(1)).toEqual([
    'DIMM A2: Samsung M321R4GA3 SN P2-0002 went to srv-p1, DIMM A2',
    'DIMM A2: Samsung M321R4GA3 SN P1-0002 came from srv-p1, DIMM A2',
  ]);
  expect(swapped.timeline.map(({ text }) => text)).toEqual([
    'first seen in srv-p1, DIMM A2',
    'gone from srv-p1, DIMM A2',
    'replaced by Samsung M321R4GA3 SN P2-0002 in srv-p1, DIMM A2',
    'came to srv-p2, DIMM A2, from srv-p1, DIMM A2',
  ]);
  const parts = await vic().call('asset.parts', { asset: 'P1' });
  expect(parts.here.map(({ kind, slot, serial }) => `${kind} ${slot} ${serial}`)).toEqual([
    'dimm A1 P1-0001', 'dimm A2 P2-0002', 'disk nvme0n1 DISK-P1', `nic eth0 ${one.mac}`,
  ]); // prettier-ignore
  expect(parts.before.map(({ serial, asset }) => [serial, asset])).toEqual([['P1-0002', 'srv-p2']]);
  // Both are what was ordered: neither is held up.
  await Promise.all([assetInState(region, 'P1', 'SPARE'), assetInState(region, 'P2', 'SPARE')]);
});

it('a disk that vanished and went back to its vendor is told as replaced under that reference', async () => {
  await using machine = furnished('P3');
  await machine.boot();
  await assetInState(region, 'P3', 'SPARE');
  await off(machine);
  const whole = machine.inventory;
  machine.inventory = { ...whole, disks: [] };
  await machine.boot();
  expect(await partIn('DISK-P3', null)).toMatchObject({ state: 'gone', lastAsset: 'srv-p3', slot: 'nvme0n1' });
  await assetInState(region, 'P3', 'QUARANTINED');
  const rma = { part: 'DISK-P3', reference: 'RMA-77', reason: 'it does not spin up' };
  await expect(vic().call('part.rma', rma)).rejects.toMatchObject({ code: 'permission_denied' });
  expect(await region.client('mia').call('part.rma', rma)).toMatchObject({ state: 'rma', rma: 'RMA-77' });
  await expect(region.client('mia').call('part.rma', rma)).rejects.toMatchObject({ code: 'already_exists' });
  const { items: audited } = await region.client('ada').call('audit.list', {
    target: (await vic().call('asset.get', { asset: 'P3' })).id,
  });
  expect(audited.map(({ message }) => message)).toContain(
    'M SN DISK-P3 of srv-p3, disk nvme0n1 sent back under RMA-77: it does not spin up',
  );
  await off(machine);
  machine.inventory = { ...machine.inventory, disks: whole.disks.map((disk) => ({ ...disk, serial: 'NEW-P3' })) };
  await machine.boot();
  await assetInState(region, 'P3', 'SPARE');
  expect((await partLines('P3')).slice(1)).toEqual([
    'disk nvme0n1: M SN DISK-P3 gone',
    'disk nvme0n1: M SN DISK-P3 sent back under RMA-77: it does not spin up',
    'disk nvme0n1: M SN DISK-P3 gone; M SN NEW-P3 in its place (RMA-77)',
  ]);
  const { timeline } = await vic().call('part.get', { part: 'NEW-P3' });
  expect(timeline.map(({ text }) => text)).toContain(
    'in the place of M SN DISK-P3, in srv-p3, disk nvme0n1, under RMA-77',
  );
  const { items } = await vic().call('part.list', { state: 'rma', serial: 'disk-' });
  expect(items.map(({ serial }) => serial)).toEqual(['DISK-P3']);
});

it('the serial of a disk in two live machines blocks the one that came later, until the other is off', async () => {
  await using first = furnished('P4');
  await using second = furnished('P5');
  second.inventory = { ...second.inventory, disks: first.inventory.disks };
  await first.boot();
  await assetInState(region, 'P4', 'SPARE');
  await second.boot();
  const blocked = await assetInState(region, 'P5', 'QUARANTINED', 'SPARE');
  expect(blocked.findings.map(({ kind, severity, sentence }) => [kind, severity, sentence])).toEqual([
    [
      'source-conflict',
      'block',
      'The same part is in two machines: M SN DISK-P4 is reported by srv-p4, disk nvme0n1, and by srv-p5, disk nvme0n1.',
    ],
  ]);
  const { items: events } = await vic().call('event.list', { after: 0 });
  expect(events.filter(({ kind }) => kind === 'alert').map(({ text }) => text)).toEqual([
    'srv-p5: disk nvme0n1: M SN DISK-P4 is reported by srv-p4, disk nvme0n1 too',
  ]);
  expect(await vic().call('part.get', { part: 'DISK-P4' })).toMatchObject({ asset: 'srv-p4', alsoIn: ['srv-p5'] });
  expect((await vic().call('asset.get', { asset: 'P4' })).state).toBe('SPARE');
  // Both off, the disk is where it is found.
  await Promise.all([off(first), off(second)]);
  await second.boot();
  await partIn('DISK-P4', 'srv-p5');
  expect((await assetInState(region, 'P5', 'SPARE')).findings).toEqual([]);
});

it('a machine that was not heard, while its disk was found in another one, is asked again when it is back', async () => {
  await using first = furnished('P6');
  await using second = furnished('P7');
  second.inventory = { ...second.inventory, disks: first.inventory.disks };
  await first.boot();
  await assetInState(region, 'P6', 'SPARE');
  await off(first);
  await second.boot();
  await partIn('DISK-P6', 'srv-p7');
  await assetInState(region, 'P7', 'SPARE');
  // The same boot, the same parts: only its link was cut.
  await first.restartAgent();
  const blocked = await assetInState(region, 'P6', 'QUARANTINED');
  expect(blocked.findings.map(({ sentence }) => sentence)).toEqual([
    'The same part is in two machines: M SN DISK-P6 is reported by srv-p7, disk nvme0n1, and by srv-p6, disk nvme0n1.',
  ]);
  expect((await vic().call('asset.get', { asset: 'P7' })).state).toBe('SPARE');
});
