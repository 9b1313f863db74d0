// What agents hold: a head that an agent kept and this audit contradicts is an alert at once.
import type { SignedHead } from '../../shared/audit/head.ts';
import type { Log } from '../log.ts';
import type { AuditArchive } from '../store/audit-archive.ts';
import { systemActor, type Store } from '../store/unit-of-work.ts';
import { headProblem } from './check-head.ts';
import type { Problems } from './problems.ts';

export type HeldHeadsDeps = {
  readonly store: Store;
  readonly archive: AuditArchive;
  readonly problems: Problems;
  readonly log: Log;
};

/** Alerts told one by one; after them only the log has more: thousands of agents may say the same. */
const alertsMax = 100;

/** Looks at the heads that an agent reports when it connects. */
export function heldHeads(deps: HeldHeadsDeps): (assetId: string, heads: readonly SignedHead[]) => Promise<void> {
  const { store, archive, problems, log } = deps;
  const told = new Set<string>();
  return async (assetId, heads) => {
    for (const head of heads) {
      const problem = await headProblem(store.db, archive, head);
      if (problem === undefined) continue;
      log.error({ assetId, head: head.seq, problem }, 'an agent holds a head that the audit contradicts');
      const message = `${assetId} holds ${problem}.`;
      // An agent that connects again says it again.
      const claim = `${assetId} ${head.seq} ${head.hash}`;
      if (told.size >= alertsMax || told.has(claim)) return;
      told.add(claim);
      await store.write(systemActor('audit'), async (uow) => {
        await uow.audit({ operation: 'audit.contradicted', targets: [assetId], outcome: 'failed', message });
        await uow.event('alert', assetId, `ALERT: the audit is contradicted: ${message}`);
      });
      await problems.raise('audit-contradicted', message);
      return;
    }
  };
}
