// Parts: where each is, what happened to it, and what went back to its vendor.
import type { Part } from '../../shared/api/part.ts';
import { PpecError } from '../../shared/errors.ts';
import { serialKey } from '../../shared/hardware/identity.ts';
import { assert } from '../../shared/assert.ts';
import { partName, placeName, sharedSentence } from '../domain/part-sentences.ts';
import type { Rights } from '../domain/rbac.ts';
import { byText, partsOf } from '../domain/parts.ts';
import { assetById, findAsset } from '../store/assets.ts';
import type { Db } from '../store/database.ts';
import { inventoryOf } from '../store/inventories.ts';
import { findPart, partEventsMax, partTimeline, partViews } from '../store/part-events.ts';
import { appendPartEvents } from '../store/parts.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import { visibleParts } from '../store/visibility.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit } from './page.ts';

export const partHandlers: Handlers<'part.list' | 'part.get' | 'part.rma' | 'asset.parts'> = {
  'part.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor, ...filter }, { deps, caller }) => {
      let query = deps.db.selectFrom('parts').selectAll().where(visibleParts(caller.rights, 'part.list'));
      if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
      if (filter.state !== undefined) query = query.where('state', '=', filter.state);
      if (filter.asset !== undefined) {
        const { id } = await findAsset(deps.db, filter.asset);
        query = query.where((where) => where.or([where('asset_id', '=', id), where('last_asset_id', '=', id)]));
      }
      if (filter.serial !== undefined) {
        const from = prefixKey(filter.serial);
        query = query.where('serial_key', '>=', from).where('serial_key', '<', `${from}\u{10ffff}`);
      }
      if (cursor !== undefined) query = query.where('id', '>', cursor);
      const rows = await query
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      const shown = rows.slice(0, limit);
      return {
        items: await partViews(deps.db, shown, caller.rights),
        next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null,
      };
    },
  },
  'part.get': {
    kind: 'read',
    run: async ({ part }, { deps, caller }) => {
      const row = await findPart(deps.db, part);
      const timeline = await partTimeline(deps.db, row.id, caller.rights);
      return { ...(await oneView(deps.db, row.id, caller.rights)), timeline };
    },
  },
  'part.rma': {
    kind: 'write',
    run: async ({ part, reference, reason }, { uow, caller }) => {
      const row = await findPart(uow.db, part);
      if (row.kind === 'nic')
        throw new PpecError('invalid_argument', `A port is no part by itself. Send back its card or board.`);
      if (row.rma === reference)
        throw new PpecError('already_exists', `${partName(row)} is marked as sent back under ${reference} already.`);
      const changed = { state: 'rma' as const, rma: reference, revision: row.revision + 1 };
      await uow.db.updateTable('parts').set(changed).where('id', '=', row.id).execute();
      await uow.changelog('part', { id: row.id, before: row, after: { ...row, ...changed }, changeId: null });
      await appendPartEvents(uow, [
        {
          part_id: row.id,
          event: 'rma',
          asset_id: row.asset_id ?? row.last_asset_id,
          slot: row.slot,
          from_asset_id: null,
          from_slot: null,
          by_part_id: null,
          rma: reference,
          reason,
        },
      ]);
      const view = await oneView(uow.db, row.id, caller.rights);
      const message = `${partName(row)} of ${await whereWas(uow, view)} sent back under ${reference}: ${reason}`;
      return { output: view, targets: [row.id, ...assetsOf(view)], message };
    },
  },
  'asset.parts': {
    kind: 'read',
    run: async ({ asset }, { deps, caller }) => {
      const { id } = await findAsset(deps.db, asset);
      const here = await deps.db.selectFrom('parts').selectAll().where('asset_id', '=', id).execute();
      const before = await deps.db
        .selectFrom('parts')
        .selectAll()
        .where((where) =>
          where(
            'id',
            'in',
            where
              .selectFrom('part_events')
              .select('part_id')
              .where((event) => event.or([event('asset_id', '=', id), event('from_asset_id', '=', id)])),
          ),
        )
        .where((where) => where.or([where('asset_id', 'is', null), where('asset_id', '!=', id)]))
        .orderBy('since', 'desc')
        .limit(partEventsMax)
        .execute();
      const inventory = await inventoryOf(deps.db, id);
      const views = await partViews(deps.db, here, caller.rights);
      return {
        here: views.toSorted((a, b) => byPlace(a, b)),
        before: await partViews(deps.db, before, caller.rights),
        untracked: inventory === undefined ? [] : partsOf(inventory).shared.map(sharedSentence),
      };
    },
  },
};

/** The key form of a serial that is not written to its end. */
function prefixKey(text: string): string {
  const mac = text.trim().toLowerCase().replaceAll('-', ':');
  return serialKey(/^[0-9a-f]{2}(:[0-9a-f]{0,2}){1,5}$/.test(mac) ? mac : text) || text.trim().toUpperCase();
}

function byPlace(a: Part, b: Part): number {
  return byText(a.kind, b.kind) || a.slot.localeCompare(b.slot, 'en', { numeric: true });
}

async function oneView(db: Db, id: string, rights: Rights): Promise<Part> {
  const rows = await db.selectFrom('parts').selectAll().where('id', '=', id).execute();
  const [view] = await partViews(db, rows, rights);
  assert(view !== undefined, `part ${id} exists`);
  return view;
}

function assetsOf({ assetId, lastAssetId }: Part): string[] {
  return [assetId ?? lastAssetId].filter((id) => id !== null);
}

async function whereWas(uow: UnitOfWork, part: Part): Promise<string> {
  const [id] = assetsOf(part);
  const asset = id === undefined ? undefined : await assetById(uow.db, id);
  return `${asset?.name ?? asset?.serial ?? 'no machine'}, ${placeName(part.kind, part.slot)}`;
}
