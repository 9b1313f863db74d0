// The whole way of a machine with real controller and agent code, and what happens when people or machines get it wrong.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Change } from '../../shared/api/change.ts';
import { compare } from '../../shared/inspection/compare.ts';
import { createMachine, machineSpec } from './machine.ts';
import {
  assetInState,
  furnish,
  imageKeyId,
  orderText,
  startTestRegion,
  waitUntil,
  type PersonName,
  type Region,
} from './region.ts';

// Typed as a text: what the matcher stands for.
const containing = (text: string): unknown => expect.stringContaining(text);

let region: Region;
const serials = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'A8', 'A9'];

beforeAll(async () => {
  region = await startTestRegion({ phoneHomeMs: 8000 });
  await furnish(region, serials, machineSpec);
});
afterAll(async () => region[Symbol.asyncDispose]());

const ask = (serial: string): Promise<Change> =>
  region
    .client('mia')
    .call('asset.provision', { assets: [serial], image: 'test-os', project: 'payments', reason: 'a test needs it' });
const approve = (change: Change, person: PersonName = 'cho'): Promise<Change> =>
  region.client(person).call('change.approve', { change: change.id, payloadSha256: change.payloadSha256 });

async function operationEnd(change: Change) {
  const { operationIds } = await region.client('vic').call('change.get', { change: change.id });
  return waitUntil(async () => {
    const operation = await region.client('vic').call('operation.get', { operation: operationIds[0] ?? '' });
    return operation.state === 'running' ? false : operation;
  });
}

describe('a machine', () => {
  it('goes from the rack to production, with a maker and a checker', async () => {
    await using machine = createMachine(region, 'A1');
    await machine.boot();
    const spare = await assetInState(region, 'A1', 'SPARE');
    expect(spare).toMatchObject({
      class: 'small@1',
      address: '10.20.0.2',
      presence: 'online',
      health: 'ok',
      findings: [],
    });

    // What it is makes a class that it meets exactly.
    const { spec } = await region.client('vic').call('class.derive', { asset: 'A1' });
    expect(compare(machine.inventory, { class: 'derived@1', spec })).toEqual([]);
    expect(await region.client('ada').call('class.create', { name: 'derived', spec })).toMatchObject({ version: 1 });

    const change = await ask('A1');
    expect(change).toMatchObject({ state: 'open', checkersNeeded: 1, maker: 'mia' });
    expect(change.effect.map(({ label }) => label)).toEqual(['asset', 'disk', 'image', 'address', 'project']);
    expect(change.effect.find(({ destructive }) => destructive)?.text).toContain('DISK-A1');
    // Nothing has happened to the machine.
    expect(readFileSync(machine.diskPath).every((byte) => byte === 0)).toBe(true);
    expect((await region.client('vic').call('asset.get', { asset: 'A1' })).state).toBe('SPARE');

    await approve(change);
    const asset = await assetInState(region, 'A1', 'BAREMETAL', 'QUARANTINED');
    expect(asset).toMatchObject({
      state: 'BAREMETAL',
      home: 'production',
      project: 'payments',
      team: 'ledger',
      image: 'test-os@1',
      hostname: 'srv-a1',
    });
    const operation = await operationEnd(change);
    expect(operation.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'reinspect done', 'reserve-address done', 'verify-image done', 'write-image done', 'kexec done', 'phone-home done',
    ]); // prettier-ignore
    expect(readFileSync(machine.diskPath).subarray(0, region.image.disk.length).equals(region.image.disk)).toBe(true);
    const { items } = await region.client('vic').call('address.list', { network: 'production' });
    expect(items.find(({ asset: name }) => name === 'srv-a1')?.state).toBe('allocated');
    const verified = await region.client('ada').call('audit.verify', {});
    expect(verified.ok).toBe(true);

    // In production it boots from its disk, whoever asks the network first.
    const script = await (await fetch(`${region.bootUrl}/boot/script?mac=${machine.mac}&serial=A1`)).text();
    expect(script).toContain('exit');
    expect(script).not.toContain('kernel');
  });

  it('that lacks a DIMM and is on no order is quarantined with findings, and its inventory is kept', async () => {
    await using broken = createMachine(region, 'A2');
    const [first] = broken.inventory.dimms;
    broken.inventory = {
      ...broken.inventory,
      dimms: first === undefined ? [] : [first, { ...first, slot: 'A2', populated: false, sizeBytes: null }],
    };
    await using unknown = createMachine(region, 'X1');
    await Promise.all([broken.boot(), unknown.boot()]);
    const asset = await assetInState(region, 'A2', 'QUARANTINED');
    expect(asset.findings.map(({ sentence }) => sentence)).toEqual([
      'DIMM slot A2 is empty; ordered 2 × 1 GiB, found 1 (PO-1 line 1).',
    ]);
    const stranger = await assetInState(region, 'X1', 'QUARANTINED');
    expect(stranger.findings.map(({ kind, sentence }) => [kind, sentence])).toEqual([
      ['not-ordered', 'X1 is on no purchase order or invoice.'],
    ]);
    const { inventory } = await region.client('vic').call('asset.inventory', { asset: 'X1' });
    expect(inventory.identity.serial).toBe('X1');

    // Its order arrives, and it is inspected again without anybody touching it.
    await region.client('ada').call('po.import', { fileName: 'po2.yaml', text: orderText('PO-2', ['X1']) });
    expect(await assetInState(region, 'X1', 'SPARE')).toMatchObject({ purchaseOrder: 'PO-2', name: 'srv-x1' });

    // Repaired, it passes in its next boot.
    broken.inventory = {
      ...broken.inventory,
      dimms: first === undefined ? [] : [first, { ...first, slot: 'A2', handle: 2 }],
    };
    await broken.powerOff();
    await waitUntil(async () => (await region.client('vic').call('asset.get', { asset: 'A2' })).presence === 'offline');
    await broken.boot();
    expect((await assetInState(region, 'A2', 'SPARE')).findings).toEqual([]);
  });
});

describe('a checker', () => {
  it('cannot be the maker, must approve what is shown, and decides once', async () => {
    await using machine = createMachine(region, 'A3');
    await machine.boot();
    await assetInState(region, 'A3', 'SPARE');
    const own = await region
      .client('max')
      .call('asset.provision', { assets: ['A3'], image: 'test-os', project: 'p', reason: 'own change' });
    await expect(approve(own, 'max')).rejects.toMatchObject({
      code: 'permission_denied',
      message: containing('a different person must check it'),
    });
    await expect(
      region.client('cho').call('change.approve', { change: own.id, payloadSha256: 'f'.repeat(64) }),
    ).rejects.toMatchObject({ code: 'conflict' });
    await expect(approve(own, 'mia')).rejects.toMatchObject({ code: 'permission_denied' });
    // A machine that an open change wants is not given to another one.
    await expect(ask('A3')).rejects.toMatchObject({
      code: 'failed_precondition',
      message: containing(own.id),
    });
    const rejected = await region.client('cho').call('change.reject', { change: own.id, reason: 'not today' });
    expect(rejected).toMatchObject({ state: 'rejected', stateReason: 'cho: not today' });
    await expect(approve(own)).rejects.toMatchObject({ code: 'failed_precondition' });
    const { items } = await region.client('ada').call('audit.list', { target: own.id });
    expect(items.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
      'asset.provision filed', 'change.approve refused', 'change.approve refused', 'change.approve refused',
      'change.reject done', 'change.approve refused',
    ]); // prettier-ignore
  });

  it('approves a machine that has changed since: the change is refused, and nothing happens to the machine', async () => {
    await using machine = createMachine(region, 'A4');
    await machine.boot();
    await assetInState(region, 'A4', 'SPARE');
    const change = await ask('A4');
    await machine.powerOff();
    await waitUntil(async () => (await region.client('vic').call('asset.get', { asset: 'A4' })).presence === 'offline');
    expect(await approve(change)).toMatchObject({
      state: 'refused',
      stateReason: containing('is offline'),
    });
    expect((await region.client('vic').call('asset.get', { asset: 'A4' })).state).toBe('SPARE');
  });
});

describe('provisioning', () => {
  it('of an image whose content was damaged leaves the machine a SPARE', async () => {
    await using machine = createMachine(region, 'A5');
    await machine.boot();
    await assetInState(region, 'A5', 'SPARE');
    const path = join(region.dir, 'data/images', region.image.sha256);
    const bytes = readFileSync(path);
    const damaged = Buffer.from(bytes);
    damaged[1000] = (damaged[1000] ?? 0) ^ 1;
    writeFileSync(path, damaged);
    try {
      expect((await region.client('vic').call('image.verify', { image: 'test-os' })).ok).toBe(false);
      const change = await ask('A5');
      await approve(change);
      const operation = await operationEnd(change);
      expect(operation).toMatchObject({ state: 'failed', error: containing('its content has digest') });
      expect(await assetInState(region, 'A5', 'SPARE')).toMatchObject({
        project: null,
        hostname: null,
        operationId: null,
      });
      expect(readFileSync(machine.diskPath).every((byte) => byte === 0)).toBe(true);
    } finally {
      writeFileSync(path, bytes);
    }
  });

  it('whose agent is killed in the middle is indeterminate: quarantined, never run twice', async () => {
    await using machine = createMachine(region, 'A6');
    await machine.boot();
    await assetInState(region, 'A6', 'SPARE');
    let mounts = 0;
    machine.onMount = () => {
      mounts += 1;
      return new Promise<void>(() => undefined);
    };
    const change = await ask('A6');
    await approve(change);
    await waitUntil(() => Promise.resolve(mounts > 0));
    await machine.restartAgent();
    const asset = await assetInState(region, 'A6', 'QUARANTINED');
    expect(asset.stateReason).toContain('does not know how far it came');
    expect(mounts).toBe(1);
  });

  it('whose new system never phones home is quarantined with the console log, and stays so without a wipe', async () => {
    await using machine = createMachine(region, 'A7');
    machine.production = 'dead';
    mkdirSync(region.consoleDir, { recursive: true });
    writeFileSync(join(region.consoleDir, 'A7.log'), 'Kernel panic - not syncing: VFS\n');
    await machine.boot();
    await assetInState(region, 'A7', 'SPARE');
    await approve(await ask('A7'));
    const asset = await assetInState(region, 'A7', 'QUARANTINED');
    expect(asset.stateReason).toContain('never phoned home');
    const { text, keptAt } = await region.client('vic').call('asset.console', { asset: 'A7' });
    expect(text).toContain('Kernel panic');
    expect(keptAt).not.toBeNull();
    await machine.boot();
    await waitUntil(async () =>
      (await region.client('vic').call('asset.get', { asset: 'A7' })).findings.some(({ kind }) => kind === 'not-wiped'),
    );
    expect((await assetInState(region, 'A7', 'QUARANTINED')).stateReason).toContain('may have run on this machine');
  });
});

describe('an image', () => {
  it('is refused with a wrong signature, an unknown key, or content that is not there', async () => {
    const ada = region.client('ada');
    const { manifest, signature } = region.image;
    const other = manifest.replace('"version":"1"', '"version":"2"');
    await expect(ada.call('image.import', { manifest: other, signature, keyId: imageKeyId })).rejects.toMatchObject({
      code: 'failed_precondition',
      message: containing('signature does not verify'),
    });
    await expect(ada.call('image.import', { manifest, signature, keyId: 'nobody' })).rejects.toMatchObject({
      message: containing('not trusted'),
    });
    const absent = manifest.replace(region.image.sha256, 'a'.repeat(64));
    await expect(
      ada.call('image.import', { manifest: absent, signature: region.signImage(absent), keyId: imageKeyId }),
    ).rejects.toMatchObject({ message: containing('not uploaded yet') });
    const blob = join(region.dir, 'wrong.blob');
    writeFileSync(blob, 'something else');
    await expect(ada.uploadBlob('b'.repeat(64), blob, { bytes: 14 })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: containing('has digest'),
    });
    expect(existsSync(join(region.dir, 'data/images', 'b'.repeat(64)))).toBe(false);
  });
});
