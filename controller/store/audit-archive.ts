// The audit as one chain, wherever its entries are: the newest in their table, older ones in sealed segments, the oldest
// perhaps pruned. Readers see one list.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Compile } from 'typebox/compile';
import type { Kysely } from 'kysely';

import { AuditEntry, type AuditKey } from '../../shared/api/audit.ts';
import type { AuditSegment, SignedHead } from '../../shared/audit/head.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { messageOf, PpecError } from '../../shared/errors.ts';
import { genesisHash, type ChainState } from './audit-chain.ts';
import { auditView } from './records.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;
export type SegmentRow = Database['audit_segments'];

const validEntry = Compile(AuditEntry);
const unpack = promisify(gunzip);
const pack = promisify(gzip);
/** A segment unpacked; a hundred thousand long entries. */
const segmentBytesMax = 512 * 1024 * 1024;

/** Where the region's sealed segments are. */
export function segmentFolder({ dataDirectory }: { readonly dataDirectory: string }): string {
  return join(dataDirectory, 'audit');
}

export type AuditArchive = {
  readonly region: string;
  /** Entries after a sequence number, oldest first, at most `limit`; fewer only at the end. Pruned ones are left out. */
  readonly entries: (db: Db, after: number, limit: number) => Promise<AuditEntry[]>;
  /** The hash of an entry; undefined where it is not there, or pruned. */
  readonly hashAt: (db: Db, seq: number) => Promise<string | undefined>;
  /** Where the chain begins: after what was pruned. */
  readonly begin: (db: Db) => Promise<ChainState>;
  readonly end: (db: Db) => Promise<ChainState>;
  /** The content of a segment. Throws `internal` where the file is missing or is not what was sealed. */
  readonly segment: (row: SegmentRow) => Promise<AuditEntry[]>;
  readonly folder: string;
};

export function openAuditArchive(folder: string, region: string): AuditArchive {
  // A reader that pages through a segment comes back for it; one is kept unpacked.
  let kept: { readonly sha256: string; readonly entries: AuditEntry[] } | undefined;
  const segment = async (row: SegmentRow): Promise<AuditEntry[]> => {
    if (kept?.sha256 === row.sha256) return kept.entries;
    const entries = await readSegment(join(folder, row.file), row);
    kept = { sha256: row.sha256, entries };
    return entries;
  };
  const segmentWith = (db: Db, seq: number): Promise<SegmentRow | undefined> =>
    db
      .selectFrom('audit_segments')
      .selectAll()
      .where('last_seq', '>=', seq)
      .orderBy('first_seq')
      .limit(1)
      .executeTakeFirst();
  const begin = async (db: Db): Promise<ChainState> => {
    const row = await db
      .selectFrom('audit_segments')
      .select(['last_seq', 'last_hash'])
      .where('pruned_at', 'is not', null)
      .orderBy('last_seq', 'desc')
      .limit(1)
      .executeTakeFirst();
    return { seq: row?.last_seq ?? 0, hash: row?.last_hash ?? genesisHash };
  };
  const live = async (db: Db, after: number, limit: number): Promise<AuditEntry[]> =>
    (await db.selectFrom('audit').selectAll().where('seq', '>', after).orderBy('seq').limit(limit).execute()).map(
      auditView,
    );
  return {
    region,
    folder,
    segment,
    begin,
    entries: async (db, after, limit) => {
      const found: AuditEntry[] = [];
      let from = Math.max(after, (await begin(db)).seq);
      while (found.length < limit) {
        const row = await segmentWith(db, from + 1);
        const some =
          row === undefined
            ? await live(db, from, limit - found.length)
            : (await segment(row)).filter(({ seq }) => seq > from).slice(0, limit - found.length);
        found.push(...some);
        const last = some.at(-1);
        if (row === undefined || last === undefined) break;
        from = last.seq;
      }
      return found;
    },
    hashAt: async (db, seq) => {
      const row = await db.selectFrom('audit').select('hash').where('seq', '=', seq).executeTakeFirst();
      if (row !== undefined) return row.hash;
      const sealed = await segmentWith(db, seq);
      if (sealed === undefined || sealed.first_seq > seq) return undefined;
      if (sealed.last_seq === seq) return sealed.last_hash;
      if (sealed.pruned_at !== null) return undefined;
      return (await segment(sealed))[seq - sealed.first_seq]?.hash;
    },
    end: async (db) => {
      const row = await db
        .selectFrom('audit')
        .select(['seq', 'hash'])
        .orderBy('seq', 'desc')
        .limit(1)
        .executeTakeFirst();
      return { seq: row?.seq ?? 0, hash: row?.hash ?? genesisHash };
    },
  };
}

async function readSegment(path: string, row: SegmentRow): Promise<AuditEntry[]> {
  const name = `The audit's segment ${row.file}`;
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new PpecError('internal', `${name} cannot be read: ${messageOf(error)}`, { cause: error });
  });
  if (createHash('sha256').update(bytes).digest('hex') !== row.sha256)
    throw new PpecError('internal', `${name} is not the file that was sealed: its SHA-256 differs.`);
  const text = (await unpack(bytes, { maxOutputLength: segmentBytesMax })).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const entry: unknown = JSON.parse(line);
      if (validEntry.Check(entry)) return entry;
      throw new PpecError('internal', `${name} has a line that is no audit entry.`);
    });
}

/** The bytes of a segment: canonical JSON, one entry a line, in gzip (RFC 1952). */
export function packSegment(entries: readonly AuditEntry[]): Promise<Buffer> {
  return pack(entries.map((entry) => `${canonicalJson(entry)}\n`).join(''));
}

export function segmentView(row: SegmentRow, region: string): AuditSegment {
  return {
    region,
    firstSeq: row.first_seq,
    lastSeq: row.last_seq,
    previousHash: row.previous_hash,
    lastHash: row.last_hash,
    firstAt: row.first_at,
    lastAt: row.last_at,
    bytes: row.bytes,
    sha256: row.sha256,
    keyId: row.key_id,
    signature: row.signature,
  };
}

export function headView(row: Database['audit_heads'], region: string): SignedHead {
  return { region, seq: row.seq, hash: row.hash, at: row.at, keyId: row.key_id, signature: row.signature };
}

export async function auditKeys(db: Db): Promise<AuditKey[]> {
  const rows = await db.selectFrom('audit_keys').selectAll().orderBy('since').execute();
  return rows.map((row) => ({ keyId: row.key_id, publicKey: row.public_key, since: row.since }));
}

export async function newestHead(db: Db, region: string): Promise<SignedHead | undefined> {
  const row = await db.selectFrom('audit_heads').selectAll().orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return row === undefined ? undefined : headView(row, region);
}
