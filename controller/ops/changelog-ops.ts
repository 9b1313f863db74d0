// The changelog of one object of any noun. A new noun is one line in the table below.
import type { ObjectKind } from '../../shared/api/operation.ts';
import type { ChangelogEntry } from '../../shared/api/changelog.ts';
import { PpecError } from '../../shared/errors.ts';
import { decide, type Rights, type Where } from '../domain/rbac.ts';
import type { Db } from '../store/database.ts';
import { findPerson } from '../store/people.ts';
import { findClass, findImage, findNetwork, findPurchaseOrder } from '../store/records.ts';
import { findVendor } from '../store/vendors.ts';
import { findWebhook } from '../store/webhooks.ts';
import { readable } from './authorise.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit } from './page.ts';

type Noun = {
  /** Who may see the object itself may see what became of it. */
  readonly permission: string;
  /** Where it must hold; an object of its own kind is decided on by what it belongs to. */
  readonly where: 'region' | 'anywhere' | Exclude<ObjectKind, 'scope'>;
  /** The id under which the noun is logged; left out, objects are named by their ids. */
  readonly find?: (db: Db, name: string) => Promise<{ readonly id: string } | undefined>;
};

export const nouns: Readonly<Record<string, Noun>> = {
  asset: { permission: 'asset.get', where: 'asset' },
  change: { permission: 'change.get', where: 'change' },
  part: { permission: 'part.get', where: 'part' },
  team: { permission: 'team.get', where: 'team' },
  project: { permission: 'project.get', where: 'project' },
  cluster: { permission: 'cluster.get', where: 'cluster' },
  grant: { permission: 'grant.list', where: 'grant' },
  policy: { permission: 'policy.get', where: 'policy' },
  role: { permission: 'role.get', where: 'anywhere' },
  class: { permission: 'class.get', where: 'anywhere', find: findClass },
  network: { permission: 'network.get', where: 'anywhere', find: findNetwork },
  image: { permission: 'image.get', where: 'anywhere', find: findImage },
  person: { permission: 'person.list', where: 'region', find: findPerson },
  credential: { permission: 'person.list', where: 'region' },
  session: { permission: 'person.list', where: 'region' },
  vendor: { permission: 'vendor.get', where: 'region', find: findVendor },
  'purchase-order': { permission: 'po.get', where: 'region', find: findPurchaseOrder },
  cabling: { permission: 'cabling.list', where: 'region' },
  webhook: { permission: 'webhook.get', where: 'region', find: findWebhook },
  waiver: { permission: 'asset.get', where: 'region' },
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
      const id = await objectId(deps.db, known, { noun, name, rights: caller.rights });
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

type Wanted = { readonly noun: string; readonly name: string; readonly rights: Rights };

/** By name where there is such an object; else what was given is an id, of one that may be gone. */
async function objectId(db: Db, { permission, where, find }: Noun, { noun, name, rights }: Wanted): Promise<string> {
  const needs = (at: Where): void => {
    const decision = decide(rights, permission, at);
    if (!decision.allowed) throw new PpecError('permission_denied', `You may not see this. ${decision.why}`);
  };
  needs(where === 'region' ? 'region' : 'anywhere');
  try {
    if (where !== 'region' && where !== 'anywhere') {
      return (await readable(db, { kind: where, reference: name, rights })).id;
    }
    const found = await find?.(db, name);
    if (found !== undefined) return found.id;
  } catch (error) {
    if (!(error instanceof PpecError) || error.code !== 'not_found') throw error;
    // What is gone belongs to nobody any more: it is for those who see everything.
    const isShown = where === 'anywhere' || decide(rights, permission, 'region').allowed;
    if (!isShown || !(await isLogged(db, noun, name))) throw error;
  }
  return name;
}

async function isLogged(db: Db, noun: string, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('changelog')
    .select('seq')
    .where('object_kind', '=', noun)
    .where('object_id', '=', id)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

function sequence(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new PpecError('invalid_argument', 'cursor: give `next` of the page before, as it came.');
}
