// The burn-in that a machine needs before it is a SPARE: what has been found by those it had, and the one that is due.
import { burnInProfiles, type BurnInProfileName } from '../../shared/burn-in/profiles.ts';
import type { BurnInReport } from '../../shared/burn-in/report.ts';
import type { Finding } from '../../shared/inspection/finding.ts';
import { burnInFindings, peerFindings } from '../domain/burn-in-findings.ts';
import { dueBurnIn, requiredBurnIn, standingBurnIns, type BurnInPolicy } from '../domain/burn-in-policy.ts';
import { compareWithPeers } from '../domain/peers.ts';
import { callName } from '../store/assets.ts';
import { hardwareKey, inventoryOf, pastBurnIns, peerFigures, reportOfBurnIn, startBurnIn } from '../store/burn-ins.ts';
import { fromJson } from '../store/json.ts';
import { findClass } from '../store/records.ts';
import type { AssetRow } from '../store/schema.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';

export type BurnInRules = BurnInPolicy & { readonly hasTools: boolean };

/** Where a machine stands with what it must stand. */
export type Standing = {
  readonly findings: readonly Finding[];
  /** What must run before it can pass; undefined where nothing must. */
  readonly due: BurnInProfileName | undefined;
};

export async function burnInOf(uow: UnitOfWork, asset: AssetRow, rules: BurnInRules): Promise<Standing> {
  const row = asset.class === null ? undefined : await findClass(uow.db, asset.class);
  const ofClass = row === undefined ? undefined : fromJson(row.spec).burnIn?.profile;
  const required = requiredBurnIn(rules, ofClass);
  const past = await pastBurnIns(uow.db, asset.id);
  if (past.length === 0) return { findings: [], due: dueBurnIn(required, [], { bootId: '', hardwareKey: '' }) };
  const now = { bootId: asset.boot_id ?? '', hardwareKey: hardwareKey(await inventoryOf(uow.db, asset)) };
  const standing = standingBurnIns(past, now);
  const reports = new Map<string, BurnInReport | null>();
  for (const { facts } of standing) reports.set(facts.id, await reportOfBurnIn(uow.db, facts.id));
  const told = past.map((run) => ({ ...run, report: reports.get(run.facts.id) ?? null }));
  const newest = standing[0]?.facts;
  const deviations =
    newest === undefined ? [] : compareWithPeers(fromJson(newest.figures), await peerFigures(uow.db, newest));
  return {
    findings: [...burnInFindings(told, now, required), ...peerFindings(deviations)],
    due: dueBurnIn(required, told, now),
  };
}

/** Begins the one that is due; answers whether it could. A profile whose programs are not here waits for them. */
export async function beginDue(
  uow: UnitOfWork,
  asset: AssetRow,
  { profile, rules }: { readonly profile: BurnInProfileName; readonly rules: BurnInRules },
): Promise<boolean> {
  if (!rules.hasTools && burnInProfiles[profile].tests.some(({ needsTools }) => needsTools)) {
    const reason = `waits for its burn-in ${profile}: name the tool image as burnIn.tools in the controller's configuration`;
    if (asset.state_reason !== reason) {
      await uow.patchAsset(asset, { state_reason: reason });
      await uow.event('asset', asset.id, `${callName(asset)} ${reason}`);
    }
    return false;
  }
  const state_reason = `burn-in ${profile}: 0 %`;
  const next = await uow.patchAsset(asset, { state_reason });
  const { timeScale } = rules;
  const plain = { writeDiskSerials: [], peer: null, approval: null, askedBy: null };
  await startBurnIn(uow, next, { profile, timeScale, ...plain });
  return true;
}
