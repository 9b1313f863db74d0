// What runs on an asset: at most one operation at a time, named by the asset's row.
import type { Kysely } from 'kysely';

import { assetById } from './assets.ts';
import { fromJson } from './json.ts';
import type { AssetRow, BurnInWork, Database, OperationRow, ProvisionWork } from './schema.ts';

type AnyWork = ProvisionWork | BurnInWork;

export type Running<Work extends AnyWork> = {
  readonly asset: AssetRow;
  readonly operation: OperationRow;
  readonly work: Work;
};

/** The asset with the operation that runs on it; undefined where none does, or one of another kind. */
export async function runningOperation<Work extends AnyWork>(
  db: Kysely<Database>,
  assetId: string,
  isWork: (work: AnyWork) => work is Work,
): Promise<Running<Work> | undefined> {
  const asset = await assetById(db, assetId);
  if (asset === undefined || asset.operation_id === null) return undefined;
  const operation = await db
    .selectFrom('operations')
    .selectAll()
    .where('id', '=', asset.operation_id)
    .executeTakeFirst();
  if (operation?.state !== 'running') return undefined;
  const work = fromJson(operation.work);
  return isWork(work) ? { asset, operation, work } : undefined;
}
