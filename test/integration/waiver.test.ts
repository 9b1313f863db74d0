// Waivers: one finding, one asset, a second person, an end. Nothing else lets a machine pass that has a finding.
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { createMachine, machineSpec, type Machine } from './machine.ts';
import { assetInState, furnish, startTestRegion, type Region } from './region.ts';

let region: Region;

beforeAll(async () => {
  region = await startTestRegion();
  await furnish(region, ['W1', 'W2'], machineSpec);
});
afterAll(async () => region[Symbol.asyncDispose]());

function withoutDimm(machine: Machine): void {
  const [first] = machine.inventory.dimms;
  if (first === undefined) throw new Error('a machine has memory');
  const empty = { ...first, slot: 'A2', handle: 2, populated: false, sizeBytes: null };
  machine.inventory = { ...machine.inventory, dimms: [first, empty] };
}

it('lets a machine pass one finding until it ends, when a second person agrees', async () => {
  await using machine = createMachine(region, 'W1');
  withoutDimm(machine);
  await machine.boot();
  const quarantined = await assetInState(region, 'W1', 'QUARANTINED');
  expect(quarantined.findings.map(({ path }) => path)).toEqual(['memory/A2']);
  const wanted = { asset: 'W1', path: 'memory/A2', days: 7, reason: 'the DIMM comes on Monday' };
  await expect(region.client('mia').call('asset.waive', { ...wanted, path: 'disk/none' })).rejects.toMatchObject({
    code: 'failed_precondition',
    message: "srv-w1 has no blocking finding at 'disk/none'. Its findings: memory/A2.",
  });
  const change = await region.client('mia').call('asset.waive', wanted);
  expect(change.effect.map(({ text }) => text)).toContain(
    'DIMM slot A2 is empty; ordered 2 × 1 GiB, found 1 (PO-1 line 1).',
  );
  expect((await region.client('vic').call('asset.get', { asset: 'W1' })).state).toBe('QUARANTINED');
  await region.client('cho').call('change.approve', { change: change.id, payloadSha256: change.payloadSha256 });
  const spare = await assetInState(region, 'W1', 'SPARE');
  expect(
    spare.findings.map(({ severity, sentence }) => [severity, sentence.replace(/\d{4}-\d\d-\d\d/, 'DATE')]),
  ).toEqual([['info', 'Waived until DATE: DIMM slot A2 is empty; ordered 2 × 1 GiB, found 1 (PO-1 line 1).']]);

  // Its time is over: the machine is inspected again and the finding counts.
  await region.stop();
  const file = new Sqlite(join(region.dir, 'data/ppec.db'));
  file.prepare('update waivers set expires_at = created_at + 1').run();
  file.close();
  await region.start();
  expect((await assetInState(region, 'W1', 'QUARANTINED')).findings.map(({ severity }) => severity)).toEqual(['block']);
  const { items } = await region.client('vic').call('waiver.list', { asset: 'W1' });
  expect(items.map(({ path, active }) => [path, active])).toEqual([['memory/A2', false]]);
});

it('is not to be had for a machine that nobody bought', async () => {
  await using machine = createMachine(region, 'W9');
  await machine.boot();
  await assetInState(region, 'W9', 'QUARANTINED');
  await expect(
    region.client('mia').call('asset.waive', { asset: 'W9', path: 'order', days: 1, reason: 'we like it' }),
  ).rejects.toMatchObject({
    code: 'failed_precondition',
    message: 'This finding cannot be waived: W9 is on no purchase order or invoice.',
  });
});
