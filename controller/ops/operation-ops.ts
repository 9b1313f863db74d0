// The operations that run: slow work that an approved change, a person or an inspection began.
import { missing } from '../store/missing.ts';
import { operationView } from '../store/records.ts';
import { ofVisibleAssets } from '../store/visibility.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';

export const operationHandlers: Handlers<'operation.list' | 'operation.get'> = {
  'operation.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor, state }, { deps, caller }) => {
      let query = deps.db
        .selectFrom('operations')
        .selectAll()
        .where(ofVisibleAssets(caller.rights, 'operation.list', 'operations.asset_id'));
      if (state !== undefined) query = query.where('state', '=', state);
      if (cursor !== undefined) query = query.where('id', '<', cursor);
      const rows = await query
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => operationView(deps.db, row));
    },
  },
  'operation.get': {
    kind: 'read',
    run: async ({ operation }, { deps }) => {
      const row = await deps.db.selectFrom('operations').selectAll().where('id', '=', operation).executeTakeFirst();
      if (row === undefined) throw missing('operation', operation);
      return operationView(deps.db, row);
    },
  },
};
