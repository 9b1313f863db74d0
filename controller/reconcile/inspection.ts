// Inspection and promotion: a machine that waits in PIOUS is compared with its order, in this boot. What passes gets a
// production address and is a SPARE; what does not is QUARANTINED with findings. Nothing else ever makes a SPARE.
import { compare } from '../../shared/inspection/compare.ts';
import { verdictOf, type Finding } from '../../shared/inspection/finding.ts';
import { assert } from '../../shared/assert.ts';
import { newId } from '../../shared/ids.ts';
import { isInspectable } from '../../shared/lifecycle/asset.ts';
import { checkOrder } from '../domain/order-check.ts';
import { withOrderLine } from '../domain/ordered-finding.ts';
import { assetById, callName } from '../store/assets.ts';
import { releaseAddress, reserveAddress } from '../store/addresses.ts';
import { fromJson, toJson } from '../store/json.ts';
import { partFindings } from '../store/parts.ts';
import { findClass, findPurchaseOrder } from '../store/records.ts';
import type { AssetRow } from '../store/schema.ts';
import { openWaivers, withWaivers } from '../store/waivers.ts';
import { systemActor, type Store, type UnitOfWork } from '../store/unit-of-work.ts';
import { again, lookAgainAt, settled, type Reconciler, type Step } from './driver.ts';
import { healthFindings } from './health-findings.ts';
import { inspectPosition, neighboursDueMs } from './position.ts';
import type { Hub } from './presence.ts';
import { trustFindings } from './trust-findings.ts';
import { beginDue, burnInOf, type BurnInRules } from './required-burn-in.ts';

const noAddressRetryMs = 30_000;
/** An agent that was asked to read its hardware again is asked once more after this time. */
const askAgainMs = 60_000;

export function inspectionReconciler(store: Store, hub: Pick<Hub, 'askAnew'>, rules: BurnInRules): Reconciler {
  return {
    name: 'inspection',
    step: async (assetId) => {
      const asset = await assetById(store.db, assetId);
      if (asset === undefined || asset.home !== 'pious' || asset.boot_id === null) return settled;
      const isAskedAnew = asset.inventory_boot_id === null && asset.inventory_hash !== null;
      if (isAskedAnew && isInspectable(asset.state)) {
        hub.askAnew(asset.id);
        return lookAgainAt(store.nowMs() + askAgainMs);
      }
      const isInspected = asset.inspected_boot_id === asset.boot_id && asset.inspected_hash === asset.inventory_hash;
      if (asset.state !== 'INSPECTING') {
        if (isInspected) return waiverEnd(store, asset);
        if (!isInspectable(asset.state) || !(await hasReported(store, asset))) return settled;
        return begin(store, asset);
      }
      // Its burn-in runs: what that finds belongs to this inspection.
      if (asset.operation_id !== null || !(await hasReported(store, asset))) return settled;
      return isInspected ? promote(store, asset) : inspectWhenHeard(store, asset, rules);
    },
  };
}

/** An inspection is of one boot: its inventory and its health must be there. */
async function hasReported(store: Store, asset: AssetRow): Promise<boolean> {
  if (asset.inventory_boot_id !== asset.boot_id) return false;
  const report = await store.db
    .selectFrom('health_reports')
    .select('at')
    .where('asset_id', '=', asset.id)
    .executeTakeFirst();
  return report !== undefined;
}

/** When a waiver of this asset ends, what it covered counts again. */
async function waiverEnd(store: Store, asset: AssetRow): Promise<Step> {
  const waivers = await openWaivers(store.db, asset.id);
  if (waivers.length === 0) return settled;
  const endMs = Math.min(...waivers.map((waiver) => waiver.expires_at));
  if (endMs > store.nowMs()) return lookAgainAt(endMs);
  await store.write(systemActor('inspection'), async (uow) => {
    await uow.db
      .updateTable('waivers')
      .set({ ended: 1 })
      .where('asset_id', '=', asset.id)
      .where('expires_at', '<=', uow.nowMs)
      .execute();
    await uow.patchAsset(asset, { inspected_hash: null });
    await uow.event('asset', asset.id, `${callName(asset)}: a waiver has ended; it is inspected again`);
  });
  return again;
}

async function begin(store: Store, asset: AssetRow): Promise<Step> {
  await store.write(systemActor('inspection'), async (uow) => {
    await uow.patchAsset(asset, {
      state: 'INSPECTING',
      state_reason: 'its inventory of this boot is compared with its order',
    });
    await uow.event('asset', asset.id, `${callName(asset)} INSPECTING`);
  });
  return again;
}

async function inspectWhenHeard(store: Store, asset: AssetRow, rules: BurnInRules): Promise<Step> {
  const dueMs = await neighboursDueMs(store, asset);
  return dueMs !== undefined && dueMs > store.nowMs() ? lookAgainAt(dueMs) : inspect(store, asset, rules);
}

async function inspect(store: Store, asset: AssetRow, rules: BurnInRules): Promise<Step> {
  return store.write(systemActor('inspection'), async (uow) => {
    const position = await inspectPosition(uow, asset);
    const burnIn = await burnInOf(uow, asset, rules);
    const found = [...(await findingsFor(uow, asset)), ...position.findings, ...burnIn.findings];
    const findings = withWaivers(found, await openWaivers(uow.db, asset.id), uow.nowMs);
    const verdict = verdictOf(findings);
    if (verdict === 'pass' && burnIn.due !== undefined) {
      return (await beginDue(uow, asset, { profile: burnIn.due, rules })) ? again : settled;
    }
    assert(asset.boot_id !== null && asset.inventory_hash !== null, `${asset.id} has reported`);
    await uow.db
      .insertInto('inspections')
      .values({
        id: newId('inspection', uow.ids),
        asset_id: asset.id,
        boot_id: asset.boot_id,
        inventory_hash: asset.inventory_hash,
        class: asset.class,
        verdict,
        findings: toJson(findings),
        at: uow.nowMs,
      })
      .execute();
    const inspected = {
      ...position.place,
      findings: toJson(findings),
      inspected_boot_id: asset.boot_id,
      inspected_hash: asset.inventory_hash,
    };
    if (verdict === 'pass') {
      await uow.patchAsset(asset, { ...inspected, state_reason: `matches ${asset.class ?? 'its class'}` });
      return again;
    }
    const blocking = findings.filter((finding) => finding.severity === 'block');
    const reason = blocking.length === 1 ? (blocking[0]?.sentence ?? '') : `${blocking.length} findings`;
    await releaseAddress(uow, asset);
    await uow.patchAsset(asset, { ...inspected, state: 'QUARANTINED', state_reason: reason, address: null });
    await uow.audit({
      operation: 'asset.quarantine',
      targets: [asset.id],
      outcome: 'done',
      message: `${callName(asset)}: ${reason}`,
    });
    await uow.event('asset', asset.id, `${callName(asset)} QUARANTINED: ${reason}`);
    return again;
  });
}

async function findingsFor(uow: UnitOfWork, asset: AssetRow): Promise<Finding[]> {
  const order = asset.purchase_order === null ? undefined : await findPurchaseOrder(uow.db, asset.purchase_order);
  const stored = await uow.db.selectFrom('inventories').selectAll().where('asset_id', '=', asset.id).executeTakeFirst();
  assert(stored !== undefined, `the inventory of ${asset.id} is stored`);
  const machineClass = asset.class === null ? undefined : await findClass(uow.db, asset.class);
  const hardware =
    machineClass === undefined || asset.class === null
      ? []
      : compare(fromJson(stored.inventory), { class: asset.class, spec: fromJson(machineClass.spec) });
  return [
    ...checkOrder({ serial: asset.serial, macs: fromJson(stored.inventory).nics.map((nic) => nic.mac) }, order),
    ...(await healthFindings(uow, asset)),
    ...trustFindings(asset),
    ...wipeFindings(asset),
    ...(await partFindings(uow.db, asset, fromJson(stored.inventory))),
    ...(asset.purchase_order === null || asset.order_line === null
      ? hardware
      : withOrderLine(hardware, { purchaseOrder: asset.purchase_order, line: asset.order_line })),
  ];
}

/** After production, only a wipe makes a machine anybody's again. */
function wipeFindings(asset: AssetRow): Finding[] {
  if (asset.production_ran === 'no') return [];
  return [
    {
      path: 'disk',
      kind: 'not-wiped',
      severity: 'block',
      expected: 'a wipe certificate',
      actual: asset.production_ran === 'yes' ? 'a production system ran' : 'a production system may have run',
      source: 'controller',
      rule: 'wiped-after-production',
      class: null,
      sentence: `A production system ${asset.production_ran === 'yes' ? 'ran' : 'may have run'} on this machine and its disks were not wiped since.`,
    },
  ];
}

async function promote(store: Store, asset: AssetRow): Promise<Step> {
  const isSpare = await store.write(systemActor('promotion'), async (uow) => {
    const address = await reserveAddress(uow, asset);
    if (address === undefined) {
      const reason = 'it passed, and waits for a free production address: add a network, or widen one';
      if (asset.state_reason !== reason) {
        await uow.patchAsset(asset, { state_reason: reason });
        await uow.event('asset', asset.id, `${callName(asset)}: ${reason}`);
      }
      return false;
    }
    await uow.patchAsset(asset, {
      state: 'SPARE',
      state_reason: `matches ${asset.class ?? 'its class'}; ${address} reserved`,
      address,
    });
    await uow.audit({
      operation: 'asset.promote',
      targets: [asset.id],
      outcome: 'done',
      message: `${callName(asset)} is a SPARE of ${asset.class ?? '?'}; ${address} reserved`,
    });
    await uow.event('asset', asset.id, `${callName(asset)} SPARE ${asset.class ?? ''} ${address} reserved`);
    return true;
  });
  return isSpare ? again : lookAgainAt(store.nowMs() + noAddressRetryMs);
}
