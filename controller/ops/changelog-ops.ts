// The changelog of one object of any noun. A new noun is one line in the table below.
import type { ChangelogEntry } from '../../shared/api/changelog.ts';
import { PpecError } from '../../shared/errors.ts';
import { findAsset } from '../store/assets.ts';
import type { Db } from '../store/database.ts';
import { findPerson } from '../store/people.ts';
import { findClass, findImage, findNetwork, findPurchaseOrder } from '../store/records.ts';
import { findVendor } from '../store/vendors.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit } from './page.ts';

type Noun = {
  /** Who may see the object itself may see what became of it. */
  readonly permission: string;
  /** The id under which the noun is logged; left out, objects are named by their ids. */
  readonly find?: (db: Db, name: string) => Promise<{ readonly id: string } | undefined>;
};

const nouns: Readonly<Record<string, Noun>> = {
  asset: { permission: 'asset.get', find: findAsset },
  change: { permission: 'change.get' },
  person: { permission: 'person.list', find: findPerson },
  credential: { permission: 'person.list' },
  class: { permission: 'class.get', find: findClass },
  network: { permission: 'network.get', find: findNetwork },
  image: { permission: 'image.get', find: findImage },
  vendor: { permission: 'vendor.get', find: findVendor },
  'purchase-order': { permission: 'po.get', find: findPurchaseOrder },
  cabling: { permission: 'cabling.list' },
  part: { permission: 'part.get' },
  waiver: { permission: 'waiver.list' },
};

export const changelogHandlers: Handlers<'changelog.list'> = {
  'changelog.list': {
    kind: 'read',
    run: async ({ noun, name, limit = defaultLimit, cursor, field, from, to }, { deps, caller }) => {
      const known = Object.hasOwn(nouns, noun) ? nouns[noun] : undefined;
      if (known === undefined) {
        throw new PpecError(
          'not_found',
          `'${noun}' has no changelog. Those that have: ${Object.keys(nouns).join(', ')}.`,
        );
      }
      if (!caller.permissions.has(known.permission)) {
        throw new PpecError('permission_denied', `You may not see this: it needs the permission ${known.permission}.`);
      }
      const id = await objectId(deps.db, known, { noun, name });
      let query = deps.db
        .selectFrom('changelog')
        .selectAll()
        .where('object_kind', '=', noun)
        .where('object_id', '=', id);
      if (field !== undefined) query = query.where('field', '=', field);
      if (from !== undefined) query = query.where('at', '>=', from);
      if (to !== undefined) query = query.where('at', '<=', to);
      if (cursor !== undefined) query = query.where('seq', '<', sequence(cursor));
      const rows = await query
        .orderBy('seq', 'desc')
        .limit(limit + 1)
        .execute();
      const items = rows.slice(0, limit).map((row): ChangelogEntry => ({
        seq: row.seq,
        at: row.at,
        noun: row.object_kind,
        objectId: row.object_id,
        field: row.field,
        before: row.before,
        after: row.after,
        actor: row.actor,
        change: row.change_id,
        revision: row.revision,
      }));
      return { items, next: rows.length > limit ? String(items.at(-1)?.seq ?? '') : null };
    },
  },
};

/** By name where there is such an object; else what was given is an id, of one that may be gone. */
async function objectId(db: Db, { find }: Noun, { noun, name }: { noun: string; name: string }): Promise<string> {
  try {
    const found = await find?.(db, name);
    if (found !== undefined) return found.id;
  } catch (error) {
    if (!(error instanceof PpecError) || error.code !== 'not_found') throw error;
    const row = await db
      .selectFrom('changelog')
      .select('seq')
      .where('object_kind', '=', noun)
      .where('object_id', '=', name)
      .limit(1)
      .executeTakeFirst();
    if (row === undefined) throw error;
  }
  return name;
}

function sequence(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new PpecError('invalid_argument', 'cursor: give `next` of the page before, as it came.');
}
