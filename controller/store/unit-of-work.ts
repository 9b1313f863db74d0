// A unit of work: the one transaction in which rows, their changelog, the audit entry and the events of an operation are
// written together, or not at all.
import type { Transaction } from 'kysely';

import type { AuditEntry } from '../../shared/api/audit.ts';
import type { IdSource } from '../../shared/ids.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import { canTransition } from '../../shared/lifecycle/asset.ts';
import { changeTransitions } from '../../shared/lifecycle/change.ts';
import { auditHash, genesisHash } from './audit-chain.ts';
import type { Db } from './database.ts';
import { toJson } from './json.ts';
import type { AssetRow, ChangeRow, Database, OperationRow } from './schema.ts';

/** Whose open requests end: of a whole person, of a credential, or of a session. */
export type CutOff = { readonly personId: string } | { readonly credentialId: string } | { readonly sessionId: string };

/** Who does it: a person through a credential, an agent, or a reconciler. */
export type Actor = {
  readonly name: string;
  readonly id: string;
  readonly credentialId: string | null;
  readonly from: string | null;
  readonly requestId: string | null;
};

export const systemActor = (name: string): Actor => ({
  name,
  id: name,
  credentialId: null,
  from: null,
  requestId: null,
});

export type AuditNote = {
  readonly operation: string;
  readonly targets: readonly string[];
  readonly outcome: AuditEntry['outcome'];
  readonly message: string;
  readonly changeId?: string | null;
};

export type UnitOfWork = {
  readonly db: Transaction<Database>;
  readonly actor: Actor;
  readonly nowMs: number;
  readonly ids: IdSource;
  readonly audit: (note: AuditNote) => Promise<void>;
  readonly event: (kind: string, objectId: string, text: string) => Promise<void>;
  /** Changes an asset: checks the lifecycle, counts the revision, keeps the changelog. Answers the new row. */
  readonly patchAsset: (asset: AssetRow, patch: Partial<AssetRow>, changeId?: string | null) => Promise<AssetRow>;
  readonly patchOperation: (operation: OperationRow, patch: Partial<OperationRow>) => Promise<OperationRow>;
  readonly patchChange: (change: ChangeRow, patch: Partial<ChangeRow>) => Promise<ChangeRow>;
  /** Keeps the changelog of a row that has no patch of its own here. */
  readonly changelog: (kind: string, logged: Logged) => Promise<void>;
  /** Names an asset whose reconcilers run after the commit. */
  readonly wake: (assetId: string) => void;
  /** Names those who lost their rights: what they have open ends after the commit. */
  readonly cutOff: (whose: CutOff) => void;
};

export type Store = {
  readonly db: Db;
  readonly nowMs: () => number;
  readonly write: <T>(actor: Actor, work: (uow: UnitOfWork) => Promise<T>) => Promise<T>;
};

export type StoreDeps = {
  readonly db: Db;
  readonly ids: IdSource;
  /** Called after each commit that had something to say. */
  readonly committed: (woken: readonly string[], eventSeq: number) => void;
  /** Called after each commit that took rights from somebody; the request that did it is answered all the same. */
  readonly cutOff?: (whose: readonly CutOff[], byRequestId: string | null) => void;
};

/** The feed is for watching; what must be proved is in the audit, which is never cut. */
const eventsKept = 100_000;

/** Fields that say how a row is kept, not what it is. */
const unlogged = new Set(['revision', 'command_generation', 'presence_since', 'state_since']);

export function createStore({ db, ids, committed, cutOff }: StoreDeps): Store {
  return {
    db,
    nowMs: () => ids.clock.nowMs(),
    write: async (actor, work) => {
      const woken = new Set<string>();
      const lost: CutOff[] = [];
      let eventSeq = 0;
      const result = await db.transaction().execute((trx) => {
        const nowMs = ids.clock.nowMs();
        const changelog = changelogWriter(trx, actor, nowMs);
        const uow: UnitOfWork = {
          db: trx,
          actor,
          nowMs,
          ids,
          audit: (note) => appendAudit(trx, { actor, nowMs, note }),
          event: async (kind, objectId, text) => {
            eventSeq = (await lastSeq(trx, 'events')) + 1;
            await trx
              .insertInto('events')
              .values({ seq: eventSeq, at: nowMs, kind, object_id: objectId, text })
              .execute();
            await trx
              .deleteFrom('events')
              .where('seq', '<=', eventSeq - eventsKept)
              .execute();
          },
          ...patches(trx, changelog, nowMs),
          changelog,
          wake: (assetId) => void woken.add(assetId),
          cutOff: (whose) => void lost.push(whose),
        };
        return work(uow);
      });
      if (lost.length > 0) cutOff?.(lost, actor.requestId);
      if (woken.size > 0 || eventSeq > 0) committed([...woken], eventSeq);
      return result;
    },
  };
}

type Patches = Pick<UnitOfWork, 'patchAsset' | 'patchOperation' | 'patchChange'>;

function patches(trx: Transaction<Database>, log: ReturnType<typeof changelogWriter>, nowMs: number): Patches {
  return {
    patchAsset: async (asset, patch, changeId) => {
      if (patch.state !== undefined && patch.state !== asset.state) {
        assert(canTransition(asset.state, patch.state), `${asset.id} may go from ${asset.state} to ${patch.state}`);
      }
      const since = {
        ...(patch.state !== undefined && patch.state !== asset.state ? { state_since: nowMs } : {}),
        ...(patch.presence !== undefined && patch.presence !== asset.presence ? { presence_since: nowMs } : {}),
      };
      const changed = { ...patch, ...since, revision: asset.revision + 1 };
      const next: AssetRow = { ...asset, ...changed };
      const { numUpdatedRows } = await trx
        .updateTable('assets')
        .set(changed)
        .where('id', '=', asset.id)
        .where('revision', '=', asset.revision)
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) throw changedMeanwhile(asset.id);
      await log('asset', { id: asset.id, before: asset, after: next, changeId: changeId ?? null });
      return next;
    },
    patchOperation: async (operation, patch) => {
      const changed = { ...patch, revision: operation.revision + 1 };
      const { numUpdatedRows } = await trx
        .updateTable('operations')
        .set(changed)
        .where('id', '=', operation.id)
        .where('revision', '=', operation.revision)
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) throw changedMeanwhile(operation.id);
      return { ...operation, ...changed };
    },
    patchChange: async (change, patch) => {
      if (patch.state !== undefined && patch.state !== change.state) {
        assert(
          changeTransitions[change.state].includes(patch.state),
          `${change.id} may go from ${change.state} to ${patch.state}`,
        );
      }
      const changed = { ...patch, revision: change.revision + 1 };
      const next: ChangeRow = { ...change, ...changed };
      const { numUpdatedRows } = await trx
        .updateTable('changes')
        .set(changed)
        .where('id', '=', change.id)
        .where('revision', '=', change.revision)
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) throw changedMeanwhile(change.id);
      await log('change', { id: change.id, before: change, after: next, changeId: change.id });
      return next;
    },
  };
}

/** A decision was taken on a row that is no longer so: whoever took it looks again. */
function changedMeanwhile(id: string): PpecError {
  return new PpecError('conflict', `${id} was changed meanwhile. Try again.`);
}

export type Logged = {
  readonly id: string;
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
  readonly changeId: string | null;
};

function changelogWriter(trx: Transaction<Database>, actor: Actor, nowMs: number) {
  return async (kind: string, { id, before, after, changeId }: Logged): Promise<void> => {
    const fields = Object.keys(after).filter((field) => !unlogged.has(field) && before[field] !== after[field]);
    if (fields.length === 0) return;
    const seq = await lastSeq(trx, 'changelog');
    await trx
      .insertInto('changelog')
      .values(
        fields.map((field, index) => ({
          seq: seq + 1 + index,
          object_kind: kind,
          object_id: id,
          field,
          before: shown(before[field]),
          after: shown(after[field]),
          actor: actor.name,
          change_id: changeId,
          at: nowMs,
        })),
      )
      .execute();
  };
}

function shown(value: unknown): string | null {
  return value === null || value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value);
}

async function lastSeq(trx: Transaction<Database>, table: 'audit' | 'changelog' | 'events'): Promise<number> {
  const row = await trx.selectFrom(table).select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return row?.seq ?? 0;
}

async function appendAudit(
  trx: Transaction<Database>,
  { actor, nowMs, note }: { actor: Actor; nowMs: number; note: AuditNote },
): Promise<void> {
  const last = await trx.selectFrom('audit').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst();
  const previousHash = last?.hash ?? genesisHash;
  const entry = {
    seq: (last?.seq ?? 0) + 1,
    at: nowMs,
    actor: actor.name,
    actorId: actor.id,
    credentialId: actor.credentialId,
    from: actor.from,
    operation: note.operation,
    targets: [...note.targets],
    outcome: note.outcome,
    message: note.message,
    changeId: note.changeId ?? null,
    requestId: actor.requestId,
  };
  await trx
    .insertInto('audit')
    .values({
      seq: entry.seq,
      at: entry.at,
      actor: entry.actor,
      actor_id: entry.actorId,
      credential_id: entry.credentialId,
      from_address: entry.from,
      operation: entry.operation,
      targets: toJson(entry.targets),
      outcome: entry.outcome,
      message: entry.message,
      change_id: entry.changeId,
      request_id: entry.requestId,
      previous_hash: previousHash,
      hash: auditHash(previousHash, entry),
    })
    .execute();
}
