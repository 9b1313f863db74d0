import { expect, it } from 'vitest';

import { inventoryReport } from '../../agent/collect/inventory.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { evidenceOf } from '../../test/fixtures/evidence-of.ts';
import { memoryStore } from '../../test/fixtures/memory-store.ts';
import { bareInventory, bareNic } from '../../test/fixtures/parts.ts';
import { writeCabling } from '../store/cabling.ts';
import { inventoryOfReport, storeInventory } from '../store/inventories.ts';
import { systemActor } from '../store/unit-of-work.ts';
import { neighboursDueMs } from './position.ts';

const port = (name: string, linkUp: boolean, isHeard: boolean): Inventory['nics'][number] => ({
  ...bareNic,
  name,
  mac: `52:54:00:00:00:0${name.slice(-1)}`,
  linkUp,
  neighbour: isHeard ? { system: 'leaf-1', chassis: 'c', port: 'swp1', portDescription: null } : null,
});

it.each<[string, { nics: Inventory['nics']; isComplete?: boolean; hasTable?: boolean }, boolean]>([
  ['waits for a port that hears nothing yet', { nics: [port('eth0', true, false)] }, true],
  [
    'waits for a second port that hears nothing yet',
    { nics: [port('eth0', true, true), port('eth1', true, false)] },
    true,
  ],
  ['waits where no port has a link yet', { nics: [port('eth0', false, false)] }, true],
  ['does not wait once it has listened long enough', { nics: [port('eth0', true, false)], isComplete: true }, false],
  ['does not wait once every link is heard', { nics: [port('eth0', true, true), port('eth1', false, false)] }, false],
  ['does not wait where there is no table', { nics: [port('eth0', true, false)], hasTable: false }, false],
  ['does not wait for a machine without ports', { nics: [] }, false],
])('an inspection %s', async (_, { nics, isComplete = false, hasTable = true }, isWaiting) => {
  const { store, addAsset } = await memoryStore();
  const asset = await addAsset({ serial: 'S1', state: 'INSPECTING', state_reason: '' });
  const { report } = inventoryReport(evidenceOf({ ...bareInventory, nics, neighboursComplete: isComplete }));
  await store.write(systemActor('test'), async (uow) => {
    await storeInventory(uow, { assetId: asset.id, bootId: 'b', report, inventory: inventoryOfReport(report) });
    const row = { switch: 'leaf-9', port: '1', datacenter: null, rack: 'R9', slot: 'U1', nic: null, comment: null };
    if (hasTable) await writeCabling(uow, [row], { switches: ['leaf-9'], isWhole: true });
  });
  expect(await neighboursDueMs(store, asset)).toBe(isWaiting ? store.nowMs() + 90_000 : undefined);
});
