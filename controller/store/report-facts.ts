// What a delivery report is made of: the machines that carry an order's serials, their waivers, and since when what blocks
// them was found.
import type { Kysely } from 'kysely';

import type { PurchaseOrder } from '../../shared/api/purchase-order.ts';
import type { UnixMs } from '../../shared/clock.ts';
import { serialKey } from '../../shared/hardware/identity.ts';
import {
  findingKey,
  isBlockingOrWaived,
  type PastInspection,
  type ReportAsset,
  type ReportFacts,
  type ReportWaiver,
} from '../domain/order/report-machines.ts';
import { fromJson } from './json.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;
/** Rows per statement: a statement has a limited number of values. */
const chunk = 500;
/** Inspections looked back at for one machine; what was found in all of them is told since the oldest. */
const inspectionsMax = 50;

export async function reportFacts(db: Db, order: PurchaseOrder, nowMs: UnixMs): Promise<ReportFacts> {
  const assets: ReportAsset[] = [];
  const waivers: ReportWaiver[] = [];
  for (const keys of chunksOf(serialsOf(order))) {
    const found = await assetsOf(db, keys);
    assets.push(...found);
    waivers.push(
      ...(await waiversOf(
        db,
        found.map(({ id }) => id),
      )),
    );
  }
  const inspections = new Map<string, PastInspection[]>();
  for (const { id, findings } of assets)
    if (findings.some(isBlockingOrWaived)) inspections.set(id, await inspectionsOf(db, id));
  return { order, assets, waivers, inspections, nowMs };
}

function serialsOf({ servers, invoices }: PurchaseOrder): string[] {
  const billed = invoices.flatMap(({ lines }) => lines.flatMap(({ serials }) => serials));
  return [...new Set([...servers.map(({ serial }) => serial), ...billed].map(serialKey))];
}

async function assetsOf(db: Db, serialKeys: readonly string[]): Promise<ReportAsset[]> {
  const rows = await db
    .selectFrom('assets')
    .select(['id', 'serial', 'name', 'datacenter', 'rack', 'slot'])
    .select(['purchase_order', 'state', 'state_since', 'findings'])
    .where('serial_key', 'in', serialKeys)
    .orderBy('id')
    .execute();
  return rows.map(({ purchase_order, state_since, findings, ...row }) => ({
    ...row,
    purchaseOrder: purchase_order,
    stateSince: state_since,
    findings: fromJson(findings),
  }));
}

async function waiversOf(db: Db, assetIds: readonly string[]): Promise<ReportWaiver[]> {
  if (assetIds.length === 0) return [];
  const rows = await db
    .selectFrom('waivers')
    .select(['asset_id', 'path', 'rule', 'expires_at'])
    .where('asset_id', 'in', assetIds)
    .where('ended', '=', 0)
    .execute();
  return rows.map(({ asset_id, path, rule, expires_at }) => ({
    assetId: asset_id,
    path,
    rule,
    expiresAt: expires_at,
  }));
}

async function inspectionsOf(db: Db, assetId: string): Promise<PastInspection[]> {
  const rows = await db
    .selectFrom('inspections')
    .select(['at', 'findings'])
    .where('asset_id', '=', assetId)
    .orderBy('at', 'desc')
    .limit(inspectionsMax)
    .execute();
  return rows.map(({ at, findings }) => ({
    at,
    found: new Set(fromJson(findings).filter(isBlockingOrWaived).map(findingKey)),
  }));
}

function* chunksOf(keys: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < keys.length; from += chunk) yield keys.slice(from, from + chunk);
}
