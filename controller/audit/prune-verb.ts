// `ppec-controller audit-prune`: deletes sealed segments of the audit, on the controller's own machine, by whoever may
// write its data folder. Nothing else deletes them.
import { userInfo } from 'node:os';
import { join } from 'node:path';

import { systemClock, toRfc3339 } from '../../shared/clock.ts';
import { parseInstant } from '../../shared/instant.ts';
import { strongRng } from '../strong-rng.ts';
import { openAuditArchive, segmentFolder } from '../store/audit-archive.ts';
import { openDatabase } from '../store/database.ts';
import { createStore, systemActor } from '../store/unit-of-work.ts';
import { pruneSegments } from './retention.ts';

type Words = { readonly print: (text: string) => void; readonly warn: (text: string) => void };
type Where = { readonly dataDirectory: string; readonly region: string };

export async function auditPrune(config: Where, args: readonly string[], { print, warn }: Words): Promise<number> {
  const at = args.indexOf('--before');
  const beforeMs = parseInstant(args[at + 1] ?? '');
  const rest = args.filter((word, index) => word !== '--yes' && index !== at && index !== at + 1);
  if (at < 0 || beforeMs === undefined || rest.length > 0) {
    warn('usage: ppec-controller audit-prune --before 2026-01-31 [--yes]\n');
    return 2;
  }
  const db = await openDatabase(join(config.dataDirectory, 'ppec.db'));
  try {
    const archive = openAuditArchive(segmentFolder(config), config.region);
    const due = await db
      .selectFrom('audit_segments')
      .selectAll()
      .where('last_at', '<', beforeMs)
      .where('pruned_at', 'is', null)
      .orderBy('first_seq')
      .execute();
    for (const row of due)
      print(`${row.file}  entries ${row.first_seq} to ${row.last_seq}, up to ${toRfc3339(row.last_at)}\n`);
    if (due.length === 0) print(`no sealed segment ends before ${toRfc3339(beforeMs)}\n`);
    else if (!args.includes('--yes')) print('Nothing was deleted. Delete these for ever: add --yes\n');
    else {
      const store = createStore({ db, ids: { clock: systemClock, rng: strongRng }, committed: () => undefined });
      const actor = { ...systemActor('local'), from: userInfo().username };
      const pruned = await pruneSegments(store, archive, { actor, beforeMs });
      print(`deleted ${pruned.length} ${pruned.length === 1 ? 'segment' : 'segments'}; that is in the audit\n`);
    }
    return 0;
  } finally {
    await db.destroy();
  }
}
