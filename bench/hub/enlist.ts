// A fleet that enrolled long ago: machines with valid certificates and rows in a region's store, as enrolment and
// inspection leave them. Putting them there takes a second; enrolling as many takes minutes, and is measured apart.
import { join } from 'node:path';

import { openRegionCa, type RegionCa } from '../../controller/crypto/region-ca.ts';
import { strongRng } from '../../controller/strong-rng.ts';
import { recordCertificate } from '../../controller/store/agent-certificates.ts';
import { newAssetRow } from '../../controller/store/assets.ts';
import { openDatabase } from '../../controller/store/database.ts';
import { createStore, systemActor } from '../../controller/store/unit-of-work.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Enrolled } from './link.ts';
import type { Machine } from './machine.ts';

const dayMs = 86_400_000;
const rowsAtOnce = 100;

/** The CA of a region whose controller has its data there; made if it is the first to ask. */
export function benchCa(dataDirectory: string): Promise<RegionCa> {
  return openRegionCa({
    folder: join(dataDirectory, 'keys'),
    region: 'bench-1',
    hosts: ['localhost'],
    agentLifeMs: dayMs,
    clock: systemClock,
    rng: strongRng,
  });
}

/** Writes the machines down. The controller must not run. */
export async function enlist(machines: readonly Machine[], dataDirectory: string): Promise<Enrolled[]> {
  const ca = await benchCa(dataDirectory);
  const rows = machines.map(({ serial, uuid, bootId, report }) =>
    newAssetRow(
      {
        serial,
        uuid,
        // The one state that a starting controller does not look into: what that leaves in memory is no link's.
        state: 'ORDERED',
        state_reason: 'enlisted by the bench',
        health: 'ok',
        home: 'pious',
        boot_id: bootId,
        inventory_hash: report.hash,
        inventory_boot_id: bootId,
        inspected_boot_id: bootId,
        inspected_hash: report.hash,
      },
      { clock: systemClock, rng: strongRng },
    ),
  );
  const enrolled: Enrolled[] = [];
  const db = await openDatabase(join(dataDirectory, 'ppec.db'));
  const store = createStore({ db, ids: { clock: systemClock, rng: strongRng }, committed: () => undefined });
  try {
    for (let at = 0; at < rows.length; at += rowsAtOnce) {
      await store.write(systemActor('bench'), async (uow) => {
        const some = rows.slice(at, at + rowsAtOnce);
        await uow.db.insertInto('assets').values(some).execute();
        for (const [nth, { id, boot_id }] of some.entries()) {
          const issued = await ca.issueAgent(id, machines[at + nth]?.publicKeyPem ?? '');
          await recordCertificate(uow, issued, { asset_id: id, boot_id: boot_id ?? '', home: 'pious' });
          enrolled.push({ assetId: id, cert: issued.certificate, ca: ca.caPem });
        }
      });
    }
  } finally {
    await db.destroy();
  }
  return enrolled;
}
