// Vendors: their rows as the API shows them, and how each is found.
import type { Kysely } from 'kysely';

import type { Vendor, VendorColumns } from '../../shared/api/vendor.ts';
import { PpecError } from '../../shared/errors.ts';
import { fromJson } from './json.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;
export type VendorRow = Database['vendors'];

/** A vendor's name as a key: orders are typed by people. */
export function vendorKey(name: string): string {
  return name.trim().toLowerCase().replaceAll(/\s+/g, ' ');
}

export function vendorView(row: VendorRow): Vendor {
  return {
    id: row.id,
    name: row.name,
    contact: row.contact,
    notes: row.notes,
    columns: { ...fromJson(row.columns) },
    createdAt: row.created_at,
    revision: row.revision,
  };
}

export async function vendorByName(db: Db, name: string): Promise<VendorRow | undefined> {
  return db.selectFrom('vendors').selectAll().where('name_key', '=', vendorKey(name)).executeTakeFirst();
}

/** By name or id. Throws `not_found`. */
export async function findVendor(db: Db, reference: string): Promise<VendorRow> {
  const row = await db
    .selectFrom('vendors')
    .selectAll()
    .where((eb) => eb.or([eb('id', '=', reference), eb('name_key', '=', vendorKey(reference))]))
    .executeTakeFirst();
  if (row === undefined)
    throw new PpecError('not_found', `There is no vendor '${reference}'. List them: ppec vendor list`);
  return row;
}

/** The columns of the files of a vendor; none where the vendor is a name only. */
export async function columnsOfVendor(db: Db, name: string | undefined): Promise<VendorColumns> {
  const row = name === undefined ? undefined : await vendorByName(db, name);
  return row === undefined ? {} : fromJson(row.columns);
}
