// Inventories and the evidence they were made of. Evidence lies here once per content, compressed as it came; what no
// inventory refers to any more goes.
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { Kysely } from 'kysely';

import { PpecError } from '../../shared/errors.ts';
import {
  evidenceSources,
  inventoryFromEvidence,
  parserVersion,
  type Evidence,
  type EvidenceSource,
} from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { evidenceBytesMax, evidenceSourceBytesMax } from '../../shared/protocol/limits.ts';
import type { AgentBody } from '../../shared/protocol/messages.ts';
import { evidenceUnpackedBytesMax } from '../limits.ts';
import { fromJson, toJson } from './json.ts';
import type { Database } from './schema.ts';
import type { UnitOfWork } from './unit-of-work.ts';

type Db = Kysely<Database>;
export type Report = AgentBody<'inventory'>;

/** The inventory a report tells; throws `invalid_argument` where it is not whole. */
export function inventoryOfReport(report: Report): Inventory {
  const bytes = report.evidence.reduce((sum, { gzip }) => sum + gzip.byteLength, 0);
  if (bytes > evidenceBytesMax) throw malformed(`${bytes} bytes of evidence`);
  let unpackedBytes = 0;
  const held = report.evidence.map(({ source, sha256, gzip }): Evidence => {
    const unpacked = unpack(gzip);
    unpackedBytes += unpacked?.byteLength ?? 0;
    if (unpackedBytes > evidenceUnpackedBytesMax) throw malformed('the evidence unpacks to too much');
    if (unpacked === undefined || createHash('sha256').update(unpacked).digest('hex') !== sha256)
      throw malformed(`${source} is not what its digest says`);
    return { source: known(source), sha256, bytes: unpacked };
  });
  return inventoryFromEvidence([
    ...held,
    ...report.absent.map(({ source, reason }): Evidence => ({ source: known(source), absentBecause: reason })),
    ...report.unread.map(({ source, reason }): Evidence => ({ source: known(source), unreadBecause: reason })),
  ]);
}

function unpack(gzip: Uint8Array): Uint8Array | undefined {
  try {
    return gunzipSync(gzip, { maxOutputLength: evidenceSourceBytesMax });
  } catch {
    return undefined;
  }
}

function known(source: string): EvidenceSource {
  const found = evidenceSources.find((name) => name === source);
  if (found === undefined) throw malformed(`no evidence is called ${source}`);
  return found;
}

function malformed(message: string): PpecError {
  return new PpecError('invalid_argument', message);
}

export type Stored = {
  readonly assetId: string;
  readonly bootId: string;
  readonly report: Report;
  readonly inventory: Inventory;
};

/** In place of what the asset reported before. */
export async function storeInventory(uow: UnitOfWork, { assetId, bootId, report, inventory }: Stored): Promise<void> {
  const row = {
    asset_id: assetId,
    boot_id: bootId,
    hash: report.hash,
    inventory: toJson(inventory),
    parser: parserVersion,
    at: uow.nowMs,
    tracked: 1,
  };
  await uow.db
    .insertInto('inventories')
    .values(row)
    .onConflict((conflict) => conflict.column('asset_id').doUpdateSet(row))
    .execute();
  const before = await uow.db
    .selectFrom('inventory_sources')
    .select('sha256')
    .where('asset_id', '=', assetId)
    .execute();
  await uow.db.deleteFrom('inventory_sources').where('asset_id', '=', assetId).execute();
  const sources = [
    ...report.evidence.map(({ source, sha256 }) => ({ source, sha256, absent: null, unread: null })),
    ...report.absent.map(({ source, reason }) => ({ source, sha256: null, absent: reason, unread: null })),
    ...report.unread.map(({ source, reason }) => ({ source, sha256: null, absent: null, unread: reason })),
  ];
  if (sources.length > 0) {
    await uow.db
      .insertInto('inventory_sources')
      .values(sources.map((source) => ({ asset_id: assetId, ...source })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  if (report.evidence.length > 0) {
    await uow.db
      .insertInto('evidence')
      .values(
        report.evidence.map(({ sha256, gzip }) => ({
          sha256,
          encoding: 'gzip' as const,
          bytes: Buffer.from(gzip),
          created_at: uow.nowMs,
        })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  const kept = new Set(report.evidence.map(({ sha256 }) => sha256));
  const left = before.flatMap(({ sha256 }) => (sha256 === null || kept.has(sha256) ? [] : [sha256]));
  await dropUnreferenced(uow.db, left);
}

async function dropUnreferenced(db: Db, digests: readonly string[]): Promise<void> {
  if (digests.length === 0) return;
  await db
    .deleteFrom('evidence')
    .where('sha256', 'in', digests)
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('inventory_sources')
            .select('inventory_sources.sha256')
            .whereRef('inventory_sources.sha256', '=', 'evidence.sha256'),
        ),
      ),
    )
    .execute();
}

/** What an asset's inventory was made of. Bytes that fail their digest are told as unread. */
export async function evidenceOf(db: Db, assetId: string): Promise<Evidence[]> {
  const rows = await db
    .selectFrom('inventory_sources')
    .leftJoin('evidence', 'evidence.sha256', 'inventory_sources.sha256')
    .select(['source', 'inventory_sources.sha256', 'absent', 'unread', 'encoding', 'bytes'])
    .where('asset_id', '=', assetId)
    .execute();
  return rows.flatMap(({ source: name, sha256, absent, unread, encoding, bytes }): Evidence[] => {
    const source = evidenceSources.find((candidate) => candidate === name);
    if (source === undefined) return [];
    if (absent !== null) return [{ source, absentBecause: absent }];
    if (sha256 === null) return [{ source, unreadBecause: unread ?? 'not collected' }];
    const content = bytes === null ? undefined : encoding === 'gzip' ? unpack(bytes) : bytes;
    if (content === undefined || createHash('sha256').update(content).digest('hex') !== sha256)
      return [{ source, unreadBecause: 'the stored bytes do not have their digest' }];
    return [{ source, sha256, bytes: content }];
  });
}

export async function inventoryOf(db: Db, assetId: string): Promise<Inventory | undefined> {
  const row = await db.selectFrom('inventories').select('inventory').where('asset_id', '=', assetId).executeTakeFirst();
  return row === undefined ? undefined : fromJson(row.inventory);
}
