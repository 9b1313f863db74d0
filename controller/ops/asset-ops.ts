// Assets: what they are, what was found, what happened to them.
import { assetAsOf } from '../store/asset-as-of.ts';
import { findAsset, assetView, callName } from '../store/assets.ts';
import { PpecError } from '../../shared/errors.ts';
import { isInspectable } from '../../shared/lifecycle/asset.ts';
import { fromJson } from '../store/json.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';
import type { TimelineEntry } from '../../shared/api/asset.ts';
import type { Db } from '../store/database.ts';
import { assetPartLines } from '../store/part-events.ts';
import type { AssetRow } from '../store/schema.ts';

export const assetHandlers: Handlers<
  'asset.list' | 'asset.get' | 'asset.timeline' | 'asset.inventory' | 'asset.health' | 'asset.console' | 'asset.inspect'
> = {
  'asset.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor, ...filter }, { deps }) => {
      let query = deps.db.selectFrom('assets').selectAll();
      if (filter.state !== undefined) query = query.where('state', '=', filter.state);
      if (filter.presence !== undefined) query = query.where('presence', '=', filter.presence);
      if (filter.rack !== undefined) query = query.where('rack', '=', filter.rack);
      const wanted = filter.class;
      if (wanted !== undefined) {
        query = wanted.includes('@')
          ? query.where('class', '=', wanted)
          : query.where('class', 'like', `${wanted.replaceAll(/[%_]/g, '')}@%`);
      }
      if (cursor !== undefined) query = query.where('id', '>', cursor);
      const rows = await query
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, assetView);
    },
  },
  'asset.get': {
    kind: 'read',
    run: async ({ asset, at }, { deps }) => {
      const row = await findAsset(deps.db, asset);
      return assetView(at === undefined ? row : await assetAsOf(deps.db, row, { atMs: at, nowMs: deps.clock.nowMs() }));
    },
  },
  'asset.timeline': {
    kind: 'read',
    run: async ({ asset }, { deps }) => ({
      items: await timelineOf(deps.db, await findAsset(deps.db, asset)),
      next: null,
    }),
  },
  'asset.inventory': {
    kind: 'read',
    run: async ({ asset }, { deps }) => {
      const row = await findAsset(deps.db, asset);
      const stored = await deps.db
        .selectFrom('inventories')
        .selectAll()
        .where('asset_id', '=', row.id)
        .executeTakeFirst();
      if (stored === undefined) throw new PpecError('not_found', `${callName(row)} has not reported an inventory yet.`);
      return {
        assetId: row.id,
        bootId: stored.boot_id,
        hash: stored.hash,
        at: stored.at,
        inventory: fromJson(stored.inventory),
      };
    },
  },
  'asset.health': {
    kind: 'read',
    run: async ({ asset }, { deps }) => {
      const row = await findAsset(deps.db, asset);
      const stored = await deps.db
        .selectFrom('health_reports')
        .selectAll()
        .where('asset_id', '=', row.id)
        .executeTakeFirst();
      if (stored === undefined) throw new PpecError('not_found', `${callName(row)} has not reported its health yet.`);
      return { assetId: row.id, at: stored.at, report: fromJson(stored.report) };
    },
  },
  'asset.console': {
    kind: 'read',
    run: async ({ asset }, { deps }) => {
      const row = await findAsset(deps.db, asset);
      const kept = await deps.db
        .selectFrom('console_logs')
        .selectAll()
        .where('asset_id', '=', row.id)
        .executeTakeFirst();
      if (kept !== undefined && row.state === 'QUARANTINED') {
        return { assetId: row.id, text: kept.text, keptAt: kept.at };
      }
      const live = await deps.consoleText(row.serial);
      if (live === undefined) {
        throw new PpecError(
          'not_found',
          `There is no console log of ${callName(row)}. Set consoleLogDirectory to where the console server writes <serial>.log.`,
        );
      }
      return { assetId: row.id, text: live, keptAt: null };
    },
  },
  'asset.inspect': {
    kind: 'write',
    run: async ({ asset }, { uow }) => {
      const row = await findAsset(uow.db, asset);
      if (!isInspectable(row.state) || row.home !== 'pious') {
        throw new PpecError(
          'failed_precondition',
          `${callName(row)} is ${row.state}${row.home === 'pious' ? '' : ' and does not run PIOUS'}: only a machine that waits in PIOUS can be inspected.`,
        );
      }
      // The inspection waits for what the agent now reads: parts may have been changed while it runs.
      const next = await uow.patchAsset(row, { inspected_hash: null, inventory_boot_id: null });
      await uow.event('asset', row.id, `${callName(row)}: inspection asked for by ${uow.actor.name}`);
      uow.wake(row.id);
      return { output: assetView(next), targets: [row.id], message: `inspection of ${callName(row)} asked for` };
    },
  },
};

const timelineMax = 1000;
const fieldsShown = new Set(['state', 'presence', 'hold', 'health', 'address', 'class', 'home']);

/** State changes, reports and parts of one asset, from its changelog and its parts' timeline, oldest first. */
async function timelineOf(db: Db, asset: AssetRow): Promise<TimelineEntry[]> {
  const changes = await db
    .selectFrom('changelog')
    .selectAll()
    .where('object_kind', '=', 'asset')
    .where('object_id', '=', asset.id)
    .orderBy('seq', 'desc')
    .limit(timelineMax)
    .execute();
  const reasons = new Map(
    changes.filter(({ field }) => field === 'state_reason').map(({ at, after }) => [at, after ?? ''] as const),
  );
  const entries = changes
    .filter(({ field }) => fieldsShown.has(field))
    .map((row): TimelineEntry => ({
      at: row.at,
      event: row.field === 'state' ? (row.after ?? '').toLowerCase() : row.field,
      text: row.field === 'state' ? (reasons.get(row.at) ?? '') : `${row.before ?? 'none'} → ${row.after ?? 'none'}`,
      actor: row.actor,
      change: row.change_id,
    }))
    .toReversed();
  const first: TimelineEntry = {
    at: asset.created_at,
    event: asset.purchase_order === null ? 'first seen' : 'ordered',
    text: asset.purchase_order === null ? asset.serial : `${asset.purchase_order} line ${asset.order_line ?? '?'}`,
    actor: 'controller',
    change: null,
  };
  const parts = (await assetPartLines(db, asset.id)).map((line): TimelineEntry => ({
    event: 'part',
    change: null,
    ...line,
  }));
  return [first, ...[...entries, ...parts].toSorted((a, b) => a.at - b.at)];
}
