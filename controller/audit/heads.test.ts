import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { memoryAudit, type MemoryAudit } from '../../test/fixtures/memory-audit.ts';
import { headText, type SignedHead } from '../../shared/audit/head.ts';
import { isSignedByAuditKey, openAuditKey } from '../crypto/audit-key.ts';
import { newestHead } from '../store/audit-archive.ts';
import { headProblem } from './check-head.ts';
import { startHeads, type Heads } from './heads.ts';
import { heldHeads } from './held-heads.ts';
import { verifyAudit } from './verify-audit.ts';

const containing = (text: string): unknown => expect.stringContaining(text);

type Started = { readonly heads: Heads; readonly handed: SignedHead[] };

async function started(audit: MemoryAudit, witnessFile: string | null = null): Promise<Started> {
  const handed: SignedHead[] = [];
  const heads = await startHeads({ ...audit, witnessFile, handOut: (head) => void handed.push(head) });
  const end = await audit.archive.end(audit.store.db);
  heads.appended(end);
  return { heads, handed };
}

/** Sequence numbers, in the order of the lines. */
const witnessed = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(/"seq":(\d+)/g)].map(([, seq = '']) => seq);
const alerts = async ({ store }: MemoryAudit): Promise<string[]> =>
  (await store.db.selectFrom('events').select('text').where('kind', '=', 'alert').orderBy('seq').execute()).map(
    ({ text }) => text,
  );

it('signs where the chain ends, keeps it, hands it out and writes it to the witness', async () => {
  const audit = await memoryAudit();
  const witness = join(audit.folder, 'witness.jsonl');
  await audit.append(5);
  const { heads, handed } = await started(audit, witness);
  await heads.stop();
  const [head] = handed;
  if (head === undefined) throw new Error('a head was handed out');
  expect(handed).toHaveLength(1);
  expect(head).toMatchObject({
    region: 'test-1',
    seq: (await audit.archive.end(audit.store.db)).seq,
    keyId: audit.signer.keyId,
  });
  expect(isSignedByAuditKey(audit.signer.publicKey, headText(head), head.signature)).toBe(true);
  expect(await newestHead(audit.store.db, 'test-1')).toEqual(head);
  expect(JSON.parse(readFileSync(witness, 'utf8'))).toEqual(head);
  expect(await verifyAudit(audit.store.db, audit.archive)).toMatchObject({ ok: true });
});

it('signs nothing twice, and nothing where nothing was appended', async () => {
  const audit = await memoryAudit();
  const { heads, handed } = await started(audit);
  await heads.sign();
  await heads.sign();
  expect(handed).toHaveLength(1);
  await heads.stop();
});

it('signs at once after a thousand entries', async () => {
  const audit = await memoryAudit();
  const { heads, handed } = await started(audit);
  await heads.sign();
  const first = handed[0]?.seq ?? 0;
  heads.appended({ seq: first + 999, hash: 'a'.repeat(64) });
  heads.appended({ seq: first + 1000, hash: 'b'.repeat(64) });
  heads.appended({ seq: first + 1001, hash: 'c'.repeat(64) });
  await heads.stop();
  expect(handed.map(({ seq }) => seq - first)).toEqual([0, 1001]);
});

it('tells of a witness that cannot be written to, and catches up when it can', async () => {
  const audit = await memoryAudit();
  const witness = join(audit.folder, 'mount', 'witness.jsonl');
  const { heads, handed } = await started(audit, witness);
  await heads.sign();
  await audit.append(1);
  heads.appended(await audit.archive.end(audit.store.db));
  await heads.sign();
  expect(audit.problems.list()).toMatchObject([
    { code: 'audit-witness', message: containing('cannot be written: ENOENT') },
  ]);
  expect(await alerts(audit)).toEqual([containing('ALERT: The witness file')]);

  mkdirSync(join(audit.folder, 'mount'));
  await heads.stop();
  expect(witnessed(witness)).toEqual(handed.map(({ seq }) => String(seq)));
  expect(handed).toHaveLength(2);
  expect(audit.problems.list()).toEqual([]);
  expect(await alerts(audit)).toHaveLength(2);
});

it('tells of a key that does not sign, and signs when it does again', async () => {
  const audit = await memoryAudit();
  let isBroken = true;
  const signer = {
    ...audit.signer,
    sign: (bytes: Uint8Array) =>
      isBroken ? Promise.reject(new Error('the signer is gone')) : audit.signer.sign(bytes),
  };
  const { heads, handed } = await started({ ...audit, signer });
  await heads.sign();
  expect(audit.problems.list()).toMatchObject([
    { code: 'audit-signing', message: 'The audit cannot be signed: the signer is gone' },
  ]);
  isBroken = false;
  await heads.stop();
  expect([handed.length, audit.problems.list()]).toEqual([1, []]);
});

it('ends a line of the witness that a crash cut off', async () => {
  const audit = await memoryAudit();
  const witness = join(audit.folder, 'witness.jsonl');
  appendFileSync(witness, '{"region":"test-1","se');
  const { heads } = await started(audit, witness);
  await heads.stop();
  const [torn, whole, ...rest] = readFileSync(witness, 'utf8').split('\n');
  expect([torn, rest]).toEqual(['{"region":"test-1","se', ['']]);
  expect(JSON.parse(whole ?? '')).toMatchObject({ seq: 1 });
});

type Tampering = readonly [string, (audit: MemoryAudit, head: SignedHead) => Promise<unknown>, string];
const tamperings: readonly Tampering[] = [
  [
    'entries that were taken away at the end',
    ({ store }) => store.db.deleteFrom('audit').where('seq', '>', 4).execute(),
    '2 entries are gone',
  ],
  [
    'a history that was written anew',
    async ({ store, append }) => {
      await store.db.deleteFrom('audit').where('seq', '>', 2).execute();
      await append(20);
    },
    'the audit was rewritten',
  ],
  [
    'a key that was replaced',
    ({ store }) => store.db.updateTable('audit_keys').set({ key_id: 'audit-other' }).execute(),
    'a key that is not of this region',
  ],
];

it.each(tamperings)('finds %s, by the head that an agent holds, and tells at once', async (_what, tamper, problem) => {
  const audit = await memoryAudit();
  await audit.append(5);
  const { heads, handed } = await started(audit);
  await heads.stop();
  const [head] = handed;
  if (head === undefined) throw new Error('a head was handed out');
  const compare = heldHeads(audit);
  await compare('ast_1', [head]);
  expect(await alerts(audit)).toEqual([]);

  await tamper(audit, head);
  // Whoever rewrites the audit rewrites the heads beside it.
  await audit.store.db.deleteFrom('audit_heads').execute();
  await compare('ast_1', [head]);
  await compare('ast_1', [head]);
  const told = await alerts(audit);
  expect(told[0]).toContain(problem);
  // Once for the asset, once for the region.
  expect(told).toHaveLength(2);
  const entry = await audit.store.db
    .selectFrom('audit')
    .selectAll()
    .where('operation', '=', 'audit.contradicted')
    .execute();
  expect(entry).toMatchObject([{ outcome: 'failed', targets: '["ast_1"]' }]);
  expect(audit.problems.list()).toMatchObject([{ code: 'audit-contradicted' }]);
});

it('finds at its start that the audit is shorter than its witness says', async () => {
  const audit = await memoryAudit();
  const witness = join(audit.folder, 'witness.jsonl');
  await audit.append(5);
  await (await started(audit, witness)).heads.stop();
  await audit.store.db.deleteFrom('audit').where('seq', '>', 3).execute();
  await audit.store.db.deleteFrom('audit_heads').execute();
  await (await started(audit, witness)).heads.stop();
  expect(audit.problems.list()).toMatchObject([
    { code: 'audit-contradicted', message: containing('entries are gone') },
  ]);
});

it('takes no head of a liar for a contradiction of the region: it says that nobody signed it', async () => {
  const audit = await memoryAudit();
  await audit.append(3);
  const { heads, handed } = await started(audit);
  await heads.stop();
  const head = handed[0];
  if (head === undefined) throw new Error('a head was handed out');
  const forged = { ...head, seq: 900, hash: 'a'.repeat(64) };
  expect(await headProblem(audit.store.db, audit.archive, forged)).toContain('did not sign');
  expect(await headProblem(audit.store.db, audit.archive, { ...head, region: 'other' })).toContain(
    'of the region other',
  );
});

it('goes on with a new key where the file is gone, and says so in the audit', async () => {
  const audit = await memoryAudit();
  await (await started(audit)).heads.stop();
  rmSync(join(audit.folder, 'audit-key.pem'));
  const signer = await openAuditKey(audit.folder);
  expect(signer.keyId).not.toBe(audit.signer.keyId);
  await (await started({ ...audit, signer })).heads.stop();
  expect(existsSync(join(audit.folder, 'audit-key.pem'))).toBe(true);
  const keys = await audit.store.db
    .selectFrom('audit')
    .select('message')
    .where('operation', '=', 'audit.key')
    .execute();
  expect(keys).toHaveLength(2);
  expect(await verifyAudit(audit.store.db, audit.archive)).toMatchObject({ ok: true });
});
