import { sql } from 'kysely';
import { expect, it } from 'vitest';

import { memoryStore } from '../../test/fixtures/memory-store.ts';
import { systemClock } from '../../shared/clock.ts';
import { seededRng, unit } from '../../shared/rng.ts';
import { strongRng } from '../strong-rng.ts';
import { auditView } from './records.ts';
import { genesisHash, verifyChain } from './audit-chain.ts';
import { openDatabase, type Db } from './database.ts';
import { createGroupCommit } from './group-commit.ts';
import { createStore, systemActor, type Store } from './unit-of-work.ts';

const actor = systemActor('test');
const note = (message: string) => ({ operation: 'test', targets: [], outcome: 'done', message }) as const;

async function auditOf(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('audit').selectAll().orderBy('seq').execute();
  expect(verifyChain({ seq: 0, hash: genesisHash }, rows.map(auditView))).toMatchObject({ ok: true });
  return rows.map(({ message }) => message);
}

type Told = { store: Store; db: Db; told: unknown[] };

async function tellingStore(): Promise<Told> {
  const db = await openDatabase(':memory:');
  const told: unknown[] = [];
  const ids = { clock: systemClock, rng: strongRng };
  const store = createStore({
    db,
    ids,
    committed: (woken, event, audit) => void told.push([woken, event, audit?.seq]),
  });
  return { store, db, told };
}

it('undoes a unit that throws alone, and the others of its transaction stand', async () => {
  const { store, db, told } = await tellingStore();
  const ends = await Promise.allSettled(
    ['a', 'b', 'c', 'd'].map((name) =>
      store.write(actor, async (uow) => {
        await uow.audit(note(name));
        await uow.event('test', name, name);
        await uow.changelog('test', { id: name, after: { name } });
        if (name === 'b') throw new Error('not this one');
        return name;
      }),
    ),
  );
  expect(ends.map((end) => (end.status === 'fulfilled' ? end.value : String(end.reason)))).toEqual([
    'a',
    'Error: not this one',
    'c',
    'd',
  ]);
  expect(await auditOf(db)).toEqual(['a', 'c', 'd']);
  const seqs = async (table: 'events' | 'changelog') =>
    (await db.selectFrom(table).select('seq').orderBy('seq').execute()).map(({ seq }) => seq);
  expect([await seqs('events'), await seqs('changelog')]).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
  expect(told).toEqual([
    [[], 1, 1],
    [[], 2, 2],
    [[], 3, 3],
  ]);
  await db.destroy();
});

it('fails all of a batch and announces nothing where the commit fails, and goes on after it', async () => {
  const { store, db, told } = await tellingStore();
  await sql`create table parent (id integer primary key)`.execute(db);
  await sql`create table child (of integer references parent (id) deferrable initially deferred)`.execute(db);
  const good = (name: string) => store.write(actor, (uow) => uow.audit(note(name)));
  const refused = store.write(actor, () => Promise.reject(new Error('refused on what was never written')));
  const ends = await Promise.allSettled([
    good('before'),
    store.write(actor, (uow) => sql`insert into child values (7)`.execute(uow.db)),
    good('after'),
    refused,
  ]);
  for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
  expect(ends[0]).toMatchObject({ reason: { cause: { message: 'FOREIGN KEY constraint failed' } } });
  expect(told).toEqual([]);
  expect(await auditOf(db)).toEqual([]);
  await good('next');
  expect(await auditOf(db)).toEqual(['next']);
  expect(told).toEqual([[[], 0, 1]]);
  await db.destroy();
});

it('fails the batch where an error of SQLite has undone the whole transaction', async () => {
  const { store, db } = await tellingStore();
  const ends = await Promise.allSettled([
    store.write(actor, (uow) => uow.audit(note('first'))),
    // As SQLite does it by itself when the disk is full.
    store.write(actor, async (uow) => {
      await sql`rollback`.execute(uow.db);
      throw new Error('database or disk is full');
    }),
    store.write(actor, (uow) => uow.audit(note('last'))),
  ]);
  for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
  expect(await auditOf(db)).toEqual([]);
  await db.destroy();
});

it('shows a unit what the units before it in its transaction wrote', async () => {
  const { store } = await memoryStore();
  const seen = await Promise.all(
    [1, 2, 3].map((id) =>
      store.write(actor, async (uow) => {
        const before = await uow.db.selectFrom('audit').select('seq').execute();
        await uow.audit(note(String(id)));
        return before.length;
      }),
    ),
  );
  expect(seen).toEqual([0, 1, 2]);
});

it('refuses what a unit writes after it ended', async () => {
  const { store } = await memoryStore();
  let late: (() => Promise<unknown>) | undefined;
  await store.write(actor, async (uow) => {
    late = () => uow.db.insertInto('console_logs').values({ asset_id: 'x', text: 'late', at: 1 }).execute();
    await Promise.resolve();
  });
  await store.write(actor, async () => expect(late?.()).rejects.toThrow('a unit of work writes while it runs'));
  expect(await store.db.selectFrom('console_logs').selectAll().execute()).toEqual([]);
});

it('undoes what a failed unit had begun beside the statement that failed', async () => {
  const { store } = await memoryStore();
  await expect(
    store.write(actor, (uow) =>
      Promise.all([
        Promise.reject(new Error('one of two')),
        uow.db.insertInto('console_logs').values({ asset_id: 'x', text: 'other', at: 1 }).execute(),
      ]),
    ),
  ).rejects.toThrow('one of two');
  expect(await store.db.selectFrom('console_logs').selectAll().execute()).toEqual([]);
});

it('commits waiting units together, at most so many at once, in their order', async () => {
  const db = await openDatabase(':memory:');
  let transactions = 0;
  const group = createGroupCommit(
    db,
    () => {
      transactions += 1;
      return Promise.resolve({ count: 0 });
    },
    { unitsMax: 10, batchMs: 60_000, waitingMax: 25 },
  );
  const counts: number[] = [];
  const ends = await Promise.allSettled(
    Array.from({ length: 26 }, (_, index) =>
      group.run((_trx, carried) => {
        carried.count += 1;
        counts.push(index);
        return Promise.resolve(carried.count);
      }),
    ),
  );
  expect(transactions).toBe(3);
  expect(counts).toEqual(Array.from({ length: 25 }, (_, index) => index));
  expect(ends[24]).toMatchObject({ value: 5 });
  expect(ends[25]).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
  await db.destroy();
});

it('ends a transaction that is old, and begins the rest in the next', async () => {
  const db = await openDatabase(':memory:');
  let transactions = 0;
  const begin = () => Promise.resolve({ transaction: (transactions += 1) });
  const group = createGroupCommit(db, begin, { unitsMax: 10, batchMs: -1, waitingMax: 100 });
  const seen = await Promise.all(
    [1, 2, 3].map(() => group.run((_trx, { transaction }) => Promise.resolve(transaction))),
  );
  expect(seen).toEqual([1, 2, 3]);
  await db.destroy();
});

it('continues the chain that another process wrote to meanwhile', async () => {
  const { store, db } = await tellingStore();
  await store.write(actor, (uow) => uow.audit(note('ours')));
  // Another store on the same file carries nothing of what this one remembers.
  const other = createStore({ db, ids: { clock: systemClock, rng: strongRng }, committed: () => undefined });
  await other.write(actor, (uow) => uow.audit(note('theirs')));
  await store.write(actor, (uow) => uow.audit(note('ours again')));
  expect(await auditOf(db)).toEqual(['ours', 'theirs', 'ours again']);
  await db.destroy();
});

it('keeps the chain whole whichever units fail', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const rng = seededRng(seed);
    const { store, db } = await tellingStore();
    const plan = Array.from({ length: 60 }, (_, index) => ({
      name: String(index),
      appends: 1 + Math.floor(unit(rng) * 3),
      fails: unit(rng) < 0.3,
    }));
    const ends = await Promise.allSettled(
      plan.map(({ name, appends, fails }) =>
        store.write(actor, async (uow) => {
          for (let i = 0; i < appends; i += 1) await uow.audit(note(name));
          if (fails) throw new Error(name);
        }),
      ),
    );
    expect(ends.map(({ status }) => status === 'rejected')).toEqual(plan.map(({ fails }) => fails));
    const expected = plan
      .filter(({ fails }) => !fails)
      .flatMap(({ name, appends }) => Array.from({ length: appends }, () => name));
    expect(await auditOf(db), `seed ${seed}`).toEqual(expected);
    await db.destroy();
  }
});
