// The burn-in that every machine needs before it is a SPARE, where the region or its class asks for one; peers; and what
// writes to disks, which a second person approves.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { BurnIn } from '../../shared/api/burn-in.ts';
import { burnInsOf, shortest } from './burn-ins.ts';
import { createMachine, machineSpec, type Machine } from './machine.ts';
import { assetInState, furnish, orderText, startTestRegion, waitUntil, type Region } from './region.ts';

const statesOf = (burnIns: readonly BurnIn[]): string[] =>
  burnIns.map(({ profile, askedBy, state }) => `${profile} for ${askedBy}: ${state}`);

describe('a region that asks for an intake in every boot', () => {
  let region: Region;
  const { begin, ended, ofAsset, running, until, wasInState } = burnInsOf(() => region);

  beforeAll(async () => {
    region = await startTestRegion({ burnInExtraMs: 60_000 }, { profile: 'intake', timeScale: shortest });
    await furnish(region, ['P1', 'P2', 'P3', 'P4', 'P5', 'P6'], machineSpec);
    await region.client('ada').call('class.create', { name: 'strict', spec: { ...machineSpec, burnIn: { profile: 'standard' } } });
    await region.client('ada').call('po.import', { fileName: 'po.yaml', text: orderText('PO-2', ['S1']).replace('small@1', 'strict@1') });
  }); // prettier-ignore
  afterAll(async () => region[Symbol.asyncDispose]());

  /** The newest of this asset, as soon as its agent tells how far it is. */
  const inTheMiddle = async (serial: string, count: number): Promise<BurnIn> => {
    const newest = await waitUntil(async () => (await ofAsset(serial))[count - 1] ?? false, { tolerant: () => true });
    return running(newest.id);
  };

  it('keeps a machine INSPECTING until it has stood it, once in each boot', async () => {
    await using machine = createMachine(region, 'P1');
    await machine.boot();
    const { id } = await inTheMiddle('P1', 1);
    await waitUntil(async () => {
      const { state, stateReason } = await region.client('vic').call('asset.get', { asset: 'P1' });
      return (
        state === 'INSPECTING' && /^burn-in intake: \d+ %, (cpu|memory|disk-read|network|counters)$/.test(stateReason)
      );
    });
    await assetInState(region, 'P1', 'SPARE');
    expect(await ended(id)).toMatchObject({ askedBy: 'inspection', state: 'unverifiable', timeScale: shortest });
    // Inspected again in the same boot, it is not burnt in again.
    await region.client('mia').call('asset.inspect', { asset: 'P1' });
    await wasInState('P1', 'SPARE', 2);
    expect(statesOf(await ofAsset('P1'))).toEqual(['intake for inspection: unverifiable']);
    await machine.boot();
    await inTheMiddle('P1', 2);
    await assetInState(region, 'P1', 'SPARE');
    expect(await ofAsset('P1')).toHaveLength(2);
  });

  it('keeps a machine out that fails it, until it stands one', async () => {
    await using machine = createMachine(region, 'P2');
    await machine.boot();
    const first = await inTheMiddle('P2', 1);
    // It has read its counters by then.
    await until(first.id, ({ progress }) => progress !== null && progress.test !== 'cpu');
    machine.memoryErrors(3);
    const { findings } = await assetInState(region, 'P2', 'QUARANTINED');
    expect(findings.find(({ severity }) => severity === 'block')?.sentence).toMatch(/DIMM A1/);
    const { id } = await begin('P2');
    await ended(id);
    await assetInState(region, 'P2', 'SPARE');
  });

  it('asks for another one when the machine went away in the middle, and not for a third', async () => {
    await using machine = createMachine(region, 'P3');
    await machine.boot();
    await inTheMiddle('P3', 1);
    await machine.restartAgent();
    await inTheMiddle('P3', 2);
    await machine.boot();
    const quarantined = await assetInState(region, 'P3', 'QUARANTINED');
    expect(quarantined.findings).toMatchObject([{ rule: 'burn-in-interrupted', severity: 'block' }]);
    expect(quarantined.stateReason).toMatch(/ended 2 times without a result, last: the machine booted again/);
    const { id } = await begin('P3');
    await ended(id);
    await assetInState(region, 'P3', 'SPARE');
  }); // prettier-ignore

  it('keeps a machine out whose burn-in somebody ended', async () => {
    await using machine = createMachine(region, 'P4');
    await machine.boot();
    const { id } = await inTheMiddle('P4', 1);
    await region.client('mia').call('burn-in.cancel', { burnIn: id });
    const { findings } = await assetInState(region, 'P4', 'QUARANTINED');
    expect(findings).toMatchObject([
      { rule: 'burn-in-cancelled', sentence: 'Its intake burn-in, which it needs, was ended: ended by mia. Begin it anew: ppec asset burn-in --profile intake.' },
    ]);
    // The next boot asks anew.
    await machine.boot();
    await assetInState(region, 'P4', 'SPARE');
  }); // prettier-ignore

  it('goes on when the controller is killed while it inspects', async () => {
    await using machine = createMachine(region, 'P5');
    await machine.boot();
    await inTheMiddle('P5', 1);
    await region.kill();
    await region.start();
    await assetInState(region, 'P5', 'SPARE');
    expect(statesOf(await ofAsset('P5'))).toEqual(['intake for inspection: unverifiable']);
  });

  it('compares the machines of a class', async () => {
    await using machine = createMachine(region, 'P6');
    await machine.boot();
    await assetInState(region, 'P6', 'SPARE');
    const { items } = await region.client('vic').call('burn-in.peers', { class: 'small' });
    const cpu = items.filter(({ figure }) => figure === 'cpuOpsPerSecond');
    expect(cpu.map(({ asset }) => asset).toSorted()).toEqual(['srv-p1', 'srv-p2', 'srv-p3', 'srv-p4', 'srv-p5', 'srv-p6']);
    // The two on demand were asked for with the same times, so all are each other's peers.
    expect(cpu.map(({ peers, median, percent }) => [peers, typeof median, typeof percent])).toEqual(
      cpu.map(() => [5, 'number', 'number']),
    );
    await expect(region.client('vic').call('burn-in.peers', { class: 'none' })).rejects.toThrow(/no class 'none'/);
  }); // prettier-ignore

  it('says what is missing where a class asks for more than this region can do', async () => {
    await using machine = createMachine(region, 'S1');
    await machine.boot();
    const reason = "waits for its burn-in standard: name the tool image as burnIn.tools in the controller's configuration";
    await waitUntil(async () => (await region.client('vic').call('asset.get', { asset: 'S1' })).stateReason === reason);
    expect(await ofAsset('S1')).toEqual([]);
  }); // prettier-ignore
});

describe('a region with a tool image', () => {
  let region: Region;
  const { ended, ofAsset, running } = burnInsOf(() => region);
  const folder = mkdtempSync(join(tmpdir(), 'ppec-tools-'));
  /** It can be fetched and is what its digest says, and no more: nothing here mounts it. */
  const image = Buffer.alloc(4096, 'no squashfs');

  beforeAll(async () => {
    writeFileSync(join(folder, 'tools.squashfs'), image);
    region = await startTestRegion({}, { profile: 'none', tools: join(folder, 'tools.squashfs') });
    await furnish(region, ['T1', 'T2', 'T3'], machineSpec);
  });
  afterAll(async () => {
    await region[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
  const spare = async (serial: string): Promise<Machine> => {
    const machine = createMachine(region, serial);
    await machine.boot();
    await assetInState(region, serial, 'SPARE');
    return machine;
  };

  it('serves it by its digest, and by no other', async () => {
    const sha256 = createHash('sha256').update(image).digest('hex');
    const response = await fetch(`${region.bootUrl}/boot/tools/${sha256}`);
    expect(Buffer.from(await response.arrayBuffer()).equals(image)).toBe(true);
    expect((await fetch(`${region.bootUrl}/boot/tools/${'0'.repeat(64)}`)).status).toBe(404);
  });

  it('burns in a pair, and keeps a machine out whose loads could not run', async () => {
    await using first = await spare('T1');
    await using second = await spare('T2');
    const input = { asset: 'T1', profile: 'standard', timeScale: shortest, peer: 'T2' } as const;
    const begun = await region.client('mia').call('asset.burn-in', input);
    expect(begun).toMatchObject({ asset: 'srv-t1', peer: 'srv-t2' });
    const server = await ended('srv-t2');
    expect(server).toMatchObject({ asset: 'srv-t2', peer: 'srv-t1', profile: 'standard', state: 'unverifiable' });
    const network = server.report?.results.find(({ test }) => test === 'network');
    // It was told of the other one, and could not measure without its tools.
    expect(network?.sentence).toMatch(/^network: its tools are missing/);
    const { findings } = await assetInState(region, 'T2', 'QUARANTINED');
    const blocking = findings.filter(({ severity }) => severity === 'block').map(({ rule }) => rule);
    expect(blocking).toEqual(['burn-in-cpu', 'burn-in-memory']);
    // The server's side is over in a moment here: the client may not have begun by then.
    expect(['unverifiable', 'interrupted']).toContain((await ended(begun.id)).state);
    await first.powerOff();
    await second.powerOff();
  }); // prettier-ignore

  it('writes to disks only when a second person approved their serials', async () => {
    await using machine = await spare('T3');
    const mia = region.client('mia');
    const change = await mia.call('asset.burn-in-write', { asset: 'T3', profile: 'standard', reason: 'a new disk model' });
    expect(change).toMatchObject({ state: 'open', checkersNeeded: 1 });
    expect(change.effect.filter(({ destructive }) => destructive).map(({ text }) => text)).toEqual([
      expect.stringMatching(/^nvme0n1 {2}SN DISK-T3 {2}.*will be written to, if it is blank$/),
    ]);
    const approve = { change: change.id, payloadSha256: change.payloadSha256 };
    await expect(mia.call('change.approve', approve)).rejects.toThrow();
    const executed = await region.client('cho').call('change.approve', approve);
    const { id } = await running(executed.operationIds[0] ?? '');
    await mia.call('burn-in.cancel', { burnIn: id });
    expect(await ended(id)).toMatchObject({ askedBy: 'mia', profile: 'standard', timeScale: 1, state: 'cancelled' });
    expect(await mia.call('operation.get', { operation: id })).toMatchObject({ changeId: change.id });
    // Approved for one boot: after the next one nobody knows that these are the same disks.
    const { bootId } = await mia.call('asset.get', { asset: 'T3' });
    const stale = await mia.call('asset.burn-in-write', { asset: 'T3', profile: 'standard', reason: 'once more' });
    await machine.boot();
    await waitUntil(async () => (await mia.call('asset.get', { asset: 'T3' })).bootId !== bootId);
    await assetInState(region, 'T3', 'SPARE');
    await region.client('cho').call('change.approve', { change: stale.id, payloadSha256: stale.payloadSha256 }).catch(() => undefined);
    const refused = await mia.call('change.get', { change: stale.id });
    expect(refused.state).toBe('refused');
    expect(refused.stateReason).toMatch(/booted again|not reported|offline/);
    expect(await ofAsset('T3')).toHaveLength(1);
  }); // prettier-ignore
});
