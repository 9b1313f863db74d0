// Retention: when the audit's table is larger or older than configured, its oldest entries are sealed into a file. The file
// and its digest become an entry of the chain, in the transaction that takes the entries out of the table. Nothing is
// deleted by itself: pruning is somebody's explicit act, and in the audit.
import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { AuditEntry } from '../../shared/api/audit.ts';
import { segmentText } from '../../shared/audit/head.ts';
import { messageOf } from '../../shared/errors.ts';
import type { AuditSigner } from '../crypto/audit-key.ts';
import { packSegment, segmentView, type AuditArchive, type SegmentRow } from '../store/audit-archive.ts';
import { auditView } from '../store/records.ts';
import { systemActor, type Actor, type Store } from '../store/unit-of-work.ts';
import type { Problems } from './problems.ts';

export type RetentionRules = {
  readonly tableEntriesMax: number;
  readonly tableDaysMax: number;
  readonly segmentEntriesMax: number;
};

export type RetentionDeps = {
  readonly store: Store;
  readonly archive: AuditArchive;
  readonly signer: AuditSigner;
  readonly rules: RetentionRules;
};

const dayMs = 86_400_000;
/** Segments sealed in one go; the rest waits for the next. */
const segmentsAtOnce = 100;

/** Seals what is too much or too old; answers how many segments were made. */
export async function sealOld(deps: RetentionDeps): Promise<number> {
  let made = 0;
  while (made < segmentsAtOnce && (await sealOne(deps))) made += 1;
  return made;
}

async function sealOne({ store, archive, signer, rules }: RetentionDeps): Promise<boolean> {
  const entries = await dueEntries(store, rules);
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return false;
  const bytes = await packSegment(entries);
  const file = `audit-${String(first.seq).padStart(12, '0')}-${String(last.seq).padStart(12, '0')}.jsonl.gz`;
  await writeSegment(archive.folder, file, bytes);
  const segment = {
    region: archive.region,
    firstSeq: first.seq,
    lastSeq: last.seq,
    previousHash: first.previousHash,
    lastHash: last.hash,
    firstAt: first.at,
    lastAt: last.at,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    keyId: signer.keyId,
  };
  const signature = await signer.sign(Buffer.from(segmentText(segment)));
  await store.write(systemActor('retention'), async (uow) => {
    await uow.db
      .insertInto('audit_segments')
      .values({
        first_seq: first.seq,
        last_seq: last.seq,
        previous_hash: first.previousHash,
        last_hash: last.hash,
        first_at: first.at,
        last_at: last.at,
        file,
        bytes: segment.bytes,
        sha256: segment.sha256,
        key_id: signer.keyId,
        signature,
        sealed_at: uow.nowMs,
        pruned_at: null,
      })
      .execute();
    await uow.db.deleteFrom('audit').where('seq', '<=', last.seq).execute();
    await uow.audit({
      operation: 'audit.seal',
      targets: sealTargets(segment),
      outcome: 'done',
      message: `entries ${first.seq} to ${last.seq} sealed into ${file}, SHA-256 ${segment.sha256}, ending with ${last.hash}`,
    });
  });
  return true;
}

/** How the chain names a segment: what the index says of it must be one of these. */
export function sealTargets(segment: { firstSeq: number; lastSeq: number; sha256: string }): string[] {
  return [`segment ${segment.firstSeq}-${segment.lastSeq}`, `sha256 ${segment.sha256}`];
}

/** The oldest entries that are too many or too old. The newest one stays: the next entry follows it. */
async function dueEntries({ db, nowMs }: Store, rules: RetentionRules): Promise<AuditEntry[]> {
  const bounds = await db
    .selectFrom('audit')
    .select((eb) => [eb.fn.min<number | null>('seq').as('oldest'), eb.fn.max<number | null>('seq').as('newest')])
    .executeTakeFirstOrThrow();
  const { oldest, newest } = bounds;
  if (oldest === null || newest === null) return [];
  const first = await db.selectFrom('audit').select('at').where('seq', '=', oldest).executeTakeFirstOrThrow();
  const isOld = first.at < nowMs() - rules.tableDaysMax * dayMs;
  const aged = await db
    .selectFrom('audit')
    .select((eb) => eb.fn.max<number | null>('seq').as('seq'))
    // With the first that is too old go those that soon will be: not a segment for each of them.
    .where('at', '<', nowMs() - 0.9 * rules.tableDaysMax * dayMs)
    .executeTakeFirst();
  const tooMany = newest - oldest + 1 > rules.tableEntriesMax ? newest - rules.tableEntriesMax : 0;
  // Half a segment is not worth a file, however many are over: it waits until one is full.
  const isFull = tooMany - oldest + 1 >= rules.segmentEntriesMax;
  const upTo = Math.min(
    newest - 1,
    Math.max(isOld ? (aged?.seq ?? 0) : 0, isFull ? tooMany : 0),
    oldest - 1 + rules.segmentEntriesMax,
  );
  if (upTo < oldest) return [];
  const rows = await db.selectFrom('audit').selectAll().where('seq', '<=', upTo).orderBy('seq').execute();
  return rows.map(auditView);
}

/** Written beside, synced, renamed. One left by a crash before its transaction is written again, or never read. */
async function writeSegment(folder: string, file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `${file}.new`);
  // One left by a crash may only be read.
  await rm(temporary, { force: true });
  const handle = await open(temporary, 'w', 0o400);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, join(folder, file));
  const parent = await open(folder, 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}

/** Deletes the files of all segments whose newest entry is older. Their place in the chain stays known. */
export async function pruneSegments(
  store: Store,
  archive: AuditArchive,
  { actor, beforeMs }: { readonly actor: Actor; readonly beforeMs: number },
): Promise<SegmentRow[]> {
  const pruned = await store.write(actor, async (uow) => {
    const rows = await uow.db
      .selectFrom('audit_segments')
      .selectAll()
      .where('last_at', '<', beforeMs)
      .where('pruned_at', 'is', null)
      .orderBy('first_seq')
      .execute();
    for (const row of rows) {
      await uow.db
        .updateTable('audit_segments')
        .set({ pruned_at: uow.nowMs })
        .where('first_seq', '=', row.first_seq)
        .execute();
      await uow.audit({
        operation: 'audit.prune',
        targets: sealTargets(segmentView(row, archive.region)),
        outcome: 'done',
        message: `entries ${row.first_seq} to ${row.last_seq} deleted with ${row.file}; they ended with ${row.last_hash}`,
      });
    }
    return rows;
  });
  // After the commit: what is deleted is in the audit, and a file that a crash leaves is deleted by the next prune.
  const gone = await store.db.selectFrom('audit_segments').select('file').where('pruned_at', 'is not', null).execute();
  for (const { file } of gone) await rm(join(archive.folder, file), { force: true });
  return pruned;
}

/** Looks every hour whether something is to be sealed, and soon after the start. */
export function retentionTimer(deps: RetentionDeps, problems: Problems): () => Promise<void> {
  const hourMs = 3_600_000;
  let timer: NodeJS.Timeout;
  let running: Promise<void> = Promise.resolve();
  let isStopped = false;
  const look = async (): Promise<void> => {
    try {
      await sealOld(deps);
      await problems.clear('audit-retention', 'Old audit entries are sealed again.');
    } catch (error) {
      await problems.raise('audit-retention', `Old audit entries cannot be sealed: ${messageOf(error)}`);
    }
    if (!isStopped) timer = setTimeout(run, hourMs);
  };
  const run = (): void => void (running = look());
  timer = setTimeout(run, 60_000);
  return async () => {
    isStopped = true;
    clearTimeout(timer);
    await running;
  };
}
