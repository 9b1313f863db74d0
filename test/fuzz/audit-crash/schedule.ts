// One schedule: a child writes, is killed at a random moment, and what it left is opened and compared with what it had
// acknowledged by then, in this run and all before it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { lastWitnessed } from '../../../controller/audit/witness.ts';
import { headProblem } from '../../../controller/audit/check-head.ts';
import { verifyAudit } from '../../../controller/audit/verify-audit.ts';
import { openAuditArchive, segmentFolder, type AuditArchive } from '../../../controller/store/audit-archive.ts';
import { openDatabase, type Db } from '../../../controller/store/database.ts';
import type { AuditEntry } from '../../../shared/api/audit.ts';
import { unit, type Rng } from '../../../shared/rng.ts';

export type Known = {
  /** Each acknowledged write, and how many entries it has. */
  readonly acknowledged: Map<string, number>;
  readonly refused: Set<string>;
  readonly heads: { readonly seq: number; readonly hash: string }[];
};
export type Schedule = { readonly run: number; readonly rng: Rng; readonly known: Known };
export type ScheduleEnd = {
  readonly known: Known;
  readonly problems: string[];
  readonly entries: number;
  readonly heads: number;
};

const program = join(import.meta.dirname, 'child.ts');
/** Kills come this long after the child is ready, at most; some before it is. */
const killAfterMs = 120;
const startMs = 400;
const readAtOnce = 5000;

export async function runSchedule(folder: string, { run, rng, known }: Schedule): Promise<ScheduleEnd> {
  const next: Known = {
    acknowledged: new Map(known.acknowledged),
    refused: new Set(known.refused),
    heads: [...known.heads],
  };
  const seed = Math.floor(unit(rng) * 2 ** 32);
  const isEarly = unit(rng) < 0.1;
  const waitMs = unit(rng) * (isEarly ? startMs : killAfterMs);
  const errors = await writeAndKill([program, folder, String(run), String(seed)], { isEarly, waitMs, next });
  const db = await openDatabase(join(folder, 'ppec.db'));
  try {
    const archive = openAuditArchive(segmentFolder({ dataDirectory: folder }), 'crash-1');
    const { problems, entries } = await compare(db, archive, next);
    const witnessed = await lastWitnessed(join(folder, 'witness.jsonl'));
    const contradicted = witnessed === undefined ? undefined : await headProblem(db, archive, witnessed);
    if (contradicted !== undefined) problems.push(`the witness has ${contradicted}`);
    if (errors !== '') problems.push(`the child said: ${errors.slice(0, 500)}`);
    return { known: next, problems, entries, heads: next.heads.length };
  } finally {
    await db.destroy();
  }
}

type Killing = { readonly isEarly: boolean; readonly waitMs: number; readonly next: Known };

/** Answers what the child said on standard error: nothing, since it is killed and does not fail. */
async function writeAndKill(args: readonly string[], { isEarly, waitMs, next }: Killing): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  let timer: NodeJS.Timeout | undefined;
  const killSoon = (): void => void (timer ??= setTimeout(() => child.kill('SIGKILL'), waitMs));
  if (isEarly) killSoon();
  // What it told before it was killed is in the pipe.
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, name = '', count = ''] = line.split(' ');
    if (what === 'ready') killSoon();
    else if (what === 'done') next.acknowledged.set(name, Number(count));
    else if (what === 'refused') next.refused.add(name);
    else if (what === 'head') {
      const [seq, hash = ''] = name.split(':');
      next.heads.push({ seq: Number(seq), hash });
    }
  }
  await closed;
  clearTimeout(timer);
  return errors;
}

async function compare(db: Db, archive: AuditArchive, known: Known): Promise<{ problems: string[]; entries: number }> {
  const verdict = await verifyAudit(db, archive);
  const found = await allEntries(db, archive);
  const writes = Map.groupBy(
    found.filter(({ operation }) => operation === 'crash'),
    ({ targets }) => targets[0] ?? '',
  );
  const hashes = new Map(found.map(({ seq, hash }) => [seq, hash]));
  const problems = [
    ...(verdict.ok ? [] : [`the audit does not verify: ${verdict.problem ?? ''}`]),
    ...[...known.acknowledged].flatMap(([name, count]) => {
      const messages = (writes.get(name) ?? []).map(({ message }) => message).join();
      const expected = Array.from({ length: count }, (_, index) => `${name} ${index}`).join();
      return messages === expected ? [] : [`${name} was acknowledged with [${expected}], and has [${messages}]`];
    }),
    ...[...known.refused].filter((name) => writes.has(name)).map((name) => `${name} was refused, and is there`),
    ...known.heads
      .filter(({ seq, hash }) => hashes.get(seq) !== hash)
      .map(({ seq }) => `the signed head of entry ${seq} does not fit the chain`),
    ...(await partsMissing(db, writes)),
  ];
  return { problems: problems.slice(0, 5), entries: found.length };
}

/** Acknowledged or not: all of a write is there, once, or nothing of it. */
async function partsMissing(db: Db, writes: ReadonlyMap<string, readonly AuditEntry[]>): Promise<string[]> {
  const told = await db.selectFrom('events').select('object_id').where('kind', '=', 'crash').execute();
  const events = Map.groupBy(told, ({ object_id }) => object_id);
  const logged = await db
    .selectFrom('changelog')
    .select(['object_id', 'after'])
    .where('object_kind', '=', 'crash')
    .execute();
  const changes = new Map(logged.map((row) => [row.object_id, Number(row.after)]));
  const problems = [...writes]
    .filter(([name, { length }]) => events.get(name)?.length !== 1 || changes.get(name) !== length)
    .map(([name, { length }]) => `${name} is there in part: ${length} entries, changelog of ${changes.get(name) ?? 0}`);
  if (events.size === writes.size && logged.length === writes.size) return problems;
  return [...problems, `${writes.size} writes have ${events.size} events and ${logged.length} lines of changelog`];
}

async function allEntries(db: Db, archive: AuditArchive): Promise<AuditEntry[]> {
  const all: AuditEntry[] = [];
  for (;;) {
    const some = await archive.entries(db, all.at(-1)?.seq ?? 0, readAtOnce);
    if (some.length === 0) return all;
    all.push(...some);
  }
}
