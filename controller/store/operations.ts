// Beginning an operation: the row that its reconciler works on.
import type { OperationStep } from '../../shared/api/operation-handle.ts';
import { newId } from '../../shared/ids.ts';
import { toJson } from './json.ts';
import type { BurnInWork, ProvisionWork } from './schema.ts';
import type { UnitOfWork } from './unit-of-work.ts';

export type Begun = {
  readonly kind: 'asset.provision' | 'asset.burn-in';
  readonly assetId: string;
  /** Undefined where no change was needed. */
  readonly changeId: string | undefined;
  readonly steps: readonly OperationStep[];
  readonly work: ProvisionWork | BurnInWork;
};

export async function startOperation(uow: UnitOfWork, begun: Begun): Promise<string> {
  const id = newId('operation', uow.ids);
  await uow.db
    .insertInto('operations')
    .values({
      id,
      kind: begun.kind,
      asset_id: begun.assetId,
      change_id: begun.changeId ?? '',
      state: 'running',
      steps: toJson([...begun.steps]),
      progress_percent: 0,
      error: null,
      work: toJson(begun.work),
      // The reconciler gives every step its own deadline as it starts.
      deadline_at: uow.nowMs,
      created_at: uow.nowMs,
      ended_at: null,
      revision: 1,
    })
    .execute();
  return id;
}
