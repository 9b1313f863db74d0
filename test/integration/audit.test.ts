// The audit of a whole region: everything that anybody tries is in it, no secret is, and agents hold what proves it.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';

import type { AuditEntry } from '../../shared/api/audit.ts';
import { operations, type AnyOperation } from '../../shared/api/operations.ts';
import { isSecretName } from '../../shared/secrets.ts';
import { exportLines, verifyExport } from '../../client/sdk/audit-export.ts';
import { listAudit } from '../../client/sdk/lists.ts';
import { buildRequest } from '../../client/sdk/request.ts';
import { createMachine, machineSpec } from './machine.ts';
import { assetInState, furnish, startTestRegion, waitUntil, type PersonName, type Region } from './region.ts';

let region: Region;
beforeAll(async () => {
  region = await startTestRegion();
  await furnish(region, ['A1'], machineSpec);
});
afterAll(async () => region[Symbol.asyncDispose]());

/** As this region makes its secrets, and one that no pattern knows. */
const shaped = randomBytes(32).toString('base64url');
const plain = `hunter2-${randomBytes(6).toString('hex')}`;

type Sent = { readonly input: Readonly<Record<string, unknown>>; readonly authorization: string };

function send(operation: AnyOperation, { input, authorization }: Sent): Promise<number> {
  const { method, path, body } = buildRequest(operation, input);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        socketPath: join(region.dir, 'api.sock'),
        method,
        path,
        headers: { authorization, 'content-type': 'application/json' },
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

const basic = (id: string, secret: string): string => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const as = (person: PersonName): string => basic(region.credential(person).id, region.credential(person).secret);

/** The example of an operation, which does not wait for anything, with every member replaced that `put` has a value for. */
function inputOf(operation: AnyOperation, put: (name: string) => unknown): Record<string, unknown> {
  const members: Record<string, unknown> = {
    ...operation.example,
    ...('waitMs' in operation.example ? { waitMs: 0 } : {}),
  };
  const names = new Set([...Object.keys(members), ...Object.keys(operation.input.properties)]);
  for (const name of names) {
    const value = put(name);
    if (value !== undefined) members[name] = value;
  }
  return members;
}

const pathNames = (operation: AnyOperation): (string | undefined)[] =>
  [...operation.path.matchAll(/:([A-Za-z]+)/g)].map(([, name]) => name);

async function entries(): Promise<AuditEntry[]> {
  const all: AuditEntry[] = [];
  for await (const entry of listAudit(region.client('ada'), {})) all.push(entry);
  return all;
}

it('keeps every operation that anybody tries, done or refused, and no secret of it', async () => {
  const seen = new Map<number, number>();
  const tried = async (operation: AnyOperation, sent: Sent): Promise<void> => {
    const status = await send(operation, sent);
    seen.set(status, (seen.get(status) ?? 0) + 1);
    expect(status, operation.id).not.toBe(500);
  };
  for (const operation of operations) {
    const secrets = inputOf(operation, (name) => (isSecretName(name) ? plain : undefined));
    // As it should be, with a secret where none belongs, and with one in the place of a name.
    await tried(operation, { input: secrets, authorization: as('ada') });
    await tried(operation, { input: { ...secrets, password: plain }, authorization: as('mia') });
    const misnamed = inputOf(operation, (name) => (pathNames(operation).includes(name) ? shaped : undefined));
    await tried(operation, { input: misnamed, authorization: as('ada') });
    await tried(operation, { input: secrets, authorization: as('vic') });
    await tried(operation, { input: secrets, authorization: basic(region.credential('ada').id, shaped) });
    await tried(operation, { input: secrets, authorization: `Bearer ${plain}-1234` });
  }
  expect([...seen.keys()]).toEqual(expect.arrayContaining([200, 400, 401, 403, 404]));
  // What was only counted is written when it stops.
  await region.stop();
  await region.start();
  const audit = await entries();
  const by = (credential: string | null) =>
    new Set(audit.filter((entry) => entry.credentialId === credential).map(({ operation }) => operation));
  const everything = operations.map(({ id }) => id);
  expect(everything.filter((id) => !by(region.credential('vic').id).has(id))).toEqual([]);
  expect(everything.filter((id) => !by(region.credential('ada').id).has(id))).toEqual([]);
  const nobody = audit.filter(({ actorId }) => actorId === 'nobody');
  expect(everything.filter((id) => !nobody.some(({ operation }) => operation === id))).toEqual([]);
  expect(nobody.every(({ outcome, requestId }) => outcome === 'refused' && requestId !== null)).toBe(true);
  const invalid = audit.filter(({ message }) => message.includes('is not valid'));
  expect(invalid.length).toBeGreaterThan(operations.length / 2);
  expect(
    audit.some(({ operation, message }) => operation === 'asset.list' && /^read, \d+ times? in \d+ s$/.test(message)),
  ).toBe(true);

  await region.stop();
  const data = join(region.dir, 'data');
  const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const secrets = [plain, shaped, region.credential('ada').secret, region.credential('vic').secret];
  const leaks = [...files.map((file) => join(file.parentPath, file.name)), join(region.dir, 'controller.log')].flatMap(
    (path) => {
      const bytes = readFileSync(path);
      return secrets.filter((secret) => bytes.includes(secret)).map((secret) => `${path} has ${secret}`);
    },
  );
  expect(leaks).toEqual([]);
  expect(files.map(({ name }) => name)).toContain('ppec.db');
  await region.start();
});

it('keeps that a request was repeated, which was done once', async () => {
  const ada = region.client('ada');
  const input = { name: 'twice' };
  const first = await ada.call('person.create', input, { idempotencyKey: 'once-1' });
  expect(await ada.call('person.create', input, { idempotencyKey: 'once-1' })).toEqual(first);
  const found = (await entries()).filter(
    ({ operation, message }) => operation === 'person.create' && /twice|again/.test(message),
  );
  expect(found.map(({ message, outcome }) => [outcome, message])).toEqual([
    ['done', 'twice added'],
    ['done', 'answered again, done once'],
  ]);
});

it('exports what proves itself, and tells what became of each object', async () => {
  const ada = region.client('ada');
  const lines: string[] = [];
  for await (const line of exportLines(ada, {})) lines.push(line);
  const verdict = await verifyExport(lines, { anchors: [], publicKeys: [], isPart: false });
  expect(verdict).toMatchObject({ ok: true, after: 0, region: 'test-1' });
  expect(verdict.signedSeq).toBe(verdict.headSeq);
  expect(await ada.call('audit.verify', {})).toMatchObject({ ok: true });
  const since = (await entries())[10]?.at ?? 0;
  const part: string[] = [];
  for await (const line of exportLines(ada, { from: since })) part.push(line);
  expect(await verifyExport(part, { anchors: [], publicKeys: [], isPart: true })).toMatchObject({ ok: true });

  const made = await ada.call('credential.create', { label: 'one for the test' });
  await ada.call('credential.revoke', { credential: made.credential.id });
  const { items } = await ada.call('changelog.list', { noun: 'credential', name: made.credential.id });
  const fields = items.map(({ field, before, after }) => [field, before, after]);
  expect([fields[0], fields.find(([field]) => field === 'label')]).toEqual([
    ['revoked_at', null, expect.stringMatching(/^\d+$/)],
    ['label', null, 'one for the test'],
  ]);
  expect(items.find(({ field }) => field === 'secret_hash')).toMatchObject({ before: null, after: '(secret)' });
  const network = await ada.call('changelog.list', { noun: 'network', name: 'production', field: 'cidr' });
  expect(network.items).toMatchObject([{ noun: 'network', after: '10.20.0.0/28', actor: 'ada' }]);
  await expect(ada.call('changelog.list', { noun: 'secret', name: 'x' })).rejects.toMatchObject({ code: 'not_found' });
  await expect(region.client('vic').call('changelog.list', { noun: 'person', name: 'ada' })).rejects.toMatchObject({
    code: 'permission_denied',
  });
});

it('answers a machine as it was', async () => {
  await using machine = createMachine(region, 'A1');
  const ordered = await region.client('vic').call('asset.get', { asset: 'A1' });
  await machine.boot();
  const spare = await assetInState(region, 'A1', 'SPARE');
  const at = (ms: number) => region.client('vic').call('asset.get', { asset: 'A1', at: ms });
  const then = await at(ordered.stateSince);
  expect(then).toEqual(ordered);
  expect(await at(spare.stateSince)).toMatchObject({
    state: 'SPARE',
    address: spare.address,
    presence: 'online',
    health: 'ok',
  });
  await expect(at(ordered.createdAt - 1)).rejects.toMatchObject({ code: 'failed_precondition' });
});

it('raises an alert at once when an agent holds a head that the audit contradicts', async () => {
  await using machine = createMachine(region, 'A1');
  await machine.boot();
  await assetInState(region, 'A1', 'SPARE', 'INSPECTING');
  const kept = join(dirname(machine.diskPath), 'run/ppec/audit-heads.json');
  const { head } = await waitUntil(async () => {
    const found = await region.client('ada').call('audit.head', {});
    const isHeld = found.head !== null && existsSync(kept) && readFileSync(kept, 'utf8').includes(found.head.hash);
    return isHeld ? found : false;
  });
  await region.stop();
  // Whoever can write the file takes away the newest entries, and whatever signed them.
  const file = new Sqlite(join(region.dir, 'data/ppec.db'));
  file.prepare('delete from audit where seq > ?').run((head?.seq ?? 0) - 5);
  file.prepare('delete from audit_heads where seq > ?').run((head?.seq ?? 0) - 5);
  file.close();
  await region.start();
  const alert = await waitUntil(async () => {
    const { items } = await region.client('ada').call('event.list', { limit: 1000 });
    return items.find(({ kind, text }) => kind === 'alert' && text.includes('the audit is contradicted')) ?? false;
  });
  expect(alert.text).toMatch(/holds the signed head of entry \d+/);
  expect((await region.client('vic').call('region.get', {})).problems).toMatchObject([{ code: 'audit-contradicted' }]);
});
