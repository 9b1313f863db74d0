// Vendors: who orders are placed with, and the columns of their files.
import { PpecError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import { toJson } from '../store/json.ts';
import { findVendor, vendorByName, vendorKey, vendorView, type VendorRow } from '../store/vendors.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';

export const vendorHandlers: Handlers<'vendor.list' | 'vendor.get' | 'vendor.create' | 'vendor.update'> = {
  'vendor.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor }, { deps }) => {
      let query = deps.db.selectFrom('vendors').selectAll();
      if (cursor !== undefined) query = query.where('id', '>', cursor);
      const rows = await query
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, vendorView);
    },
  },
  'vendor.get': {
    kind: 'read',
    run: async ({ vendor }, { deps }) => vendorView(await findVendor(deps.db, vendor)),
  },
  'vendor.create': {
    kind: 'write',
    run: async ({ name, contact, notes, columns }, { uow }) => {
      if ((await vendorByName(uow.db, name)) !== undefined)
        throw new PpecError('already_exists', `There is a vendor '${name}' already. Change it: ppec vendor update`);
      const row: VendorRow = {
        id: newId('vendor', uow.ids),
        name: name.trim(),
        name_key: vendorKey(name),
        contact: contact ?? null,
        notes: notes ?? null,
        columns: toJson(columns ?? {}),
        created_at: uow.nowMs,
        revision: 1,
      };
      if (row.name === '') throw new PpecError('invalid_argument', 'A vendor needs a name.');
      await uow.db.insertInto('vendors').values(row).execute();
      await uow.changelog('vendor', { id: row.id, after: row });
      return { output: vendorView(row), targets: [row.id], message: `vendor ${row.name} created` };
    },
  },
  'vendor.update': {
    kind: 'write',
    run: async ({ vendor, revision, contact, notes, columns }, { uow }) => {
      const before = await findVendor(uow.db, vendor);
      if (revision !== undefined && revision !== before.revision) {
        throw new PpecError(
          'conflict',
          `${before.name} is at revision ${before.revision}, not ${revision}. Look again: ppec vendor get`,
        );
      }
      const changed = {
        contact: contact === undefined ? before.contact : contact,
        notes: notes === undefined ? before.notes : notes,
        columns: columns === undefined ? before.columns : toJson(columns),
        revision: before.revision + 1,
      };
      await uow.db.updateTable('vendors').set(changed).where('id', '=', before.id).execute();
      const after = { ...before, ...changed };
      await uow.changelog('vendor', { id: before.id, before, after, changeId: null });
      return { output: vendorView(after), targets: [before.id], message: `vendor ${before.name} changed` };
    },
  },
};
