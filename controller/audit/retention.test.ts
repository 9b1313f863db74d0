import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

import { memoryAudit, type MemoryAudit } from '../../test/fixtures/memory-audit.ts';
import { openAuditArchive } from '../store/audit-archive.ts';
import { systemActor } from '../store/unit-of-work.ts';
import { startHeads } from './heads.ts';
import { pruneSegments, sealOld } from './retention.ts';
import { verifyAudit } from './verify-audit.ts';

const containing = (text: string): unknown => expect.stringContaining(text);
const rules = { tableEntriesMax: 100, tableDaysMax: 30, segmentEntriesMax: 40 };
const dayMs = 86_400_000;

async function filled(count: number): Promise<MemoryAudit> {
  const audit = await memoryAudit();
  const heads = await startHeads({ ...audit, witnessFile: null, handOut: () => undefined });
  for (let appended = 0; appended < count; appended += 50) {
    await audit.append(Math.min(50, count - appended));
    heads.appended(await audit.archive.end(audit.store.db));
    await heads.sign();
  }
  await heads.stop();
  return audit;
}

const segments = ({ store }: MemoryAudit) =>
  store.db.selectFrom('audit_segments').select(['first_seq', 'last_seq', 'pruned_at']).orderBy('first_seq').execute();
const tableBegins = async ({ store }: MemoryAudit): Promise<number> =>
  (await store.db.selectFrom('audit').select('seq').orderBy('seq').limit(1).executeTakeFirstOrThrow()).seq;
const all = async ({ store, archive }: MemoryAudit): Promise<number[]> =>
  (await archive.entries(store.db, 0, 10_000)).map(({ seq }) => seq);

it('seals full segments of what is too much, and leaves half ones in the table', async () => {
  const audit = await filled(199);
  expect(await sealOld({ ...audit, rules })).toBe(2);
  expect(await segments(audit)).toMatchObject([
    { first_seq: 1, last_seq: 40 },
    { first_seq: 41, last_seq: 80 },
  ]);
  expect(await tableBegins(audit)).toBe(81);
  const [file = ''] = readdirSync(audit.archive.folder);
  expect(file).toBe('audit-000000000001-000000000040.jsonl.gz');
  const text = gunzipSync(readFileSync(join(audit.archive.folder, file))).toString();
  const seqs = [...text.matchAll(/"seq":(\d+)/g)].map(([, seq]) => Number(seq));
  expect(seqs).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
});

it('seals what is too old, however little it is, but never the newest', async () => {
  const audit = await filled(30);
  expect(await sealOld({ ...audit, rules })).toBe(0);
  audit.clock.set(audit.clock.nowMs() + 31 * dayMs);
  // Once the newest of them has a successor, which tells of the first segment, it is sealed too.
  expect(await sealOld({ ...audit, rules })).toBe(2);
  expect(await segments(audit)).toMatchObject([
    { first_seq: 1, last_seq: 30 },
    { first_seq: 31, last_seq: 31 },
  ]);
  expect(await tableBegins(audit)).toBe(32);
  audit.clock.set(audit.clock.nowMs() + 28 * dayMs);
  expect(await sealOld({ ...audit, rules })).toBe(0);
});

it('reads and verifies across segments as if there were none', async () => {
  const audit = await filled(250);
  const before = await audit.archive.entries(audit.store.db, 0, 10_000);
  const sealed = await sealOld({ ...audit, rules });
  expect(sealed).toBeGreaterThan(2);
  const after = await audit.archive.entries(audit.store.db, 0, 10_000);
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after.slice(before.length).map(({ operation }) => operation)).toEqual(
    Array.from({ length: sealed }, () => 'audit.seal'),
  );
  const paged: number[] = [];
  for (let last = 0; ; last = paged.at(-1) ?? 0) {
    const page = await audit.archive.entries(audit.store.db, last, 37);
    if (page.length === 0) break;
    paged.push(...page.map(({ seq }) => seq));
  }
  expect(paged).toEqual(after.map(({ seq }) => seq));
  for (const seq of [1, 40, 41, 77, before.length])
    expect(await audit.archive.hashAt(audit.store.db, seq)).toBe(before[seq - 1]?.hash);
  expect(await verifyAudit(audit.store.db, audit.archive)).toMatchObject({ ok: true, state: { seq: after.length } });
});

it('deletes segments only when told to, says so in the audit, and verifies from there', async () => {
  const audit = await filled(250);
  const beforeMs = audit.clock.nowMs() + 1;
  await sealOld({ ...audit, rules });
  audit.clock.set(beforeMs + dayMs);
  await audit.append(160);
  await sealOld({ ...audit, rules });
  const actor = { ...systemActor('local'), from: 'root' };
  const made = await segments(audit);
  const pruned = await pruneSegments(audit.store, audit.archive, { actor, beforeMs });
  expect(pruned.length).toBeGreaterThan(1);
  expect(pruned.length).toBeLessThan(made.length);
  expect(readdirSync(audit.archive.folder)).toHaveLength(made.length - pruned.length);
  const last = pruned.at(-1)?.last_seq ?? 0;
  expect((await all(audit))[0]).toBe(last + 1);
  // Who reads from the start, as if nothing had been pruned, gets what is left.
  expect(await audit.archive.begin(audit.store.db)).toMatchObject({ seq: last });
  expect(await verifyAudit(audit.store.db, audit.archive)).toMatchObject({ ok: true });
  const told = await audit.store.db
    .selectFrom('audit')
    .select(['message', 'from_address'])
    .where('operation', '=', 'audit.prune')
    .execute();
  expect(told).toHaveLength(pruned.length);
  expect(told[0]).toMatchObject({ from_address: 'root', message: containing('entries 1 to 40 deleted') });
  expect(await pruneSegments(audit.store, audit.archive, { actor, beforeMs })).toEqual([]);
});

it('seals again what a crash left between the file and its transaction', async () => {
  const audit = await filled(150);
  await sealOld({ ...audit, rules });
  const file = 'audit-000000000001-000000000040.jsonl.gz';
  const bytes = readFileSync(join(audit.archive.folder, file));
  const other = await filled(150);
  await sealOld({ ...other, rules: { ...rules, tableEntriesMax: 1000 } });
  expect(existsSync(other.archive.folder)).toBe(false);
  // A file of that name is there, cut off, and one that was not renamed.
  mkdirSync(other.archive.folder);
  writeFileSync(join(other.archive.folder, file), bytes.subarray(0, 100));
  writeFileSync(join(other.archive.folder, `${file}.new`), 'x');
  await sealOld({ ...other, rules });
  expect(await verifyAudit(other.store.db, other.archive)).toMatchObject({ ok: true });
});

type Tampering = readonly [string, (audit: MemoryAudit, path: string) => unknown, string];
const tamperings: readonly Tampering[] = [
  ['a segment whose file is gone', (_audit, path) => rmSync(path), 'cannot be read'],
  [
    'a segment whose file was changed',
    (_audit, path) => {
      chmodSync(path, 0o600);
      writeFileSync(path, readFileSync(path).subarray(1));
    },
    'its SHA-256 differs',
  ],
  [
    'a segment that was forged with its digest',
    ({ store }) =>
      store.db
        .updateTable('audit_segments')
        .set({ sha256: 'a'.repeat(64) })
        .where('first_seq', '=', 1)
        .execute(),
    'the signature of the segment',
  ],
  [
    'a segment that left the index',
    ({ store }) => store.db.deleteFrom('audit_segments').where('first_seq', '=', 1).execute(),
    'the segment with entry 1 is missing',
  ],
  [
    'segments that left the index with their entries',
    ({ store }) => store.db.deleteFrom('audit_segments').execute(),
    'entry 1 is missing',
  ],
  [
    'a head of other content',
    ({ store }) =>
      store.db
        .updateTable('audit_heads')
        .set({ hash: 'b'.repeat(64) })
        .execute(),
    'has another hash than the entry',
  ],
  [
    'a head that nobody signed',
    ({ store }) => store.db.updateTable('audit_heads').set({ at: 7 }).execute(),
    'is not good',
  ],
  [
    'an entry of the table that was changed',
    ({ store }) => store.db.updateTable('audit').set({ actor: 'eve' }).where('seq', '=', 95).execute(),
    'entry 95 was changed',
  ],
  [
    'an end that was taken away',
    ({ store }) => store.db.deleteFrom('audit').where('seq', '>', 100).execute(),
    'was signed, and the audit ends at 100',
  ],
];

it.each(tamperings)('finds %s', async (_what, tamper, problem) => {
  const audit = await filled(180);
  await sealOld({ ...audit, rules });
  await tamper(audit, join(audit.archive.folder, 'audit-000000000001-000000000040.jsonl.gz'));
  const verdict = await verifyAudit(audit.store.db, openAuditArchive(audit.archive.folder, 'test-1'));
  expect(verdict).toMatchObject({ ok: false, problem: containing(problem) });
});
