// The audit: read, verified, exported, wherever its entries are.
import { verifyAudit } from '../audit/verify-audit.ts';
import { auditKeys, headView, newestHead, segmentView } from '../store/audit-archive.ts';
import type { Db } from '../store/database.ts';
import { auditView } from '../store/records.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit } from './page.ts';

const exportLimit = 1000;
const segmentsPerPage = 100;

export const auditHandlers: Handlers<'audit.list' | 'audit.verify' | 'audit.head' | 'audit.export' | 'audit.segments'> =
  {
    'audit.list': {
      kind: 'read',
      run: async ({ after = 0, limit = defaultLimit, target }, { deps }) => {
        const found =
          target === undefined
            ? await deps.audit.archive.entries(deps.db, after, limit + 1)
            : // Targets are ids and names in a JSON list: the quotes keep `srv-1` from finding `srv-12`.
              (
                await deps.db
                  .selectFrom('audit')
                  .selectAll()
                  .where('seq', '>', after)
                  .where('targets', 'like', `%${JSON.stringify(target).replaceAll('%', '')}%`)
                  .orderBy('seq')
                  .limit(limit + 1)
                  .execute()
              ).map(auditView);
        const items = found.slice(0, limit);
        return { items, next: found.length > limit ? String(items.at(-1)?.seq ?? '') : null };
      },
    },
    'audit.verify': {
      kind: 'read',
      run: async (_input, { deps }) => {
        const { ok, state, problem } = await verifyAudit(deps.db, deps.audit.archive);
        return { ok, entries: state.seq, headSeq: state.seq, headHash: state.hash, problem };
      },
    },
    'audit.head': {
      kind: 'read',
      run: async (_input, { deps }) => {
        await deps.audit.sign();
        return {
          region: deps.audit.archive.region,
          end: await deps.audit.archive.end(deps.db),
          head: (await newestHead(deps.db, deps.audit.archive.region)) ?? null,
          keys: await auditKeys(deps.db),
        };
      },
    },
    'audit.export': {
      kind: 'read',
      run: async ({ after, limit = exportLimit, from, to }, { deps }) => {
        const { archive } = deps.audit;
        const begin = await archive.begin(deps.db);
        const wanted = after ?? (from === undefined ? 0 : await lastBefore(deps.db, from));
        const start = Math.max(wanted, begin.seq);
        const found = await archive.entries(deps.db, start, limit + 1);
        const [first] = found;
        const isLate = (at: number): boolean => to !== undefined && at > to;
        const end = found.findIndex(({ at }) => isLate(at));
        const items = (end < 0 ? found : found.slice(0, end)).slice(0, limit);
        const last = items.at(-1)?.seq ?? start;
        const heads = await deps.db
          .selectFrom('audit_heads')
          .selectAll()
          .where('seq', '>', start)
          .where('seq', '<=', last)
          .orderBy('seq')
          .execute();
        return {
          region: archive.region,
          keys: await auditKeys(deps.db),
          after: first === undefined ? await archive.end(deps.db) : { seq: first.seq - 1, hash: first.previousHash },
          items,
          heads: heads.map((row) => headView(row, archive.region)),
          next: items.length === limit && found.length > limit ? String(last) : null,
        };
      },
    },
    'audit.segments': {
      kind: 'read',
      run: async ({ after = 0 }, { deps }) => {
        const rows = await deps.db
          .selectFrom('audit_segments')
          .selectAll()
          .where('last_seq', '>', after)
          .orderBy('first_seq')
          .limit(segmentsPerPage + 1)
          .execute();
        const items = rows.slice(0, segmentsPerPage).map((row) => ({
          ...segmentView(row, deps.audit.archive.region),
          sealedAt: row.sealed_at,
          prunedAt: row.pruned_at,
        }));
        return { items, next: rows.length > segmentsPerPage ? String(items.at(-1)?.lastSeq ?? '') : null };
      },
    },
  };

/** The newest entry before a time; entries of a sealed segment that begins before it come along. */
async function lastBefore(db: Db, atMs: number): Promise<number> {
  const row = await db
    .selectFrom('audit')
    .select((eb) => eb.fn.max<number | null>('seq').as('seq'))
    .where('at', '<', atMs)
    .executeTakeFirst();
  if (row?.seq !== null && row?.seq !== undefined) return row.seq;
  const segment = await db
    .selectFrom('audit_segments')
    .select((eb) => eb.fn.max<number | null>('last_seq').as('seq'))
    .where('last_at', '<', atMs)
    .executeTakeFirst();
  return segment?.seq ?? 0;
}
