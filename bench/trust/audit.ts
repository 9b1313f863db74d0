// What a durable audit entry costs: through the store, as every operation writes one, against better-sqlite3 alone with
// the same entries in the same transactions, and against one sync of the disk for each.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';

import { systemClock } from '../../shared/clock.ts';
import { openDatabase } from '../../controller/store/database.ts';
import { createStore, systemActor, type Actor } from '../../controller/store/unit-of-work.ts';
import { strongRng } from '../../controller/strong-rng.ts';
import { median, type Figure } from '../figures.ts';
import type { PartReport, TrustPart } from './part.ts';

type AuditBenchOptions = {
  /** Entries in each round. */
  readonly entries: number;
  readonly rounds: number;
  /** Callers that wait for their entry at the same time: as many requests as are under way. */
  readonly callers: number;
  /** Where the database is; its disk is what is measured. */
  readonly folder: string;
};

const defaults: AuditBenchOptions = { entries: 20_000, rounds: 5, callers: 256, folder: tmpdir() };

export const audit: TrustPart = { name: 'audit', run: ({ rounds }, say) => auditFigures({ ...defaults, rounds }, say) };

const actor: Actor = {
  ...systemActor('mia'),
  credentialId: 'crd_01jdaqv1zfe4rs8pnxzqk3wh2d',
  from: '192.0.2.7',
  requestId: 'req_8f0d7a52-8f4e-4d54-9d1c-2f2b4b8c7d11',
};
const note = {
  operation: 'asset.inspect',
  targets: ['ast_01jdaqv1zfe4rs8pnxzqk3wh2d'],
  outcome: 'done',
  message: 'inspection of srv-a asked for',
} as const;

async function auditFigures(options: AuditBenchOptions, say: (text: string) => void): Promise<PartReport> {
  const [many, bare, alone, bareAlone]: [number[], number[], number[], number[]] = [[], [], [], []];
  let batch = 0;
  // In turn, so that a disk that grows slower or faster does so for all of them.
  for (let round = 1; round <= options.rounds; round += 1) {
    const folder = await mkdtemp(join(options.folder, 'ppec-audit-'));
    try {
      const grouped = await appended(join(folder, 'many.db'), options.entries, options.callers);
      many.push(grouped.perSecond);
      batch = options.entries / grouped.commits;
      const few = Math.max(100, Math.round(options.entries / 20));
      alone.push((await appended(join(folder, 'alone.db'), few, 1)).perSecond);
      bare.push(bareAppended(join(folder, 'bare.db'), options.entries, Math.round(batch)));
      bareAlone.push(bareAppended(join(folder, 'bare-alone.db'), few, 1));
    } finally {
      await rm(folder, { recursive: true });
    }
    say(`round ${round} of ${options.rounds}: ${Math.round(many.at(-1) ?? 0)} durable entries a second`);
  }
  const figure = (metric: string, value: readonly number[], against: readonly number[]): Figure => ({
    metric,
    value: median(value),
    unit: 'entries/s',
    against: median(against),
  });
  return {
    figures: [
      figure(`audit, ${options.callers} callers`, many, bare),
      figure('audit, one caller', alone, bareAlone),
      { metric: 'audit, entries per commit', value: batch, unit: 'entries', against: null },
    ],
    notes: [
      'audit: goal 5,000 durable entries a second. Every entry is hash-chained and on disk (synchronous=FULL) before it is answered. Against: better-sqlite3 alone, the same rows without chain, with as many rows in a transaction; for one caller one sync each.',
    ],
  };
}

type Appended = { readonly perSecond: number; readonly commits: number };

async function appended(path: string, entries: number, callers: number): Promise<Appended> {
  const db = await openDatabase(path);
  const store = createStore({ db, ids: { clock: systemClock, rng: strongRng }, committed: () => undefined });
  // Those that are answered in one turn of the event loop were in one commit.
  let commits = 0;
  let isCounted = false;
  const answered = (): void => {
    if (isCounted) return;
    isCounted = true;
    commits += 1;
    setImmediate(() => (isCounted = false));
  };
  try {
    let left = entries;
    const startMs = performance.now();
    await Promise.all(
      Array.from({ length: callers }, async () => {
        while (left > 0) {
          left -= 1;
          await store.write(actor, (uow) => uow.audit(note));
          answered();
        }
      }),
    );
    return { perSecond: (entries * 1000) / (performance.now() - startMs), commits };
  } finally {
    await db.destroy();
  }
}

function bareAppended(path: string, entries: number, perCommit: number): number {
  const db = new Sqlite(path);
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    const columns =
      'at actor actor_id credential_id from_address operation targets outcome message request_id previous_hash hash';
    const names = columns.split(' ');
    db.exec(`create table audit (seq bigint primary key, ${names.join(', ')})`);
    const insert = db.prepare(`insert into audit values (?, ${names.map(() => '?').join(', ')})`);
    const some = db.transaction((from: number, to: number) => {
      for (let seq = from; seq <= to; seq += 1) {
        insert.run(
          seq,
          systemClock.nowMs(),
          actor.name,
          actor.id,
          actor.credentialId,
          actor.from,
          note.operation,
          JSON.stringify(note.targets),
          note.outcome,
          note.message,
          actor.requestId,
          '0'.repeat(64),
          'f'.repeat(64),
        );
      }
    });
    const startMs = performance.now();
    for (let from = 1; from <= entries; from += perCommit) some(from, Math.min(entries, from + perCommit - 1));
    return (entries * 1000) / (performance.now() - startMs);
  } finally {
    db.close();
  }
}
