// A class that changes: what it covers is inspected again, what is in production is named and left alone.
import { afterAll, beforeAll, expect, it } from 'vitest';

import { createMachine, machineSpec } from './machine.ts';
import { assetInState, furnish, startTestRegion, waitUntil, type Region } from './region.ts';

let region: Region;

beforeAll(async () => {
  region = await startTestRegion();
  await furnish(region, ['K1', 'K2'], machineSpec);
});
afterAll(async () => region[Symbol.asyncDispose]());

it('inspects the machines of a new version again, and a version that fits lets them pass', async () => {
  await using machine = createMachine(region, 'K1');
  await machine.boot();
  const spare = await assetInState(region, 'K1', 'SPARE');
  const admin = region.client('ada');
  const [name = ''] = (spare.class ?? '').split('@');
  const two = await admin.call('class.create', { name, spec: { ...machineSpec, nics: [{ count: 2 }] } });
  expect(two.version).toBe(2);
  // A version that no order names changes nothing.
  expect((await admin.call('asset.get', { asset: 'K1' })).state).toBe('SPARE');

  const applied = await admin.call('class.apply', { class: `${name}@2` });
  expect(applied).toMatchObject({ class: `${name}@2`, inspected: ['srv-k1'], left: [] });
  const quarantined = await assetInState(region, 'K1', 'QUARANTINED');
  expect(quarantined.findings.map(({ sentence, class: of }) => [sentence, of])).toEqual([
    ['1 network ports found; ordered 2 (PO-1 line 1).', `${name}@2`],
  ]);

  expect(await admin.call('class.apply', { class: `${name}@1`, from: `${name}@2` })).toMatchObject({
    inspected: ['srv-k1'],
  });
  expect((await assetInState(region, 'K1', 'SPARE')).class).toBe(`${name}@1`);
  expect(await admin.call('class.apply', { class: `${name}@1` })).toMatchObject({
    orders: [],
    inspected: [],
    left: [],
  });
});

it('refuses versions that do not exist, and people who may not', async () => {
  const admin = region.client('ada');
  await expect(admin.call('class.apply', { class: 'nothing@1' })).rejects.toMatchObject({ code: 'not_found' });
  const { items } = await admin.call('class.list', {});
  const name = items[0]?.name ?? '';
  await expect(admin.call('class.apply', { class: name, from: name })).rejects.toMatchObject({ code: 'not_found' });
  await expect(region.client('vic').call('class.apply', { class: name })).rejects.toMatchObject({
    code: 'permission_denied',
  });
});

it('leaves an inspection alone when the same machine has only been listened to for longer', async () => {
  await using machine = createMachine(region, 'K2');
  await machine.boot();
  const spare = await assetInState(region, 'K2', 'SPARE');
  const client = region.client('vic');
  machine.inventory = { ...machine.inventory, neighboursComplete: true };
  await machine.restartAgent();
  await waitUntil(async () => {
    const { inventory } = await client.call('asset.inventory', { asset: 'K2' });
    return inventory.neighboursComplete;
  });
  const { items } = await client.call('event.list', {});
  expect(items.filter(({ text }) => text.startsWith('srv-k2 SPARE'))).toHaveLength(1);
  expect(await client.call('asset.get', { asset: 'K2' })).toMatchObject({
    state: 'SPARE',
    stateSince: spare.stateSince,
  });

  // A fact that has changed is another matter.
  const nics = machine.inventory.nics.map((nic) => ({ ...nic, linkUp: false }));
  machine.inventory = { ...machine.inventory, nics };
  await machine.restartAgent();
  expect((await assetInState(region, 'K2', 'QUARANTINED')).findings.map(({ rule }) => rule)).toEqual(['nic-links']);
});
