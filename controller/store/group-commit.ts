// Group commit: units of work that wait are run one after the other in one transaction, each in a savepoint of its own,
// and answered when the commit is on disk. One sync of the disk then serves all of them. A unit that throws is undone
// alone; a commit that fails fails all of its batch.
import { CompiledQuery, type KyselyPlugin, type Transaction } from 'kysely';

import { assert } from '../../shared/assert.ts';
import { messageOf, PpecError } from '../../shared/errors.ts';
import type { Db } from './database.ts';
import type { Database } from './schema.ts';

type Trx = Transaction<Database>;
/** `carried` is this unit's own copy of what its batch carries; it counts for the next unit where this one succeeds. */
type Work<Carried, T> = (trx: Trx, carried: Carried) => Promise<T>;

export type GroupCommit<Carried> = {
  /** Answers after the commit. Throws what `work` throws; `unavailable` where the commit failed or too many wait. */
  readonly run: <T>(work: Work<Carried, T>) => Promise<T>;
};

export type GroupLimits = {
  /** Units in one transaction. */
  readonly unitsMax: number;
  /** No further unit is begun in a transaction that is older. Reads wait for it. */
  readonly batchMs: number;
  readonly waitingMax: number;
};

/** More may wait than the agent listener takes connections. */
const defaultLimits: GroupLimits = { unitsMax: 512, batchMs: 50, waitingMax: 65_536 };

type Unit<Carried> = {
  readonly work: Work<Carried, unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

type Ended =
  | { readonly isDone: true; readonly value: unknown }
  // What was thrown may be anything.
  | { readonly isDone: false; readonly error: unknown };

const savepoint = CompiledQuery.raw('savepoint unit');
const undo = CompiledQuery.raw('rollback to unit');
const release = CompiledQuery.raw('release unit');

/** `begin` reads, once in each transaction, what its units carry on. */
export function createGroupCommit<Carried extends object>(
  db: Db,
  begin: (trx: Trx) => Promise<Carried>,
  limits: GroupLimits = defaultLimits,
): GroupCommit<Carried> {
  let waiting: Unit<Carried>[] = [];
  let isRunning = false;

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      // What else this turn of the event loop reads from its sockets comes along; nobody waits for more than that.
      await nextTurn();
      const units = waiting.slice(0, limits.unitsMax);
      waiting = waiting.slice(units.length);
      const begun = await runBatch(db, begin, { units, batchMs: limits.batchMs });
      if (begun < units.length) waiting = [...units.slice(begun), ...waiting];
    }
    isRunning = false;
  };

  return {
    run: <T>(work: Work<Carried, T>) =>
      new Promise<T>((resolve, reject) => {
        if (waiting.length >= limits.waitingMax) {
          reject(new PpecError('unavailable', `${waiting.length} writes wait already. Try again in a moment.`));
          return;
        }
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the value is what this very work answered
        waiting.push({ work, resolve: (value) => resolve(value as T), reject });
        if (isRunning) return;
        isRunning = true;
        void drain();
      }),
  };
}

type Batch<Carried> = { readonly units: readonly Unit<Carried>[]; readonly batchMs: number };

/** Answers how many of the units were begun, and so settled; at least one. Never throws. */
async function runBatch<Carried extends object>(
  db: Db,
  begin: (trx: Trx) => Promise<Carried>,
  { units, batchMs }: Batch<Carried>,
): Promise<number> {
  const ends: Ended[] = [];
  let cause: unknown;
  try {
    await db.transaction().execute(async (trx) => {
      try {
        const startMs = performance.now();
        let carried = await begin(trx);
        for (const unit of units) {
          const mine = { ...carried };
          const end = await runUnit(trx, unit, mine);
          ends.push(end);
          if (end.isDone) carried = mine;
          if (performance.now() - startMs > batchMs) break;
        }
      } catch (error) {
        // Undoing what is undone fails, and must not hide why.
        cause = error;
        throw error;
      }
    });
  } catch (error) {
    const failed = new PpecError('unavailable', 'The store could not write; nothing of this was done. Try again.', {
      cause: cause ?? error,
    });
    // Refusals too: they may rest on what another unit of this batch had written.
    for (const unit of units) unit.reject(failed);
    return units.length;
  }
  for (const [index, end] of ends.entries()) {
    const unit = units[index];
    assert(unit !== undefined, 'every end is of a unit');
    if (end.isDone) unit.resolve(end.value);
    else unit.reject(end.error);
  }
  return ends.length;
}

async function runUnit<Carried>(trx: Trx, unit: Unit<Carried>, mine: Carried): Promise<Ended> {
  const life = { isOver: false };
  await trx.executeQuery(savepoint);
  let end: Ended;
  try {
    end = { isDone: true, value: await unit.work(trx.withPlugin(endingWith(life)), mine) };
  } catch (error) {
    end = { isDone: false, error };
  }
  life.isOver = true;
  if (!end.isDone) {
    // A statement that it had begun beside the one that failed is undone with it, not written with the next unit.
    await nextTurn();
    try {
      await trx.executeQuery(undo);
    } catch (error) {
      // Some errors of SQLite, a full disk for one, undo the whole transaction and leave no savepoint to go back to.
      throw new Error(`the transaction was undone by: ${messageOf(end.error)}`, { cause: error });
    }
  }
  await trx.executeQuery(release);
  return end;
}

/** Refuses statements of a unit that has ended: they would be written in the name of another. */
function endingWith(life: { readonly isOver: boolean }): KyselyPlugin {
  return {
    transformQuery: ({ node }) => {
      assert(!life.isOver, 'a unit of work writes while it runs');
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
