// Policies and what they look at.
import type { Policy } from '../../shared/api/policy.ts';
import type { PolicyFacts } from '../domain/policy.ts';
import type { Db } from './database.ts';
import { fromJson } from './json.ts';
import { missing } from './missing.ts';
import type { Database } from './schema.ts';

type Reader = Pick<Db, 'selectFrom'>;
export type PolicyRow = Database['policies'];

/** Policies of a region at most: all of them are looked at for every change. */
export const policiesMax = 1000;

export async function allPolicies(db: Reader): Promise<PolicyFacts[]> {
  const rows = await db.selectFrom('policies').selectAll().orderBy('id').limit(policiesMax).execute();
  return rows.map((row) => ({
    id: row.id,
    operation: row.operation,
    scope: row.scope,
    quorum: row.quorum,
    checkers: fromJson(row.checkers),
    openForMs: row.open_for_ms,
    window: row.window === null ? null : fromJson(row.window),
    version: row.revision,
  }));
}

export async function findPolicy(db: Reader, id: string): Promise<PolicyRow> {
  const row = await db.selectFrom('policies').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw missing('policy', id);
  return row;
}

export async function policyAt(db: Reader, operation: string, scope: string): Promise<PolicyRow | undefined> {
  return db
    .selectFrom('policies')
    .selectAll()
    .where('operation', '=', operation)
    .where('scope', '=', scope)
    .executeTakeFirst();
}

export function policyView(row: PolicyRow): Policy {
  return {
    id: row.id,
    operation: row.operation,
    scope: row.scope,
    quorum: row.quorum,
    checkers: fromJson(row.checkers),
    openForMs: row.open_for_ms,
    window: row.window === null ? null : fromJson(row.window),
    reason: row.reason,
    version: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
