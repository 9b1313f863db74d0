// The audit's hash chain, recomputed from the entries alone, so that a controller need not be believed.
// hash = SHA-256(previousHash + canonical JSON of the entry without previousHash and hash).
import { createHash } from 'node:crypto';

import type { AuditEntry } from '../../shared/api/audit.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';

export const genesisHash = '0'.repeat(64);

export type ChainHead = { readonly seq: number; readonly hash: string };

export function auditHash(entry: AuditEntry): string {
  const rest = Object.entries(entry).filter(([name]) => name !== 'previousHash' && name !== 'hash');
  return createHash('sha256')
    .update(entry.previousHash + canonicalJson(Object.fromEntries(rest)))
    .digest('hex');
}

/** What is wrong with `entry` as the one after `head`; undefined where it continues the chain. */
export function brokenLink(head: ChainHead, entry: AuditEntry): string | undefined {
  if (entry.seq !== head.seq + 1) return `entry ${head.seq + 1} is missing: ${entry.seq} follows ${head.seq}`;
  if (entry.previousHash !== head.hash) return `entry ${entry.seq} does not continue entry ${head.seq}`;
  if (auditHash(entry) !== entry.hash) return `entry ${entry.seq} is not what was recorded: its hash differs`;
  return undefined;
}

export type ChainResult = {
  readonly head: ChainHead;
  readonly entries: number;
  readonly problem: string | null;
  /** The hash at each sequence number asked for, where the chain reached it. */
  readonly hashes: ReadonlyMap<number, string>;
};

/** Follows the chain from its start; stops at the first broken link. `checkpoints` are sequence numbers to remember. */
export async function verifyChain(
  entries: AsyncIterable<AuditEntry> | Iterable<AuditEntry>,
  checkpoints: readonly number[] = [],
): Promise<ChainResult> {
  const wanted = new Set(checkpoints);
  const hashes = new Map<number, string>();
  let head: ChainHead = { seq: 0, hash: genesisHash };
  let count = 0;
  for await (const entry of entries) {
    const problem = brokenLink(head, entry);
    if (problem !== undefined) return { head, entries: count, problem, hashes };
    head = { seq: entry.seq, hash: entry.hash };
    count += 1;
    if (wanted.has(entry.seq)) hashes.set(entry.seq, entry.hash);
  }
  return { head, entries: count, problem: null, hashes };
}
