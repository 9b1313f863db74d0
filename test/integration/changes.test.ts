// Checkers over the network, at once, and with a controller that is killed between an approval and what it allows.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import type { Change } from '../../shared/api/change.ts';
import { weekdays } from '../../shared/api/execution-window.ts';
import { createMachine, machineSpec } from './machine.ts';
import { assetInState, furnish, startTestRegion, waitUntil, type PersonName, type Region } from './region.ts';

let region: Region;
const serials = ['C1', 'C2', 'C3', 'C4', 'C5', 'C6'];

beforeAll(async () => {
  region = await startTestRegion({ phoneHomeMs: 60_000 });
  await furnish(region, serials, machineSpec);
  for (const name of ['ledger', 'night', 'later'])
    await region.client('ada').call('project.create', { name, team: 'ledger' });
});
afterAll(async () => region[Symbol.asyncDispose]());

const ask = (serial: string, project = 'payments'): Promise<Change> =>
  region
    .client('mia')
    .call('asset.provision', { assets: [serial], image: 'test-os', project, reason: 'a test needs it' });
const approve = (person: PersonName, change: Change): Promise<Change> =>
  region.client(person).call('change.approve', { change: change.id, payloadSha256: change.payloadSha256 });
const settledStates = (results: readonly PromiseSettledResult<Change>[]): string[] =>
  results.map((result) => (result.status === 'fulfilled' ? result.value.state : 'error')).toSorted();
const operationsOf = async (change: Change): Promise<number> =>
  (await region.client('vic').call('change.get', { change: change.id })).operationIds.length;

async function setPolicy(policy: object): Promise<void> {
  const input = { verb: 'asset.provision', quorum: 1, reason: 'a test', ...policy };
  const change = await region.client('ada').call('policy.set', input);
  expect((await approve('cho', change)).state).toBe('executed');
}

describe('at once', () => {
  it('two checkers of a change that needs one: one starts it, and it runs once', async () => {
    await using machine = createMachine(region, 'C1');
    await machine.boot();
    await assetInState(region, 'C1', 'SPARE');
    const change = await ask('C1');
    expect(settledStates(await Promise.allSettled([approve('cho', change), approve('max', change)]))).toEqual(['error', 'executed']);
    expect(await operationsOf(change)).toBe(1);
    await assetInState(region, 'C1', 'BAREMETAL');
  }); // prettier-ignore

  it('two checkers of a change that needs two: both count, and it runs once', async () => {
    await setPolicy({ scope: 'project:ledger', quorum: 2 });
    await using machine = createMachine(region, 'C2');
    await machine.boot();
    await assetInState(region, 'C2', 'SPARE');
    const change = await ask('C2', 'ledger');
    expect(change.checkersNeeded).toBe(2);
    const twice = await Promise.allSettled([approve('cho', change), approve('cho', change), approve('cho', change)]);
    expect(settledStates(twice)).toEqual(['error', 'error', 'open']);
    const last = await Promise.allSettled([approve('max', change), approve('max', change)]);
    expect(settledStates(last)).toEqual(['error', 'executed']);
    expect(await operationsOf(change)).toBe(1);
    await assetInState(region, 'C2', 'BAREMETAL');
  });

  it('approved, withdrawn and rejected: one of them, and the machine is as that one says', async () => {
    await using machine = createMachine(region, 'C3');
    await machine.boot();
    await assetInState(region, 'C3', 'SPARE');
    const change = await ask('C3');
    const decided = await Promise.allSettled([
      region.client('mia').call('change.withdraw', { change: change.id }),
      approve('cho', change),
      region.client('max').call('change.reject', { change: change.id, reason: 'not today' }),
    ]);
    expect(settledStates(decided).filter((state) => state === 'error')).toHaveLength(2);
    const { state } = await region.client('vic').call('change.get', { change: change.id });
    expect(await operationsOf(change)).toBe(state === 'executed' ? 1 : 0);
    await assetInState(region, 'C3', state === 'executed' ? 'BAREMETAL' : 'SPARE');
  });

  it('approved while its machine boots again: it runs on the boot that was shown, or not at all', async () => {
    await using machine = createMachine(region, 'C4');
    await machine.boot();
    await assetInState(region, 'C4', 'SPARE');
    const change = await ask('C4');
    const [decided] = await Promise.allSettled([approve('cho', change), machine.boot()]);
    const { state, stateReason } = await region.client('vic').call('change.get', { change: change.id });
    // Either way the machine ends where the one that came first has it.
    expect([decided.status, state]).toEqual(['fulfilled', state === 'executed' ? 'executed' : 'refused']);
    if (state === 'refused') expect(stateReason).toMatch(/booted again|not SPARE|offline/);
    await assetInState(region, 'C4', 'SPARE', 'QUARANTINED', 'BAREMETAL');
  });
});

describe('a controller that is killed between approval and execution', () => {
  it('runs the change when its hours begin, once', async () => {
    await using machine = createMachine(region, 'C5');
    await machine.boot();
    await assetInState(region, 'C5', 'SPARE');
    const opens = new Date(Math.ceil((Date.now() + 10_000) / 60_000) * 60_000);
    const window = {
      days: [weekdays[(opens.getUTCDay() + 6) % 7] ?? 'mon'],
      from: opens.toISOString().slice(11, 16),
      to: '24:00',
    };
    await setPolicy({ scope: 'project:night', window });
    const change = await ask('C5', 'night');
    expect(await approve('cho', change)).toMatchObject({
      state: 'approved',
      operationIds: [],
      runsAt: opens.getTime(),
    });
    await region.kill();
    await waitUntil(() => Promise.resolve(Date.now() >= opens.getTime()), { timeoutMs: 90_000 });
    await region.start();
    await waitUntil(async () => (await operationsOf(change)) === 1, { what: () => 'the change to run' });
    await region.kill();
    await region.start();
    expect(await operationsOf(change)).toBe(1);
    await assetInState(region, 'C5', 'BAREMETAL');
  }, 240_000);

  it('refuses a change that was altered in the database meanwhile', async () => {
    await using machine = createMachine(region, 'C6');
    await machine.boot();
    await assetInState(region, 'C6', 'SPARE');
    const later = weekdays[(new Date().getUTCDay() + 2) % 7] ?? 'mon';
    await setPolicy({ scope: 'project:later', window: { days: [later], from: '00:00', to: '24:00' } });
    const change = await ask('C6', 'later');
    expect((await approve('cho', change)).state).toBe('approved');
    await region.kill();
    const file = new Sqlite(join(region.dir, 'data/ppec.db'));
    file.prepare(`update changes set runs_at = 1, policy = json_set(policy, '$.windows', json('[]')) where id = ?`).run(change.id);
    file.prepare(`update policies set "window" = null`).run();
    file.close();
    await region.start();
    const after = await waitUntil(async () => {
      const seen = await region.client('vic').call('change.get', { change: change.id });
      return seen.state === 'approved' ? false : seen;
    });
    expect(after).toMatchObject({ state: 'refused', stateReason: 'It is not what its hash says it was. File it anew.', operationIds: [] });
    await assetInState(region, 'C6', 'SPARE');
  }); // prettier-ignore
});

describe('webhooks', () => {
  it('are refused where they would reach into the controller’s own network', async () => {
    let hits = 0;
    const server = createServer((_request, response) => {
      hits += 1;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const ada = region.client('ada');
    await expect(ada.call('webhook.create', { name: 'plain', url: `http://127.0.0.1:${port}/` })).rejects.toMatchObject({ code: 'invalid_argument' });
    for (const url of [`https://127.0.0.1:${port}/`, 'https://169.254.169.254/latest/meta-data/']) {
      await expect(ada.call('webhook.create', { name: 'own', url })).rejects.toThrow('cannot be sent there');
    }
    // What a name stands for is known when something is sent.
    await ada.call('webhook.create', { name: 'localhost', url: `https://localhost:${port}/` });
    await ada.call('webhook.test', { webhook: 'localhost' });
    const tried = await waitUntil(async () => {
      const [delivery] = (await ada.call('webhook.deliveries', { webhook: 'localhost' })).items;
      return delivery !== undefined && delivery.attempts > 0 ? delivery : false;
    });
    expect(tried.error).toMatch(/^not sent: /);
    await ada.call('webhook.delete', { webhook: 'localhost' });
    expect(hits).toBe(0);
  }); // prettier-ignore
});
