// Burn-ins on demand, of simulated machines under a real controller: watched, ended, cut off, killed in the middle, and
// judged.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { burnInsOf } from './burn-ins.ts';
import { createMachine, machineSpec, type Machine } from './machine.ts';
import { assetInState, furnish, startTestRegion, waitUntil, type Region } from './region.ts';

let region: Region;
const { begin, ended, running, ofAsset, until, wasInState } = burnInsOf(() => region);

beforeAll(async () => {
  region = await startTestRegion({ burnInExtraMs: 60_000 });
  await furnish(region, ['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7'], machineSpec);
});
afterAll(async () => region[Symbol.asyncDispose]());

async function spare(serial: string): Promise<Machine> {
  const machine = createMachine(region, serial);
  await machine.boot();
  await assetInState(region, serial, 'SPARE');
  return machine;
}

/** Long enough for something to happen in the middle. */
const someSeconds = 0.06;

const timesRun = (machine: Machine): number =>
  machine.log.filter((line) => line.startsWith('running burn-in (')).length;

describe('a burn-in on demand', () => {
  it('tells how far it is and what it found, and the SPARE is a SPARE afterwards', async () => {
    await using machine = await spare('B1');
    const begun = await begin('B1');
    expect(begun).toMatchObject({ state: 'running', profile: 'intake', askedBy: 'mia', asset: 'srv-b1', peer: null });
    expect(await region.client('vic').call('asset.get', { asset: 'B1' })).toMatchObject({ operationId: begun.id });
    const seen = await running(begun.id);
    expect(seen).toMatchObject({ progress: { rounds: 1 }, report: null });
    const done = await ended(begun.id);
    // Nothing failed; the disk is a file, which counts no errors.
    expect(done).toMatchObject({ state: 'unverifiable', progress: null });
    expect(done.message).toMatch(/^intake burn-in: 6 passed/);
    expect(done.report?.figures['diskReadBytesPerSecond:DISK-B1']).toBeGreaterThan(0);
    const operation = await region.client('vic').call('operation.get', { operation: begun.id });
    expect(operation).toMatchObject({
      kind: 'asset.burn-in',
      state: 'succeeded',
      changeId: null,
      progressPercent: 100,
    });
    expect(operation.steps.map(({ name, state }) => `${name} ${state}`)).toEqual(
      ['cpu', 'memory', 'disk-read', 'network', 'counters'].map((name) => `${name} done`),
    );
    const asset = await assetInState(region, 'B1', 'SPARE');
    expect(asset).toMatchObject({ operationId: null });
    expect(asset.findings.map(({ rule, severity }) => [rule, severity])).toEqual([['burn-in-counters', 'warn']]);
    expect(timesRun(machine)).toBe(1);
  });

  it('ends when it is told to, with what it found so far, and changes nothing', async () => {
    await using machine = await spare('B2');
    const { id } = await begin('B2', 1);
    await running(id);
    expect(await region.client('vic').call('operation.get', { operation: id })).toMatchObject({ mayCancel: true });
    await region.client('mia').call('burn-in.cancel', { burnIn: 'srv-b2' });
    const done = await ended(id);
    expect(done).toMatchObject({ state: 'cancelled', message: 'ended by mia' });
    expect(done.report?.results.map(({ outcome }) => outcome)).toContain('cancelled');
    expect(await region.client('vic').call('operation.get', { operation: id })).toMatchObject({ state: 'cancelled' });
    expect(await assetInState(region, 'B2', 'SPARE')).toMatchObject({ operationId: null, findings: [] });
    await expect(region.client('mia').call('burn-in.cancel', { burnIn: id })).rejects.toThrow(
      /does not run: it is cancelled/,
    );
    expect(timesRun(machine)).toBe(1);
  });

  it('goes on while the link is cut', async () => {
    await using machine = await spare('B3');
    const { id } = await begin('B3', someSeconds);
    await running(id);
    region.freeze();
    await waitUntil(() => Promise.resolve(machine.log.some((line) => line.startsWith('link closed'))));
    region.thaw();
    expect(await ended(id)).toMatchObject({ state: 'unverifiable' });
    expect(timesRun(machine)).toBe(1);
    await assetInState(region, 'B3', 'SPARE');
  });

  it('goes on when the controller is killed in the middle, and is judged by the next one', async () => {
    await using machine = await spare('B4');
    const { id } = await begin('B4', someSeconds);
    await running(id);
    await region.kill();
    await region.start();
    // In memory only, and told again.
    await running(id);
    expect(await ended(id)).toMatchObject({ state: 'unverifiable' });
    expect(timesRun(machine)).toBe(1);
    await assetInState(region, 'B4', 'SPARE');
    expect((await region.client('ada').call('audit.verify', {})).ok).toBe(true);
  });

  it('keeps a machine out that fails it, says which part, and lets it in again after a good one', async () => {
    await using machine = await spare('B5');
    const { id } = await begin('B5');
    // It has read its counters by then.
    await until(id, ({ progress }) => progress !== null && progress.test !== 'cpu');
    machine.memoryErrors(1);
    const done = await ended(id);
    expect(done.state).toBe('failed');
    expect(done.message).toContain('DIMM A1');
    const quarantined = await assetInState(region, 'B5', 'QUARANTINED');
    expect(quarantined.findings.filter(({ severity }) => severity === 'block')).toMatchObject([
      { rule: 'burn-in-counters', kind: 'degraded', path: 'burn-in/DIMM A1', sentence: done.message },
    ]);
    expect(quarantined.stateReason).toBe(done.message);
    const operation = await region.client('vic').call('operation.get', { operation: id });
    expect(operation).toMatchObject({ state: 'failed', error: done.message });
    // Another inspection of the same boot does not forgive it.
    await region.client('mia').call('asset.inspect', { asset: 'B5' });
    await wasInState('B5', 'QUARANTINED', 2);
    const second = await begin('B5');
    expect(await ended(second.id)).toMatchObject({ state: 'unverifiable' });
    await assetInState(region, 'B5', 'SPARE');
  });

  it('is over when the machine boots again in the middle', async () => {
    await using machine = await spare('B6');
    const { id } = await begin('B6', 1);
    await running(id);
    await machine.boot();
    const done = await ended(id);
    expect(done).toMatchObject({ state: 'interrupted', message: 'the machine booted again in the middle of it' });
    // No burn-in is asked of this class, so none is missing.
    await assetInState(region, 'B6', 'SPARE');
    expect((await ofAsset('B6')).map(({ state }) => state)).toEqual(['interrupted']);
  });
});

describe('a burn-in is refused', () => {
  it('with what to do instead', async () => {
    const mia = region.client('mia');
    await expect(begin('B7')).rejects.toThrow(/srv-b7 is ORDERED: a burn-in runs on machines that wait in PIOUS/);
    await using machine = await spare('B7');
    await expect(begin('B7', 1, 'standard')).rejects.toThrow(/needs the tool image.*burnIn\.tools/);
    await expect(begin('nobody')).rejects.toThrow(/no asset 'nobody'/);
    await expect(mia.call('asset.burn-in', { asset: 'B7', profile: 'intake', peer: 'B7' })).rejects.toThrow(
      /not its own peer/,
    );
    await expect(region.client('vic').call('asset.burn-in', { asset: 'B7', profile: 'intake' })).rejects.toThrow(
      /permission/i,
    );
    const { id } = await begin('B7', 1);
    await expect(begin('B7')).rejects.toThrow(new RegExp(`srv-b7 is busy with ${id}`));
    await expect(
      mia.call('asset.provision', { assets: ['B7'], image: 'test-os', project: 'payments', reason: 'a test' }),
    ).rejects.toThrow(/is busy with/);
    await mia.call('burn-in.cancel', { burnIn: id });
    await ended(id);
    await machine.powerOff();
    await waitUntil(async () => (await mia.call('asset.get', { asset: 'B7' })).presence === 'offline');
    await expect(begin('B7')).rejects.toThrow(/srv-b7 is offline/);
  });
});
