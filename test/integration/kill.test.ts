// kill -9 of the controller at the steps of a provisioning: started again, it goes on from where it was, and nothing is
// lost or done twice.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Change } from '../../shared/api/change.ts';
import { createMachine, machineSpec, type Machine } from './machine.ts';
import { assetInState, furnish, startTestRegion, type Region } from './region.ts';

let region: Region;
const serials = ['K1', 'K2', 'K3', 'K4', 'K5'];

beforeAll(async () => {
  region = await startTestRegion({ phoneHomeMs: 60_000 });
  await furnish(region, serials, machineSpec);
});
afterAll(async () => region[Symbol.asyncDispose]());

const restart = async (): Promise<void> => {
  await region.kill();
  await region.start();
};
const ask = (serial: string): Promise<Change> =>
  region
    .client('mia')
    .call('asset.provision', { assets: [serial], image: 'test-os', project: 'payments', reason: 'a test needs it' });
const approve = (change: Change): Promise<Change> =>
  region.client('cho').call('change.approve', { change: change.id, payloadSha256: change.payloadSha256 });

type Moment = {
  readonly serial: string;
  readonly arrange: (machine: Machine) => { mounts: () => number };
  readonly between: boolean;
};

const counting = (machine: Machine, at: number): { mounts: () => number } => {
  let mounts = 0;
  machine.onMount = async () => {
    mounts += 1;
    if (mounts === at) await restart();
  };
  return { mounts: () => mounts };
};

describe('a controller that is killed', () => {
  it.each<[string, Moment]>([
    [
      'while a change waits for its checker',
      { serial: 'K1', arrange: (machine) => counting(machine, 0), between: true },
    ],
    ['as soon as it was approved', { serial: 'K2', arrange: (machine) => counting(machine, 0), between: false }],
    ['while the agent writes', { serial: 'K3', arrange: (machine) => counting(machine, 1), between: false }],
    [
      'after kexec, before the new system phones home',
      {
        serial: 'K4',
        arrange: (machine) => {
          machine.onKexec = restart;
          return counting(machine, 0);
        },
        between: false,
      },
    ],
  ])('%s goes on to BAREMETAL, and the disk was written once', async (name, { serial, arrange, between }) => {
    await using machine = createMachine(region, serial);
    const { mounts } = arrange(machine);
    await machine.boot();
    await assetInState(region, serial, 'SPARE');
    const change = await ask(serial);
    if (between) await restart();
    await approve(change);
    if (name === 'as soon as it was approved') await restart();
    const asset = await assetInState(region, serial, 'BAREMETAL', 'QUARANTINED');
    expect(asset).toMatchObject({ state: 'BAREMETAL', project: 'payments' });
    expect(mounts()).toBe(1);
    expect(readFileSync(machine.diskPath).subarray(0, region.image.disk.length).equals(region.image.disk)).toBe(true);
    expect((await region.client('ada').call('audit.verify', {})).ok).toBe(true);
  });

  it('does not declare the machines offline that it could not hear meanwhile', async () => {
    await using machine = createMachine(region, 'K5');
    await machine.boot();
    await assetInState(region, 'K5', 'SPARE');
    await restart();
    const asset = await region.client('vic').call('asset.get', { asset: 'K5' });
    expect(asset).toMatchObject({ state: 'SPARE', presence: 'online' });
  });
});
