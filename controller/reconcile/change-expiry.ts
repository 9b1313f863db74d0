// What is due with changes: those nobody decided in time are closed, those that were approved outside the hours of their
// policy run when these begin. One timer that knows the next one due.
import { messageOf } from '../../shared/errors.ts';
import type { Log } from '../log.ts';
import { carryOut, DriftedChange } from '../ops/carry-out.ts';
import { close } from '../ops/change-ops.ts';
import type { OpsDeps } from '../ops/handler.ts';
import { stateChange } from '../ops/handlers.ts';
import { fromJson } from '../store/json.ts';
import { systemActor, type Store, type UnitOfWork } from '../store/unit-of-work.ts';
import type { ChangeRow } from '../store/change-tables.ts';

const batch = 100;
const pollMs = 60_000;
const pauseMsMin = 100;

/** Answers how to stop it; what it is doing then is done to its end first. */
export function startChangeTimer(store: Store, deps: OpsDeps, log: Log): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let running = Promise.resolve();
  const tick = async (): Promise<void> => {
    const nextMs = await settleDueChanges(store, deps).catch((error: unknown) => {
      log.error({ error: messageOf(error) }, 'settling due changes failed; it is tried again');
      return undefined;
    });
    const delayMs = nextMs === undefined ? pollMs : Math.min(pollMs, Math.max(pauseMsMin, nextMs - store.nowMs()));
    if (!isStopped) timer = setTimeout(start, delayMs);
  };
  const start = (): void => void (running = tick());
  start();
  return async () => {
    isStopped = true;
    clearTimeout(timer);
    await running;
  };
}

/** Does what is due; answers when the next one is, if there is one. */
export async function settleDueChanges(store: Store, deps: OpsDeps): Promise<number | undefined> {
  await store.write(systemActor('expiry'), expireDue);
  const approved = await store.db
    .selectFrom('changes')
    .selectAll()
    .where('state', '=', 'approved')
    .where('runs_at', '<=', store.nowMs())
    .orderBy('runs_at')
    .limit(batch)
    .execute();
  const faults: unknown[] = [];
  // A fault in one change keeps no other from running.
  for (const row of approved) await run(store, deps, row.id).catch((error: unknown) => void faults.push(error));
  if (faults.length > 0) throw new AggregateError(faults, faults.map(messageOf).join('; '));
  const [expiring, running] = await Promise.all([nextOf(store, 'open'), nextOf(store, 'approved')]);
  return expiring === undefined || running === undefined ? (expiring ?? running) : Math.min(expiring, running);
}

async function nextOf(store: Store, state: 'open' | 'approved'): Promise<number | undefined> {
  const column = state === 'open' ? 'expires_at' : 'runs_at';
  const next = await store.db
    .selectFrom('changes')
    .select(`${column} as at`)
    .where('state', '=', state)
    .orderBy(column)
    .limit(1)
    .executeTakeFirst();
  return next?.at ?? undefined;
}

async function expireDue(uow: UnitOfWork): Promise<void> {
  const due = await uow.db
    .selectFrom('changes')
    .selectAll()
    .where('state', '=', 'open')
    .where('expires_at', '<=', uow.nowMs)
    .orderBy('expires_at')
    .limit(batch)
    .execute();
  for (const row of due) {
    const written = await close(uow, row, { state: 'expired', reason: 'nobody decided in time' });
    await uow.audit({
      operation: 'change.expire',
      targets: written.targets,
      outcome: 'done',
      message: written.message,
      changeId: row.id,
    });
  }
}

/** Runs one whose hours have begun; whatever speaks against it now ends it. */
async function run(store: Store, deps: OpsDeps, id: string): Promise<void> {
  const actor = systemActor('hours');
  try {
    await store.write(actor, async (uow) => {
      const row = await stillDue(uow, id);
      if (row === undefined) return;
      const after = await carryOut(row, stateChange(row.operation), { uow, deps });
      await uow.audit({
        operation: 'change.execute',
        targets: [row.id, ...fromJson(row.targets)],
        outcome: 'done',
        message: after.state === 'executed' ? `started: ${row.summary}` : `${after.state_reason ?? ''}: ${row.summary}`,
        changeId: row.id,
      });
    });
  } catch (error) {
    if (!(error instanceof DriftedChange)) throw error;
    const reason = error.refusal.message;
    await store.write(actor, async (uow) => {
      const row = await stillDue(uow, id);
      if (row === undefined) return;
      const written = await close(uow, row, { state: 'refused', reason });
      await uow.audit({
        operation: 'change.execute',
        targets: written.targets,
        outcome: 'refused',
        message: written.message,
        changeId: row.id,
      });
    });
  }
}

/** It may have been withdrawn meanwhile. */
async function stillDue(uow: UnitOfWork, id: string): Promise<ChangeRow | undefined> {
  return uow.db
    .selectFrom('changes')
    .selectAll()
    .where('id', '=', id)
    .where('state', '=', 'approved')
    .where('runs_at', '<=', uow.nowMs)
    .executeTakeFirst();
}
