// asset.waive: one finding of one asset is accepted for a time, by a second person. What says that production may have
// run, or that nobody bought the machine, cannot be waived.
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import type { EffectLine } from '../../shared/api/change.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import type { Finding } from '../../shared/inspection/finding.ts';
import { newId } from '../../shared/ids.ts';
import { assetById, callName, findAsset } from '../store/assets.ts';
import { fromJson } from '../store/json.ts';
import type { AssetRow } from '../store/schema.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';

const dayMs = 86_400_000;
const neverWaived = new Set(['wiped-after-production', 'ordered', 'order-cancelled', 'provisioning']);

const payloadValidator = Compile(
  Type.Object({
    assetId: Type.String(),
    path: Type.String(),
    rule: Type.String(),
    days: Type.Integer(),
    reason: Type.String(),
    inventoryHash: Type.String(),
  }),
);

export const waiverHandlers: Handlers<'waiver.list' | 'asset.waive'> = {
  'waiver.list': {
    kind: 'read',
    run: async ({ asset, limit = defaultLimit, cursor }, { deps }) => {
      let query = deps.db
        .selectFrom('waivers')
        .innerJoin('assets', 'assets.id', 'waivers.asset_id')
        .selectAll('waivers')
        .select(['assets.name as asset_name', 'assets.serial as asset_serial']);
      if (asset !== undefined) query = query.where('asset_id', '=', (await findAsset(deps.db, asset)).id);
      if (cursor !== undefined) query = query.where('waivers.id', '>', cursor);
      const rows = await query
        .orderBy('waivers.id')
        .limit(limit + 1)
        .execute();
      const nowMs = deps.clock.nowMs();
      return pageOf(rows, limit, (row) => ({
        id: row.id,
        assetId: row.asset_id,
        asset: row.asset_name ?? row.asset_serial,
        path: row.path,
        rule: row.rule,
        reason: row.reason,
        changeId: row.change_id,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
        active: row.expires_at > nowMs,
      }));
    },
  },
  'asset.waive': {
    kind: 'state-change',
    plan: async (input, { uow }) => {
      const asset = await findAsset(uow.db, input.asset);
      const finding = waivable(asset, input);
      const line = (label: string, text: string): EffectLine => ({
        target: callName(asset),
        label,
        text,
        destructive: false,
      });
      return {
        summary: `accept ${finding.path} on ${callName(asset)} for ${input.days} days`,
        reason: input.reason,
        payload: {
          assetId: asset.id,
          path: finding.path,
          rule: finding.rule,
          days: input.days,
          reason: input.reason,
          inventoryHash: asset.inventory_hash ?? '',
        },
        targets: [asset.id],
        effect: [
          line('asset', `${callName(asset)}  ${asset.serial}`),
          line('finding', finding.sentence),
          line('accepted', `${input.days} days from approval`),
        ],
      };
    },
    execute: async ({ change, payload, approval }, { uow }) => {
      assert(payloadValidator.Check(payload), `the payload of ${change.id} is what was frozen`);
      const asset = await assetById(uow.db, payload.assetId);
      assert(asset !== undefined, `asset ${payload.assetId} exists`);
      if ((asset.inventory_hash ?? '') !== payload.inventoryHash) {
        throw new PpecError(
          'failed_precondition',
          `${callName(asset)} is not the hardware that was shown. File it anew.`,
        );
      }
      waivable(asset, payload);
      const waiver = {
        id: newId('waiver', uow.ids),
        asset_id: asset.id,
        path: payload.path,
        rule: payload.rule,
        reason: payload.reason,
        change_id: approval.changeId,
        created_at: uow.nowMs,
        expires_at: uow.nowMs + payload.days * dayMs,
        ended: 0,
      };
      await uow.db.insertInto('waivers').values(waiver).execute();
      await uow.changelog('waiver', { id: waiver.id, after: waiver, changeId: approval.changeId });
      // With the waiver, what was found is another question.
      await uow.patchAsset(asset, { inspected_hash: null }, approval.changeId);
      await uow.event('asset', asset.id, `${callName(asset)}: ${payload.path} waived for ${payload.days} days`);
      uow.wake(asset.id);
      return [];
    },
  },
};

function waivable(asset: AssetRow, wanted: { readonly path: string; readonly rule?: string | undefined }): Finding {
  const blocking = fromJson(asset.findings).filter((finding) => finding.severity === 'block');
  const found = blocking.filter(
    (finding) => finding.path === wanted.path && (wanted.rule === undefined || finding.rule === wanted.rule),
  );
  const [finding, other] = found;
  if (finding === undefined) {
    throw new PpecError(
      'failed_precondition',
      `${callName(asset)} has no blocking finding at '${wanted.path}'. Its findings: ${blocking.map(({ path }) => path).join(', ') || 'none'}.`,
    );
  }
  if (other !== undefined) {
    throw new PpecError(
      'invalid_argument',
      `Several findings are at '${wanted.path}'; name the rule: ${found.map(({ rule }) => rule).join(', ')}.`,
    );
  }
  if (neverWaived.has(finding.rule)) {
    throw new PpecError('failed_precondition', `This finding cannot be waived: ${finding.sentence}`);
  }
  return finding;
}
