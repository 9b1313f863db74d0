// Where machines stand, with real controller and agent code: switches speak, the cabling table and the order say where the
// machine belongs, and whoever moves the cable or corrects the table sees it pass.
import { stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Nic } from '../../shared/hardware/inventory.ts';
import { bareNic } from '../fixtures/parts.ts';
import { createMachine, machineSpec, type Machine } from './machine.ts';
import { assetInState, furnish, startTestRegion, waitUntil, type Region } from './region.ts';

let region: Region;

const place = (slot: string, rack = 'R12') => ({ rack, slot });
const ordered: Readonly<Record<string, object>> = {
  P1: place('U20'),
  P2: place('U30'),
  P3: {},
  P4: place('U40'),
  P5: place('U50'),
};
const twins: Readonly<Record<string, object>> = { T1: place('U1'), T2: place('U2') };
const table = [
  'switch,port,rack,slot',
  'leaf-1,swp9,R12,U20',
  'leaf-1,swp10,R12,U22',
  'leaf-1,swp11,R12,U31',
  'leaf-1,swp12,R12,U40',
  'leaf-1,swp13,R12,U50',
  'leaf-1,swp1,R12,U1',
  'leaf-1,swp2,R12,U2',
  'leaf-2,Ethernet1/1,R12,U1',
  'leaf-2,Ethernet1/2,R12,U2',
].join('\n');

beforeAll(async () => {
  region = await startTestRegion();
  await furnish(region, ['P0'], machineSpec);
  const ada = region.client('ada');
  await ada.call('class.create', { name: 'two', spec: { ...machineSpec, nics: [{ count: 2, linksUp: 2 }] } });
  await ada.call('po.import', { fileName: 'p.yaml', text: orderWith('PO-P', 'small@1', ordered) });
  await ada.call('po.import', { fileName: 't.yaml', text: orderWith('PO-T', 'two@1', twins) });
  expect(await importTable(table, 'replace')).toMatchObject({ added: 9, rows: 9, switches: ['leaf-1', 'leaf-2'] });
});
afterAll(async () => region[Symbol.asyncDispose]());

function orderWith(number: string, machineClass: string, places: Readonly<Record<string, object>>): string {
  const serials = Object.keys(places);
  const servers = serials.map((serial) => ({ serial, name: `srv-${serial.toLowerCase()}`, ...places[serial] }));
  return stringify({
    number,
    vendor: 'Acme',
    currency: 'EUR',
    lines: [{ line: 1, class: machineClass, quantity: serials.length, unitPrice: '10.00' }],
    deliveries: [{ delivery: 1, line: 1, servers }],
    invoices: [
      {
        number: `INV-${number}`,
        total: `${serials.length * 10}.00`,
        lines: [{ line: 1, unitPrice: '10.00', serials }],
      },
    ],
  });
}

const importTable = (text: string, mode: 'replace' | 'add' = 'add') =>
  region.client('ada').call('cabling.import', { fileName: 'cabling.csv', text, mode });
const on = (system: string, port: string): Nic['neighbour'] => ({
  system,
  chassis: `${system}-c`,
  port,
  portDescription: null,
});

function cable(machine: Machine, neighbours: readonly Nic['neighbour'][], neighboursComplete = true): void {
  const nics = neighbours.map((neighbour, index) => ({
    ...bareNic,
    name: `eth${index}`,
    mac: index === 0 ? machine.mac : machine.mac.replace('bb:00', `bb:0${index}`),
    linkUp: true,
    speedMbps: 1000,
    neighbour,
  }));
  machine.inventory = { ...machine.inventory, nics, neighboursComplete };
}

const sentences = async (asset: string): Promise<string[]> =>
  (await assetInState(region, asset, 'QUARANTINED')).findings.map(({ sentence }) => sentence);
const inspect = (asset: string) => region.client('mia').call('asset.inspect', { asset });
const check = async (asset: string) => {
  const { items } = await region.client('vic').call('cabling.check', { asset });
  return items[0];
};

describe('a machine', () => {
  it('in the wrong slot is quarantined, is a SPARE once its cable is moved, and is left alone in production', async () => {
    await using machine = createMachine(region, 'P1');
    cable(machine, [on('leaf-1', 'swp10')]);
    await machine.boot();
    expect(await sentences('P1')).toEqual([
      'Port eth0 is on leaf-1 swp10, which the cabling table has in rack R12 slot U22; the order puts this machine into R12 U20: move it or correct the order.',
    ]);
    expect(await check('P1')).toMatchObject({
      ordered: { rack: 'R12', slot: 'U20' },
      ports: [{ nic: 'eth0', heard: { switch: 'leaf-1', port: 'swp10' }, cabled: { slot: 'U22' }, verdict: 'wrong' }],
    });

    cable(machine, [on('leaf-1', 'swp9')]);
    await inspect('P1');
    expect(await assetInState(region, 'P1', 'SPARE')).toMatchObject({ rack: 'R12', slot: 'U20', findings: [] });

    const change = await region
      .client('mia')
      .call('asset.provision', { assets: ['P1'], image: 'test-os', project: 'payments', reason: 'a test needs it' });
    await region.client('cho').call('change.approve', { change: change.id, payloadSha256: change.payloadSha256 });
    await assetInState(region, 'P1', 'BAREMETAL');
    const done = await importTable('switch,port,rack,slot\nleaf-1,swp9,R12,U21\n');
    expect(done).toMatchObject({ changed: 1, reinspected: 0, differing: ['srv-p1'] });
    expect(await region.client('vic').call('asset.get', { asset: 'P1' })).toMatchObject({
      state: 'BAREMETAL',
      slot: 'U20',
    });
    expect((await check('P1'))?.findings.map(({ rule }) => rule)).toEqual(['cabling-place']);
    const { items } = await region.client('vic').call('event.list', {});
    expect(
      items.map(({ text }) => text).filter((text) => text.startsWith('srv-p1 differs from the cabling table')),
    ).toHaveLength(1);
  });

  it('whose row is wrong is inspected again when the table is corrected, without anybody touching it', async () => {
    await using machine = createMachine(region, 'P2');
    cable(machine, [on('leaf-1.ams-1.example.net', 'SWP11')]);
    await machine.boot();
    expect((await sentences('P2')).join()).toMatch(
      /has in rack R12 slot U31; the order puts this machine into R12 U30/,
    );
    const done = await importTable('switch,port,rack,slot\nleaf-1,swp11,R12,U30\n');
    expect(done).toMatchObject({ added: 0, changed: 1, removed: 0, reinspected: 1, differing: [] });
    expect((await assetInState(region, 'P2', 'SPARE')).findings).toEqual([]);
  });

  it('on a port that the table does not have is warned of, and takes its place from the table once it has', async () => {
    await using machine = createMachine(region, 'P3');
    cable(machine, [on('leaf-1', 'swp99')]);
    await machine.boot();
    const spare = await assetInState(region, 'P3', 'SPARE');
    expect(spare).toMatchObject({ rack: null, slot: null });
    expect(spare.findings.map(({ kind, severity, sentence }) => [kind, severity, sentence])).toEqual([
      [
        'unverifiable',
        'warn',
        'Port eth0 is on leaf-1 swp99, which is not in the cabling table: add it, or correct the cable.',
      ],
    ]);
    expect(await importTable('switch,port,rack,slot\nleaf-1,swp99,R13,U1\n')).toMatchObject({
      added: 1,
      reinspected: 1,
    });
    const placed = await waitUntil(async () => {
      const asset = await region.client('vic').call('asset.get', { asset: 'P3' });
      return asset.state === 'SPARE' && asset.rack !== null && asset;
    });
    expect(placed).toMatchObject({ rack: 'R13', slot: 'U1', findings: [] });
  });

  it('that hears nothing where the table has cables does not pass', async () => {
    await using machine = createMachine(region, 'P4');
    cable(machine, [null]);
    await machine.boot();
    expect(await sentences('P4')).toEqual([
      'No port hears a switch (LLDP), so nothing says whether this machine is in R12 U40: look at its cables and at LLDP on the switches.',
    ]);
  });

  it('that has not listened long enough is waited for, not quarantined', async () => {
    await using machine = createMachine(region, 'P5');
    cable(machine, [null], false);
    await machine.boot();
    await assetInState(region, 'P5', 'INSPECTING');
    cable(machine, [on('leaf-1', 'swp13')]);
    await machine.restartAgent();
    expect((await assetInState(region, 'P5', 'SPARE', 'QUARANTINED')).findings).toEqual([]);
    const { items } = await region.client('vic').call('asset.timeline', { asset: 'P5' });
    expect(items.map(({ event }) => event)).not.toContain('quarantined');
  });
});

it('two machines whose cables are crossed are both told which port belongs where', async () => {
  await using one = createMachine(region, 'T1');
  await using two = createMachine(region, 'T2');
  cable(one, [on('leaf-1', 'swp1'), on('leaf-2', 'Eth1/2')]);
  cable(two, [on('leaf-1', 'swp2'), on('leaf-2', 'Eth1/1')]);
  await Promise.all([one.boot(), two.boot()]);
  expect(await sentences('T1')).toEqual([
    "Port eth1 is on leaf-2 Eth1/2, which the cabling table has for R12 U2; it belongs on leaf-2 Ethernet1/1: two machines' cables may be crossed.",
  ]);
  expect(await sentences('T2')).toEqual([
    "Port eth1 is on leaf-2 Eth1/1, which the cabling table has for R12 U1; it belongs on leaf-2 Ethernet1/2: two machines' cables may be crossed.",
  ]);
  cable(one, [on('leaf-1', 'swp1'), on('leaf-2', 'Eth1/1')]);
  cable(two, [on('leaf-1', 'swp2'), on('leaf-2', 'Eth1/2')]);
  await inspect('T1');
  await inspect('T2');
  expect((await assetInState(region, 'T1', 'SPARE')).findings).toEqual([]);
  expect((await assetInState(region, 'T2', 'SPARE')).findings).toEqual([]);
});

it('the table is refused as a whole with the line of every problem, and only an admin changes it', async () => {
  const text = 'switch,port,rack,slot\nleaf-7,Eth1/1,R1,U1\nLEAF-7,Ethernet1/1,R1,U2\nleaf-7,Eth1/2,,U3\n';
  const before = await region.client('vic').call('cabling.list', {});
  await expect(importTable(text)).rejects.toMatchObject({
    code: 'invalid_argument',
    issues: [{ path: 'cabling.csv:4', message: "field 'rack' is missing" }],
  });
  await expect(importTable(text.replace('Eth1/2,,', 'Eth1/2,R1,'))).rejects.toMatchObject({
    issues: [{ path: 'cabling.csv:3:port', message: 'LEAF-7 Ethernet1/1 is there twice, first at cabling.csv:2:port' }],
  });
  expect(await region.client('vic').call('cabling.list', {})).toEqual(before);
  await expect(region.client('mia').call('cabling.delete', { switch: 'leaf-1' })).rejects.toMatchObject({
    code: 'permission_denied',
  });
  await expect(region.client('ada').call('cabling.delete', { switch: 'leaf-7' })).rejects.toMatchObject({
    code: 'not_found',
  });
});
