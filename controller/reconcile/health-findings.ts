// What an asset's newest health report means for its inspection.
import type { Finding } from '../../shared/inspection/finding.ts';
import type { HealthReport } from '../../shared/protocol/messages.ts';
import { fromJson } from '../store/json.ts';
import type { AssetRow } from '../store/schema.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';

/** A machine that was first inspected within this time has come from its vendor; later, we used its drives ourselves. */
const newForMs = 24 * 3_600_000;

export async function healthFindings(uow: UnitOfWork, asset: AssetRow): Promise<Finding[]> {
  const stored = await uow.db
    .selectFrom('health_reports')
    .selectAll()
    .where('asset_id', '=', asset.id)
    .executeTakeFirst();
  const { findings = [] } = stored === undefined ? {} : fromJson(stored.report);
  const isUsed = findings.some(({ check }) => check === 'drive-used');
  const isNew = isUsed && (await hasJustCome(uow, asset));
  return findings.filter(({ state, check }) => state !== 'ok' || (isNew && check === 'drive-used')).map(findingOf);
}

async function hasJustCome(uow: UnitOfWork, asset: AssetRow): Promise<boolean> {
  const first = await uow.db
    .selectFrom('inspections')
    .select('at')
    .where('asset_id', '=', asset.id)
    .orderBy('at')
    .limit(1)
    .executeTakeFirst();
  return asset.production_ran === 'no' && (first === undefined || uow.nowMs - first.at < newForMs);
}

function findingOf({ check, component, state, message }: HealthReport['findings'][number]): Finding {
  return {
    path: `health/${component}`.slice(0, 200),
    // What could not be checked is not well by that.
    kind: state === 'unknown' ? 'unverifiable' : 'degraded',
    severity: state === 'failed' ? 'block' : 'warn',
    expected: check === 'drive-used' ? 'new' : 'ok',
    actual: check === 'drive-used' ? 'used' : state,
    source: 'agent',
    rule: `health-${check}`.slice(0, 80),
    class: null,
    sentence: message.slice(0, 300),
  };
}
