// The API as its callers meet it: who may do what, what is refused and how it says so, and that nothing is done twice.
import { spawnSync } from 'node:child_process';
import { request } from 'node:https';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createClient } from '../../client/sdk/client.ts';
import { operations } from '../../shared/api/operations.ts';
import { createMachine, machineSpec } from './machine.ts';
import { assetInState, furnish, orderText, startTestRegion, type Region } from './region.ts';

let region: Region;
let ca: string;

beforeAll(async () => {
  region = await startTestRegion();
  await furnish(region, ['B1', 'B2'], machineSpec);
  ca = await (await fetch(`${region.bootUrl}/boot/ca.pem`)).text();
});
afterAll(async () => region[Symbol.asyncDispose]());

type Answer = { readonly status: number; readonly type: string; readonly body: Record<string, unknown> };

/** As curl would, over TLS with the region's CA. */
async function http(
  method: string,
  path: string,
  options: { auth?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${region.apiUrl}${path}`,
      {
        method,
        ca,
        ...(options.auth === undefined ? {} : { auth: options.auth }),
        headers: { ...(options.body === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers },
      },
      (response) => {
        readText(response).then((text) => {
          const body: unknown = text.startsWith('{') ? JSON.parse(text) : {};
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'] ?? '',
            body: typeof body === 'object' && body !== null ? { ...body } : {},
          });
        }, reject);
      },
    );
    sent.once('error', reject);
    sent.end(options.body);
  });
}

const as = (person: Parameters<Region['credential']>[0]): string => {
  const { id, secret } = region.credential(person);
  return `${id}:${secret}`;
};

describe('the API', () => {
  it('answers errors as problem+json with a code and what to do', async () => {
    expect(await http('GET', '/v1/assets')).toMatchObject({
      status: 401,
      type: 'application/problem+json; charset=utf-8',
      body: { code: 'unauthenticated' },
    });
    expect(await http('GET', '/v1/assets', { auth: 'crd_x:wrong' })).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
    expect(await http('GET', '/v1/nothing', { auth: as('vic') })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
    expect(await http('GET', '/v1/assets/nobody', { auth: as('vic') })).toMatchObject({
      status: 404,
      body: { detail: "There is no asset 'nobody'. List them: ppec asset list" },
    });
    expect(await http('GET', '/v1/assets?limit=0', { auth: as('vic') })).toMatchObject({
      status: 400,
      body: { code: 'invalid_argument' },
    });
    expect(await http('GET', '/v1/assets?colour=red', { auth: as('vic') })).toMatchObject({ status: 400 });
    expect(await http('POST', '/v1/networks', { auth: as('ada'), body: '{' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_argument' },
    });
    expect(
      await http('POST', '/v1/networks', {
        auth: as('ada'),
        body: JSON.stringify({ name: 'x', kind: 'vm', cidr: '10.0.0.0/24', extra: 1 }),
      }),
    ).toMatchObject({ status: 400 });
    const tooLong = JSON.stringify({ fileName: 'x', text: 'x'.repeat(6_000_000) });
    const refused = await http('POST', '/v1/purchase-orders', { auth: as('ada'), body: tooLong });
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_argument' } });
    expect(refused.body['detail']).toContain('/text');
    // A body beyond all measure is answered or cut off, as the network has it; the API goes on.
    const huge = http('POST', '/v1/purchase-orders', { auth: as('ada'), body: 'x'.repeat(20_000_000) });
    expect(await huge.then(({ status }) => status).catch(() => 400)).toBe(400);
    expect((await http('GET', '/healthz')).status).toBe(200);
  });

  it('serves health, metrics and an OpenAPI document with every operation', async () => {
    expect((await http('GET', '/healthz')).status).toBe(200);
    expect((await http('GET', '/readyz')).status).toBe(200);
    expect((await http('GET', '/metrics')).status).toBe(200);
    expect((await http('GET', '/docs/')).status).toBe(200);
    const { body } = await http('GET', '/openapi.json');
    expect(body['openapi']).toBe('3.1.0');
    const described = [...JSON.stringify(body['paths']).matchAll(/"operationId":"([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(described)).toEqual(new Set([...operations.map(({ id }) => id), 'blob.put']));
  });

  it('does the same request once, whoever repeats it', async () => {
    const body = JSON.stringify({ name: 'vms', kind: 'vm', cidr: '10.60.0.0/24' });
    const headers = { 'idempotency-key': 'key-1' };
    const first = await http('POST', '/v1/networks', { auth: as('ada'), body, headers });
    const second = await http('POST', '/v1/networks', { auth: as('ada'), body, headers });
    expect([first.status, second.body]).toEqual([200, first.body]);
    expect(await http('POST', '/v1/networks', { auth: as('ada'), body })).toMatchObject({
      status: 409,
      body: { code: 'already_exists' },
    });
    const other = JSON.stringify({ name: 'vms2', kind: 'vm', cidr: '10.61.0.0/24' });
    expect(await http('POST', '/v1/networks', { auth: as('ada'), body: other, headers })).toMatchObject({
      status: 400,
    });
    const overlapping = JSON.stringify({ name: 'vms3', kind: 'vm', cidr: '10.60.0.128/25' });
    expect(await http('POST', '/v1/networks', { auth: as('ada'), body: overlapping })).toMatchObject({
      status: 409,
      body: { detail: "10.60.0.128/25 overlaps 10.60.0.0/24 of network 'vms'." },
    });
  });
});

describe('roles', () => {
  it('deny what they do not grant, and the refusal is in the audit', async () => {
    const refused = { code: 'permission_denied' };
    await expect(
      region.client('vic').call('network.create', { name: 'n', kind: 'vm', cidr: '10.70.0.0/24' }),
    ).rejects.toMatchObject(refused);
    await expect(
      region
        .client('cho')
        .call('asset.provision', { assets: ['B1'], image: 'test-os', project: 'p', reason: 'not mine' }),
    ).rejects.toMatchObject(refused);
    await expect(region.client('mia').call('person.create', { name: 'eve' })).rejects.toMatchObject(refused);
    await expect(
      region.client('ada').call('change.approve', { change: 'chg_x', payloadSha256: 'a'.repeat(64) }),
    ).rejects.toMatchObject(refused);
    const { items } = await region.client('ada').call('audit.list', { limit: 1000 });
    expect(
      items.filter(({ outcome }) => outcome === 'refused').map(({ actor, operation }) => `${actor} ${operation}`),
    ).toEqual(
      expect.arrayContaining(['vic network.create', 'cho asset.provision', 'mia person.create', 'ada change.approve']),
    );
  });

  it('give a credential no more rights than its owner, and none once revoked', async () => {
    const max = region.client('max');
    await expect(max.call('credential.create', { label: 'wide', limits: { roles: ['admin'] } })).rejects.toMatchObject({
      code: 'permission_denied',
    });
    const { credential, secret } = await max.call('credential.create', {
      label: 'narrow',
      limits: { roles: ['provisioner'] },
    });
    const narrow = createClient({
      url: `unix:${join(region.dir, 'api.sock')}`,
      credential: { id: credential.id, secret },
    });
    const me = await narrow.call('auth.whoami', {});
    expect(me.permissions).toContain('asset.provision');
    expect(me.permissions).not.toContain('change.approve');
    // Made with the narrow one, it is as narrow.
    const child = await narrow.call('credential.create', { label: 'child' });
    expect(child.credential.limits).toEqual({ roles: ['provisioner'] });
    await max.call('credential.revoke', { credential: credential.id });
    await expect(narrow.call('auth.whoami', {})).rejects.toMatchObject({ code: 'unauthenticated' });
    // Nobody else's credential can be seen or revoked by somebody who is no admin.
    await expect(
      region.client('mia').call('credential.revoke', { credential: child.credential.id }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a purchase order', () => {
  it('with problems names file, line and column of each, and nothing is kept', async () => {
    const text = `${orderText('PO-9', ['B1', 'C1'])}colour: red\n`;
    await expect(region.client('ada').call('po.import', { fileName: 'po9.yaml', text })).rejects.toMatchObject({
      code: 'invalid_argument',
      issues: [{ path: expect.stringMatching(/^po9\.yaml:\d+:\d+$/) as unknown, message: "unknown field 'colour'" }],
    });
    await expect(
      region.client('ada').call('po.import', { fileName: 'po9.yaml', text: orderText('PO-9', ['B1', 'C1']) }),
    ).rejects.toMatchObject({
      issues: [
        {
          path: expect.stringMatching(/^po9\.yaml:\d+:\d+$/) as unknown,
          message: 'serial B1 is already on PO-1 line 1. A serial belongs to one order: remove it here or there',
        },
      ],
    });
    await expect(region.client('vic').call('po.get', { po: 'PO-9' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(region.client('vic').call('asset.get', { asset: 'C1' })).rejects.toMatchObject({ code: 'not_found' });
    const noClass = orderText('PO-9', ['C1']).replace('small@1', 'huge@1');
    await expect(region.client('ada').call('po.import', { fileName: 'po9.yaml', text: noClass })).rejects.toMatchObject(
      {
        issues: [{ message: expect.stringContaining('machine class huge@1 does not exist') as unknown }],
      },
    );
  });

  it('imported twice is one order; with other content it is refused', async () => {
    const text = orderText('PO-8', ['D1']);
    const first = await region.client('ada').call('po.import', { fileName: 'po8.yaml', text });
    const second = await region.client('ada').call('po.import', { fileName: 'po8.yaml', text });
    expect(second.id).toBe(first.id);
    await expect(
      region.client('ada').call('po.import', { fileName: 'po8.yaml', text: orderText('PO-8', ['D2']) }),
    ).rejects.toMatchObject({ code: 'already_exists' });
  });
});

describe('addresses', () => {
  it('run out with a reason, and a new network helps at once', async () => {
    await using small = await startTestRegion();
    const ada = small.client('ada');
    await ada.call('class.create', { name: 'small', spec: machineSpec });
    await ada.call('po.import', { fileName: 'po.yaml', text: orderText('PO-1', ['N1', 'N2']) });
    await ada.call('network.create', { name: 'one', kind: 'production', cidr: '10.20.0.0/30', gateway: '10.20.0.1' });
    await using first = createMachine(small, 'N1');
    await using second = createMachine(small, 'N2');
    await first.boot();
    expect((await assetInState(small, 'N1', 'SPARE')).address).toBe('10.20.0.2');
    await second.boot();
    await expect
      .poll(async () => (await small.client('vic').call('asset.get', { asset: 'N2' })).stateReason, { timeout: 30_000 })
      .toContain('waits for a free production address');
    await ada.call('network.create', { name: 'two', kind: 'production', cidr: '10.21.0.0/30' });
    expect((await assetInState(small, 'N2', 'SPARE')).address).toBe('10.21.0.1');
  });
});

describe('the audit', () => {
  it('shows that an entry was changed behind its back', async () => {
    await using victim = await startTestRegion();
    await victim.client('ada').call('network.create', { name: 'a', kind: 'vm', cidr: '10.1.0.0/24' });
    await victim.client('ada').call('network.create', { name: 'b', kind: 'vm', cidr: '10.2.0.0/24' });
    expect(await victim.client('ada').call('audit.verify', {})).toMatchObject({ ok: true, problem: null });
    await victim.stop();
    const file = new Sqlite(join(victim.dir, 'data/ppec.db'));
    file.prepare("update audit set message = 'nothing happened' where operation = 'network.create'").run();
    file.close();
    const check = spawnSync(
      process.execPath,
      ['controller/main.ts', '--config', join(victim.dir, 'controller.yaml'), 'check'],
      { encoding: 'utf8' },
    );
    expect([check.status, check.stdout]).toEqual([1, expect.stringContaining('was changed')]);
    await victim.start();
    expect(await victim.client('ada').call('audit.verify', {})).toMatchObject({
      ok: false,
      problem: expect.stringContaining('was changed') as unknown,
    });
  });
});
