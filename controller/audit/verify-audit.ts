// The whole audit verified on the controller: the chain through segments and table, every signed head and segment, and
// what the chain says of the segments. What a controller says of itself is not proof: `ppec audit verify` is.
import { headText, segmentText } from '../../shared/audit/head.ts';
import { messageOf } from '../../shared/errors.ts';
import { isSignedByAuditKey } from '../crypto/audit-key.ts';
import { auditKeys, headView, segmentView, type AuditArchive } from '../store/audit-archive.ts';
import { verifyChain, type ChainState } from '../store/audit-chain.ts';
import type { Db } from '../store/database.ts';
import { sealTargets } from './retention.ts';

export type AuditVerdict = { readonly ok: boolean; readonly state: ChainState; readonly problem: string | null };

/** Entries verified per read, so that a long chain never fills the memory. */
const batch = 2000;

export async function verifyAudit(db: Db, archive: AuditArchive): Promise<AuditVerdict> {
  let state = await archive.begin(db);
  const bad = (problem: string): AuditVerdict => ({ ok: false, state, problem });
  try {
    const keys = new Map((await auditKeys(db)).map(({ keyId, publicKey }) => [keyId, publicKey]));
    const segments = await readSegments(db, archive, keys);
    if (segments.problem !== undefined) return bad(segments.problem);
    for (;;) {
      const entries = await archive.entries(db, state.seq, batch);
      const last = entries.at(-1);
      if (last === undefined) break;
      const from = state.seq;
      const checked = verifyChain(state, entries);
      if (!checked.ok) return bad(checked.problem);
      state = checked.state;
      const unsealed = entries.find(
        ({ operation, targets }) => operation === 'audit.seal' && !segments.sealed.has(targets.join('\n')),
      );
      if (unsealed !== undefined) return bad(`entry ${unsealed.seq} sealed a segment that is not in the index`);
      const heads = await db
        .selectFrom('audit_heads')
        .selectAll()
        .where('seq', '>', from)
        .where('seq', '<=', last.seq)
        .execute();
      for (const row of heads) {
        const head = headView(row, archive.region);
        const hash = entries[head.seq - from - 1]?.hash;
        if (hash !== head.hash) return bad(`the signed head of entry ${head.seq} has another hash than the entry`);
        if (!isSignedByAuditKey(keys.get(head.keyId) ?? '', headText(head), head.signature))
          return bad(`the signature of the head of entry ${head.seq} is not good`);
      }
    }
    const beyond = await db
      .selectFrom('audit_heads')
      .select('seq')
      .where('seq', '>', state.seq)
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst();
    if (beyond !== undefined) return bad(`entry ${beyond.seq} was signed, and the audit ends at ${state.seq}`);
    return { ok: true, state, problem: null };
  } catch (error) {
    return bad(messageOf(error));
  }
}

type Segments = { readonly problem: string | undefined; readonly sealed: ReadonlySet<string> };

/** Segments follow each other without a gap, up to the table, and are signed. */
async function readSegments(db: Db, archive: AuditArchive, keys: ReadonlyMap<string, string>): Promise<Segments> {
  const sealed = new Set<string>();
  const rows = await db.selectFrom('audit_segments').selectAll().orderBy('first_seq').execute();
  let lastSeq = 0;
  for (const row of rows) {
    const segment = segmentView(row, archive.region);
    if (segment.firstSeq !== lastSeq + 1)
      return { problem: `the segment with entry ${lastSeq + 1} is missing`, sealed };
    if (!isSignedByAuditKey(keys.get(segment.keyId) ?? '', segmentText(segment), segment.signature))
      return { problem: `the signature of the segment ${row.file} is not good`, sealed };
    sealed.add(sealTargets(segment).join('\n'));
    lastSeq = segment.lastSeq;
  }
  const first = await db.selectFrom('audit').select('seq').orderBy('seq').limit(1).executeTakeFirst();
  const isGap = first !== undefined && first.seq !== lastSeq + 1;
  return { problem: isGap ? `entry ${lastSeq + 1} is missing; found ${first.seq}` : undefined, sealed };
}
