// The process that is killed: it writes through the real store, with real syncs of the disk, and tells of each write when
// it is acknowledged. Arguments: folder, number of the run, seed.
import { writeSync } from 'node:fs';
import { join } from 'node:path';

import { createProblems } from '../../../controller/audit/problems.ts';
import { startHeads, type Heads } from '../../../controller/audit/heads.ts';
import { sealOld } from '../../../controller/audit/retention.ts';
import { openAuditKey } from '../../../controller/crypto/audit-key.ts';
import { createLog } from '../../../controller/log.ts';
import { openAuditArchive, segmentFolder } from '../../../controller/store/audit-archive.ts';
import { openDatabase } from '../../../controller/store/database.ts';
import { createStore, systemActor, type Store } from '../../../controller/store/unit-of-work.ts';
import { strongRng } from '../../../controller/strong-rng.ts';
import { systemClock } from '../../../shared/clock.ts';
import { seededRng, unit, type Rng } from '../../../shared/rng.ts';
import { headNote } from '../../../shared/audit/head.ts';

const callers = 24;
const refusal = new Error('refused');
const [folder = '', run = '', seed = ''] = process.argv.slice(2);
const rng = seededRng(Number(seed));
const actor = systemActor('crash');
const tell = (line: string): void => void writeSync(1, `${line}\n`);

const db = await openDatabase(join(folder, 'ppec.db'));
let heads: Heads | undefined;
const store = createStore({
  db,
  ids: { clock: systemClock, rng: strongRng },
  committed: (_woken, _event, end) => {
    if (end !== undefined) heads?.appended(end);
  },
});
const log = createLog('error');
const archive = openAuditArchive(segmentFolder({ dataDirectory: folder }), 'crash-1');
const signer = await openAuditKey(folder);
heads = await startHeads({
  store,
  archive,
  signer,
  witnessFile: join(folder, 'witness.jsonl'),
  problems: createProblems(store, log),
  handOut: (head) => tell(`head ${headNote(head)}`),
  log,
});
tell('ready');
await Promise.all(Array.from({ length: callers }, (_, caller) => write(store, caller)));

/** Without end: only the kill ends it. */
async function write(to: Store, caller: number): Promise<never> {
  for (let count = 0; ; count += 1) {
    const name = `${run}-${caller}-${count}`;
    const entries = 1 + Math.floor(unit(rng) * 3);
    const isRefused = unit(rng) < 0.1;
    try {
      await to.write(actor, async (uow) => {
        for (let i = 0; i < entries; i += 1)
          await uow.audit({ operation: 'crash', targets: [name], outcome: 'done', message: `${name} ${i}` });
        await uow.event('crash', name, name);
        await uow.changelog('crash', { id: name, after: { entries } });
        if (isRefused) throw refusal;
      });
      tell(`done ${name} ${entries}`);
    } catch (error) {
      if (error !== refusal) throw error;
      tell(`refused ${name}`);
    }
    await sometimes(rng, caller);
  }
}

async function sometimes(from: Rng, caller: number): Promise<void> {
  if (caller !== 0) return;
  const dice = unit(from);
  if (dice < 0.1) await heads?.sign();
  else if (dice < 0.15)
    await sealOld({ store, archive, signer, rules: { tableEntriesMax: 300, tableDaysMax: 1, segmentEntriesMax: 100 } });
}
