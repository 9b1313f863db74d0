// The audit's hash chain: each entry's hash covers the one before it, so no entry can change, vanish or move unseen.
import { createHash } from 'node:crypto';

import type { AuditEntry } from '../../shared/api/audit.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';

export const genesisHash = '0'.repeat(64);

/** SHA-256 over the previous hash and the canonical JSON of the entry without its two hashes. */
export function auditHash(previousHash: string, entry: Omit<AuditEntry, 'previousHash' | 'hash'>): string {
  return createHash('sha256').update(previousHash).update(canonicalJson(entry)).digest('hex');
}

export type ChainState = { readonly seq: number; readonly hash: string };

/** The first thing wrong with entries that follow `state`, or the state after them. */
export function verifyChain(
  state: ChainState,
  entries: readonly AuditEntry[],
): { readonly ok: true; readonly state: ChainState } | { readonly ok: false; readonly problem: string } {
  let { seq, hash } = state;
  for (const { previousHash, hash: own, ...entry } of entries) {
    if (entry.seq !== seq + 1) return { ok: false, problem: `entry ${seq + 1} is missing; found ${entry.seq}` };
    if (previousHash !== hash) return { ok: false, problem: `entry ${entry.seq} does not follow entry ${seq}` };
    if (auditHash(hash, entry) !== own) return { ok: false, problem: `entry ${entry.seq} was changed` };
    seq = entry.seq;
    hash = own;
  }
  return { ok: true, state: { seq, hash } };
}
