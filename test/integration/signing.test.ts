// The signer apart from the controller: what happens when it dies, when its key is gone, and when the key is replaced
// while machines are being provisioned.
import { readdirSync, readFileSync, readlinkSync, renameSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { CommandKeys } from '../../shared/api/command-key.ts';
import { createMachine, machineSpec, type Machine } from './machine.ts';
import { assetInState, furnish, startTestRegion, waitUntil, type Region } from './region.ts';

let region: Region;

beforeAll(async () => {
  region = await startTestRegion({ writeImageMs: 120_000 });
  await furnish(region, ['G1', 'G2', 'G3'], machineSpec);
});
afterAll(async () => region[Symbol.asyncDispose]());

const keys = (): string => join(region.dir, 'data/keys');
const keyPath = (): string => join(keys(), 'command-key.pem');

/** The signer of this region, by the folder it was started with. */
function signerPid(): number | undefined {
  const pid = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(keys());
    } catch {
      return false;
    }
  });
  return pid === undefined ? undefined : Number(pid);
}

function killSigner(): number {
  const pid = signerPid();
  if (pid === undefined) throw new Error('no signer runs');
  process.kill(pid, 'SIGKILL');
  return pid;
}

function readiness(): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    get({ socketPath: join(region.dir, 'api.sock'), path: '/readyz' }, (response) => {
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    }).on('error', reject);
  });
}

async function provision(serial: string): Promise<void> {
  const what = { assets: [serial], image: 'test-os', project: 'payments', reason: 'a test needs it' };
  const change = await region.client('mia').call('asset.provision', what);
  await region.client('cho').call('change.approve', { change: change.id, payloadSha256: change.payloadSha256 });
}

const listed = (): Promise<CommandKeys> => region.client('vic').call('command-key.list', {});
const spare = async (serial: string): Promise<Machine> => {
  const machine = createMachine(region, serial);
  await machine.boot();
  await assetInState(region, serial, 'SPARE');
  return machine;
};
const texts = async (): Promise<string[]> =>
  (await region.client('vic').call('event.list', { limit: 1000 })).items.map(({ text }) => text);

describe('the signer', () => {
  it('runs with nothing of the environment, no open port, and no right to start programs', async () => {
    const pid = signerPid();
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe('');
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('--permission\0');
    const inodes = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []);
    const listening = ['tcp', 'tcp6', 'unix'].flatMap((kind) => readFileSync(`/proc/${pid}/net/${kind}`, 'utf8').split('\n')).filter((line) => inodes.some((inode) => line.includes(` ${inode}`)));
    expect(listening.filter((line) => /\b0A\b|\b00010000\b/.test(line))).toEqual([]);
    expect(await readiness()).toEqual({ status: 200, text: '{"status":"ready"}' });
  }); // prettier-ignore

  it('is started again when it dies, and what was asked for is done once', async () => {
    await using machine = await spare('G1');
    const before = killSigner();
    await provision('G1');
    await assetInState(region, 'G1', 'BAREMETAL');
    expect(signerPid()).not.toBe(before);
    expect(machine.log.filter((line) => line.startsWith('running provision'))).toHaveLength(1);
  });

  it('delays commands while its key is gone, says so, and sends them when it is back', async () => {
    await using machine = await spare('G2');
    renameSync(keyPath(), `${keyPath()}.away`);
    killSigner();
    await provision('G2');
    await waitUntil(async () => (await readiness()).status === 503);
    expect((await readiness()).text).toContain('commands are not signed: ');
    await waitUntil(async () => (await texts()).some((text) => text.startsWith('no command is signed, so none is sent: ')));
    await waitUntil(async () => (await listed()).commandsWaiting === 1);
    expect((await listed()).problem).toContain('agents trust command-');
    expect(machine.log.some((line) => line.startsWith('running'))).toBe(false);
    renameSync(`${keyPath()}.away`, keyPath());
    await assetInState(region, 'G2', 'BAREMETAL');
    expect(machine.log.filter((line) => line.startsWith('running provision'))).toHaveLength(1);
    expect((await readiness()).status).toBe(200);
    expect(await texts()).toContain('commands are signed again');
    expect(await listed()).toMatchObject({ problem: null, commandsWaiting: 0 });
  }); // prettier-ignore

  it('has its key replaced: agents hear it on their link, and obey the new key and no longer the old one', async () => {
    await using machine = await spare('G3');
    const before = await listed();
    await expect(region.client('mia').call('command-key.rotate', {})).rejects.toMatchObject({ code: 'permission_denied' });
    const after = await region.client('ada').call('command-key.rotate', { overlapHours: 0 });
    expect(after).toMatchObject({ sequence: before.sequence + 1, keys: [{ signs: true }] });
    expect(after.keys[0]?.keyId).not.toBe(before.keys[0]?.keyId);
    await waitUntil(async () => (await listed()).agentsBehind <= 2);
    expect((await listed()).behind).not.toContain('srv-g3');
    expect(machine.log).toContain(`command keys: list ${after.sequence} is in force`);
    await machine.restartAgent();
    await waitUntil(async () => (await region.client('vic').call('asset.get', { asset: 'G3' })).presence === 'online');
    await provision('G3');
    await assetInState(region, 'G3', 'BAREMETAL');
    expect(machine.log.filter((line) => line.includes('not taken') || line.startsWith('refused'))).toEqual([]);
  }); // prettier-ignore
});
