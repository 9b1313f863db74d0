// Waivers in force, and what they do to findings: a waived finding stays visible and stops blocking.
import type { Kysely } from 'kysely';

import type { Finding } from '../../shared/inspection/finding.ts';
import { waivedFinding } from '../domain/waived.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;
export type WaiverRow = Database['waivers'];

/** Those of one asset whose end nobody has acted upon yet. */
export async function openWaivers(db: Db, assetId: string): Promise<WaiverRow[]> {
  return db.selectFrom('waivers').selectAll().where('asset_id', '=', assetId).where('ended', '=', 0).execute();
}

export function withWaivers(findings: readonly Finding[], waivers: readonly WaiverRow[], nowMs: number): Finding[] {
  return findings.map((finding) => {
    const waiver = waivers.find(
      (candidate) => candidate.path === finding.path && candidate.rule === finding.rule && candidate.expires_at > nowMs,
    );
    return waiver === undefined || finding.severity !== 'block' ? finding : waivedFinding(finding, waiver.expires_at);
  });
}
