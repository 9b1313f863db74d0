// Tags of assets. A tag that a grant names decides who may do what: setting or removing one needs the right at region, and
// is nobody's way to rights of their own.
import { tagsMax } from '../../shared/api/asset-tag.ts';
import { PpecError } from '../../shared/errors.ts';
import { covers, decide, type Subject } from '../domain/rbac.ts';
import { assetView, callName, findAsset } from '../store/assets.ts';
import { scopeOf } from '../store/grants.ts';
import { fromJson, toJson } from '../store/json.ts';
import { assetSubject } from '../store/subjects.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import { refuseOwnGain } from './cluster-ops.ts';
import type { Handlers, WriteContext } from './handler.ts';

export const assetTagHandlers: Handlers<'asset.tag'> = {
  'asset.tag': {
    kind: 'write',
    run: async ({ asset, set = {}, remove = [] }, context) => {
      const { uow } = context;
      const row = await findAsset(uow.db, asset);
      const name = callName(row);
      const kept = Object.entries(fromJson(row.tags)).filter(([key]) => !remove.includes(key));
      const tags = Object.fromEntries([...kept, ...Object.entries(set)].toSorted(([a], [b]) => (a < b ? -1 : 1)));
      if (Object.keys(tags).length > tagsMax)
        throw new PpecError('failed_precondition', `${name} would have more than ${tagsMax} tags. Remove some.`);
      const before = assetSubject(row);
      await checkReach(context, before, { ...before, tags });
      await uow.db.deleteFrom('asset_tags').where('asset_id', '=', row.id).execute();
      const rows = Object.entries(tags).map(([key, value]) => ({ asset_id: row.id, key, value }));
      if (rows.length > 0) await uow.db.insertInto('asset_tags').values(rows).execute();
      const next = await uow.patchAsset(row, { tags: toJson(tags) });
      const text = rows.map(({ key, value }) => `${key}=${value}`).join(' ');
      await uow.event('asset', row.id, `${name} tagged: ${text === '' ? 'nothing' : text}`);
      return { output: assetView(next), targets: [row.id], message: `${name} tagged: ${text}` };
    },
  },
};

/** Whether a grant in force reaches the machine by its tags before and not after, or the other way round. */
async function checkReach({ uow, caller }: WriteContext, before: Subject, after: Subject): Promise<void> {
  const scopes = await tagScopes(uow);
  if (scopes.every((scope) => covers(scope, before) === covers(scope, after))) return;
  const decision = decide(caller.rights, 'asset.tag', 'region');
  if (!decision.allowed) {
    throw new PpecError('permission_denied', `This tag decides who may do what on the machine. ${decision.why}`);
  }
  await refuseOwnGain(uow, before, after);
}

async function tagScopes(uow: UnitOfWork) {
  const rows = await uow.db
    .selectFrom('grants')
    .select('scope')
    .distinct()
    .where('scope_kind', '=', 'tags')
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', uow.nowMs)]))
    .execute();
  return rows.map(scopeOf);
}
