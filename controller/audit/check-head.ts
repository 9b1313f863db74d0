// Whether a head that somebody else kept (an agent, the witness file) belongs to the chain that is here now. Where it does
// not, entries were taken away or rewritten since it was signed, or the key was replaced.
import { headText, type SignedHead } from '../../shared/audit/head.ts';
import { isSignedByAuditKey } from '../crypto/audit-key.ts';
import { auditKeys, type AuditArchive } from '../store/audit-archive.ts';
import type { Db } from '../store/database.ts';

/** What is wrong, as the end of a sentence about whoever holds the head; undefined where it fits. */
export async function headProblem(db: Db, archive: AuditArchive, head: SignedHead): Promise<string | undefined> {
  if (head.region !== archive.region) return `a head of the region ${head.region}, and this is ${archive.region}`;
  const key = (await auditKeys(db)).find(({ keyId }) => keyId === head.keyId);
  if (key === undefined) return `a head that was signed with ${head.keyId}, a key that is not of this region`;
  if (!isSignedByAuditKey(key.publicKey, headText(head), head.signature))
    return `a head of entry ${head.seq} that ${head.keyId} did not sign`;
  const end = await archive.end(db);
  if (head.seq > end.seq)
    return `the signed head of entry ${head.seq}, and the audit ends at ${end.seq}: ${head.seq - end.seq} entries are gone`;
  const hash = (await archive.hashAt(db, head.seq)) ?? (await storedHash(db, head.seq));
  if (hash === head.hash) return undefined;
  return hash === undefined
    ? `the signed head of entry ${head.seq}, of which this audit knows nothing`
    : `the signed head of entry ${head.seq} with the hash ${head.hash.slice(0, 12)}…, and it is ${hash.slice(0, 12)}… here: the audit was rewritten`;
}

/** Of an entry that is pruned, the head is what is left. */
async function storedHash(db: Db, seq: number): Promise<string | undefined> {
  const row = await db.selectFrom('audit_heads').select('hash').where('seq', '=', seq).executeTakeFirst();
  return row?.hash;
}
