// Appending to the audit. The chain's end is carried in memory through a transaction; a savepoint that is undone drops
// its copy with it.
import { CompiledQuery, type Transaction } from 'kysely';

import type { AuditEntry } from '../../shared/api/audit.ts';
import { withoutSecrets } from '../../shared/secrets.ts';
import { auditHash, type ChainState } from './audit-chain.ts';
import { toJson } from './json.ts';
import type { Database } from './schema.ts';
import type { Actor, AuditNote } from './unit-of-work.ts';

const columns = [
  'seq',
  'at',
  'actor',
  'actor_id',
  'credential_id',
  'from_address',
  'operation',
  'targets',
  'outcome',
  'message',
  'change_id',
  'request_id',
  'previous_hash',
  'hash',
] as const satisfies readonly (keyof Database['audit'])[];

// Built once: making this statement anew for each entry costs more than running it.
const insert = `insert into audit (${columns.map((name) => `"${name}"`).join(', ')}) values (${columns.map(() => '?').join(', ')})`;

/** A message is a sentence; what is longer is cut. */
const messageCharactersMax = 2000;
const targetsMax = 1000;

export type Appending = { readonly actor: Actor; readonly nowMs: number; readonly note: AuditNote };

/** Writes the entry that follows `last`, and answers where the chain ends now: at once, before the write is through. */
export function appendAudit(
  trx: Transaction<Database>,
  last: ChainState,
  { actor, nowMs, note }: Appending,
): { readonly state: ChainState; readonly written: Promise<unknown> } {
  const entry: Omit<AuditEntry, 'previousHash' | 'hash'> = {
    seq: last.seq + 1,
    at: nowMs,
    actor: actor.name,
    actorId: actor.id,
    credentialId: actor.credentialId,
    from: actor.from,
    operation: note.operation,
    targets: note.targets.slice(0, targetsMax).map(withoutSecrets),
    outcome: note.outcome,
    message: withoutSecrets(note.message).slice(0, messageCharactersMax),
    changeId: note.changeId ?? null,
    requestId: actor.requestId,
  };
  const hash = auditHash(last.hash, entry);
  const row: Database['audit'] = {
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
    previous_hash: last.hash,
    hash,
  };
  const values = columns.map((name) => row[name]);
  return { state: { seq: entry.seq, hash }, written: trx.executeQuery(CompiledQuery.raw(insert, values)) };
}
