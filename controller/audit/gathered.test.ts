import { expect, it } from 'vitest';

import { memoryAudit, type MemoryAudit } from '../../test/fixtures/memory-audit.ts';
import { systemActor } from '../store/unit-of-work.ts';
import { auditAttempt } from './attempt.ts';
import { createGathered, type Noted } from './gathered.ts';

const mia = { ...systemActor('mia'), id: 'per_1', credentialId: 'crd_1', from: '192.0.2.7', requestId: 'req_1' };
const read = (operation: string, target: string, actor = mia): Noted => ({
  actor,
  operation,
  targets: [target],
  outcome: 'done',
  message: 'read',
});
const limits = { everyMs: 3_600_000, keysMax: 100, attemptsMax: 3 };

const entries = async ({ store }: MemoryAudit) =>
  (await store.db.selectFrom('audit').selectAll().orderBy('seq').execute()).map((row) => [
    row.actor,
    row.credential_id,
    row.operation,
    row.targets,
    row.message,
  ]);

it('writes what was read once, with how often', async () => {
  const audit = await memoryAudit();
  const gathered = createGathered({ ...audit }, limits);
  for (let i = 0; i < 25; i += 1) gathered.count(read('asset.get', 'srv-a'));
  gathered.count(read('asset.get', 'srv-b'));
  gathered.count(read('asset.get', 'srv-b', { ...mia, credentialId: 'crd_2' }));
  expect(await entries(audit)).toEqual([]);
  audit.clock.set(audit.clock.nowMs() + 42_000);
  await gathered.flush();
  expect(await entries(audit)).toEqual([
    ['mia', 'crd_1', 'asset.get', '["srv-a"]', 'read, 25 times in 42 s'],
    ['mia', 'crd_1', 'asset.get', '["srv-b"]', 'read, 1 time in 42 s'],
    ['mia', 'crd_2', 'asset.get', '["srv-b"]', 'read, 1 time in 42 s'],
  ]);
  await gathered.flush();
  expect(await entries(audit)).toHaveLength(3);
});

it('writes by itself after its time', async () => {
  const audit = await memoryAudit();
  const gathered = createGathered({ ...audit }, { ...limits, everyMs: 1 });
  gathered.count(read('asset.get', 'srv-a'));
  await expect.poll(() => entries(audit), { timeout: 30_000 }).toHaveLength(1);
});

it('writes all when it is full, and keeps no more than that', async () => {
  const audit = await memoryAudit();
  const gathered = createGathered({ ...audit }, limits);
  for (let i = 0; i < 250; i += 1) gathered.count(read('asset.get', `srv-${i}`));
  await expect.poll(() => entries(audit), { timeout: 30_000 }).toHaveLength(200);
  await gathered.stop();
  expect(await entries(audit)).toHaveLength(250);
});

it('writes a refusal at once, and its repetitions as a number', async () => {
  const audit = await memoryAudit();
  const gathered = createGathered({ ...audit }, limits);
  const refusal: Noted = { ...read('asset.list', 'x'), outcome: 'refused', message: 'You may not.' };
  for (let i = 0; i < 5; i += 1) await gathered.write(refusal);
  await gathered.write({ ...refusal, message: 'It is not valid.' });
  expect((await entries(audit)).map(([, , , , message]) => message)).toEqual(['You may not.', 'It is not valid.']);
  await gathered.stop();
  expect((await entries(audit)).at(-1)?.[4]).toBe('You may not., 4 more times in 1 s');
});

it('counts attempts of strangers instead of listing all of them, and never keeps their secret', async () => {
  const audit = await memoryAudit();
  const gathered = createGathered({ ...audit }, limits);
  const attempt = auditAttempt(gathered);
  const basic = (id: string, secret: string): string => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  const known = 'crd_01jdaqv1zfe4rs8pnxzqk3wh2d';
  for (let i = 0; i < 20; i += 1) {
    // The secret in the place of the id, too.
    const authorization = i === 0 ? basic(known, 'hunter2-hunter2') : basic('hunter2-hunter2', 'x');
    await attempt({
      operation: 'asset.list',
      authorization,
      from: `192.0.2.${i}`,
      requestId: `req_${i}`,
      message: 'This credential is not valid.',
    });
  }
  await gathered.stop();
  const found = await entries(audit);
  expect(found.map(([actor, credential, , , message]) => [actor, credential, message])).toEqual([
    ['nobody', known, 'This credential is not valid.'],
    ['nobody', null, 'This credential is not valid.'],
    ['nobody', null, 'This credential is not valid.'],
    ['nobody', null, 'more attempts than are listed one by one, 17 times in 1 s'],
  ]);
  expect(JSON.stringify(found)).not.toContain('hunter2');
});
