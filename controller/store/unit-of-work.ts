// A unit of work: the one transaction in which rows, their changelog, the audit entry and the events of an operation are
// written together, or not at all.
import { CompiledQuery, type Transaction } from 'kysely';

import type { AuditEntry } from '../../shared/api/audit.ts';
import type { IdSource } from '../../shared/ids.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import { canTransition } from '../../shared/lifecycle/asset.ts';
import { changeTransitions } from '../../shared/lifecycle/change.ts';
import { appendAudit } from './audit-append.ts';
import { genesisHash, type ChainState } from './audit-chain.ts';
import { changelogWriter, type Logged } from './changelog.ts';
import type { Db } from './database.ts';
import { createGroupCommit } from './group-commit.ts';
import type { ChangeRow } from './change-tables.ts';
import type { AssetRow, Database, OperationRow } from './schema.ts';
import { fanOut } from './webhooks.ts';

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
  /** Tells of something, the webhooks too. Answers its sequence number. */
  readonly event: (kind: string, objectId: string, text: string) => Promise<number>;
  /** Changes an asset: checks the lifecycle, counts the revision, keeps the changelog. Answers the new row. */
  readonly patchAsset: (asset: AssetRow, patch: Partial<AssetRow>, changeId?: string | null) => Promise<AssetRow>;
  readonly patchOperation: (operation: OperationRow, patch: Partial<OperationRow>) => Promise<OperationRow>;
  readonly patchChange: (change: ChangeRow, patch: Partial<ChangeRow>) => Promise<ChangeRow>;
  /** Keeps the changelog of a row that has no patch of its own here: `changelog('person', { id, before, after })`. */
  readonly changelog: (kind: string, logged: Logged) => Promise<void>;
  /** Names an asset whose reconcilers run after the commit. */
  readonly wake: (assetId: string) => void;
  /** Names those who lost their rights: what they have open ends after the commit. */
  readonly cutOff: (whose: CutOff) => void;
};

export type Store = {
  readonly db: Db;
  readonly nowMs: () => number;
  /** One transaction, shared with others that wait: see group-commit.ts. Answers when it is on disk. */
  readonly write: <T>(actor: Actor, work: (uow: UnitOfWork) => Promise<T>) => Promise<T>;
};

export type StoreDeps = {
  readonly db: Db;
  readonly ids: IdSource;
  /** Called after each commit that had something to say: assets to wake, the newest event, the audit's newest entry. */
  readonly committed: (woken: readonly string[], eventSeq: number, audit?: ChainState) => void;
  /** Called after each commit that took rights from somebody; the request that did it is answered all the same. */
  readonly cutOff?: (whose: readonly CutOff[], byRequestId: string | null) => void;
};

/** The feed is for watching; what must be proved is in the audit, which is never cut. */
const eventsKept = 100_000;

const insertEvent = 'insert into events (seq, at, kind, object_id, text) values (?, ?, ?, ?, ?)';
const cutEvents = 'delete from events where seq <= ?';

/** What a transaction carries from unit to unit, so that no unit reads it again. */
type Carried = { audit: ChainState; changelogSeq: number; eventSeq: number };

export function createStore({ db, ids, committed, cutOff }: StoreDeps): Store {
  const group = createGroupCommit<Carried>(db, lastOfAll);
  return {
    db,
    nowMs: () => ids.clock.nowMs(),
    write: async (actor, work) => {
      const woken = new Set<string>();
      const lost: CutOff[] = [];
      const said: { event: number; audit?: ChainState } = { event: 0 };
      const result = await group.run((trx, carried) => {
        const nowMs = ids.clock.nowMs();
        const changelog = changelogWriter(trx, {
          actor,
          nowMs,
          take: (count) => {
            const first = carried.changelogSeq + 1;
            carried.changelogSeq += count;
            return first;
          },
        });
        const uow: UnitOfWork = {
          db: trx,
          actor,
          nowMs,
          ids,
          audit: async (note) => {
            const { state, written } = appendAudit(trx, carried.audit, { actor, nowMs, note });
            carried.audit = state;
            said.audit = state;
            await written;
          },
          event: async (kind, objectId, text) => {
            carried.eventSeq += 1;
            const seq = carried.eventSeq;
            said.event = seq;
            await trx.executeQuery(CompiledQuery.raw(insertEvent, [seq, nowMs, kind, objectId, text]));
            if (seq > eventsKept) await trx.executeQuery(CompiledQuery.raw(cutEvents, [seq - eventsKept]));
            await fanOut(trx, { seq, kind, objectId, text, nowMs }, ids);
            return seq;
          },
          ...patches(trx, changelog, nowMs),
          changelog,
          wake: (assetId) => void woken.add(assetId),
          cutOff: (whose) => void lost.push(whose),
        };
        return work(uow);
      });
      if (lost.length > 0) cutOff?.(lost, actor.requestId);
      if (woken.size > 0 || said.event > 0 || said.audit !== undefined) committed([...woken], said.event, said.audit);
      return result;
    },
  };
}

const lastQuery = CompiledQuery.raw(`select
  (select max(seq) from audit) as audit_seq,
  (select hash from audit order by seq desc limit 1) as audit_hash,
  (select max(seq) from changelog) as changelog_seq,
  (select max(seq) from events) as event_seq`);
type LastRow = {
  readonly audit_seq: number | null;
  readonly audit_hash: string | null;
  readonly changelog_seq: number | null;
  readonly event_seq: number | null;
};

/** Read in every transaction: another process, `ppec-controller person add`, may have written since the last one. */
async function lastOfAll(trx: Transaction<Database>): Promise<Carried> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns of the query above
  const row = (await trx.executeQuery(lastQuery)).rows[0] as LastRow | undefined;
  return {
    audit: { seq: row?.audit_seq ?? 0, hash: row?.audit_hash ?? genesisHash },
    changelogSeq: row?.changelog_seq ?? 0,
    eventSeq: row?.event_seq ?? 0,
  };
}

type Patches = Pick<UnitOfWork, 'patchAsset' | 'patchOperation' | 'patchChange'>;

function patches(trx: Transaction<Database>, log: ReturnType<typeof changelogWriter>, nowMs: number): Patches {
  return {
    patchAsset: async (asset, patch, changeId) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- entries forget the names of a row's columns
      const isNew = (Object.keys(patch) as (keyof AssetRow)[]).some((name) => patch[name] !== asset[name]);
      if (!isNew) return asset;
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
