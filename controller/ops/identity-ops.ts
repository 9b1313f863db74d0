// Identities of agents. asset.revoke-identity is done at once and by one person: a stolen key works until it is revoked, and
// what it costs is a link, not a machine's work. It is told as an alert, so that nobody does it unseen. asset.reset-tpm
// lets another chip be believed, so a second person checks it.
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import type { EffectLine } from '../../shared/api/change.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import { certificatesOf, revokeCertificates } from '../store/agent-certificates.ts';
import { assetById, assetView, callName, findAsset } from '../store/assets.ts';
import type { AgentCertificateRow, TpmPinRow } from '../store/identity-tables.ts';
import type { AssetRow } from '../store/schema.ts';
import { dropPin, orderedEk, pinOf } from '../store/tpm-pins.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { Handlers } from './handler.ts';

const certificatesShown = 100;

const resetPayload = Compile(
  Type.Object(
    { assetId: Type.String(), ekSha256: Type.String(), reason: Type.String() },
    { additionalProperties: false },
  ),
);

export const identityHandlers: Handlers<'asset.identity' | 'asset.revoke-identity' | 'asset.reset-tpm'> = {
  'asset.identity': {
    kind: 'read',
    run: async ({ asset }, { deps }) => {
      const row = await findAsset(deps.db, asset);
      const pin = await pinOf(deps.db, row.id);
      const certificates = await certificatesOf(deps.db, row.id, certificatesShown);
      return {
        assetId: row.id,
        trust: row.trust,
        tpm: pin === undefined ? null : tpmView(pin),
        orderedEkSha256: (await orderedEk(deps.db, row.serial_key)) ?? null,
        certificates: certificates.map(certificateView),
      };
    },
  },
  'asset.revoke-identity': {
    kind: 'write',
    run: async ({ asset, reason }, { uow }) => {
      const row = await findAsset(uow.db, asset);
      const count = await revokeCertificates(uow, { assetId: row.id, why: `${uow.actor.name}: ${reason}` });
      const next = row.trust === 'none' ? row : await uow.patchAsset(row, { trust: 'none' });
      const message = `${count} certificates of ${callName(row)} revoked by ${uow.actor.name}: ${reason}`;
      await uow.event('alert', row.id, message);
      uow.wake(row.id);
      return { output: assetView(next), targets: [row.id], message };
    },
  },
  'asset.reset-tpm': {
    kind: 'state-change',
    plan: async ({ asset, reason }, { uow }) => {
      const row = await findAsset(uow.db, asset);
      const pin = await pinnedTpm(uow, row);
      const line = (label: string, text: string): EffectLine => ({
        target: callName(row),
        label,
        text,
        destructive: false,
      });
      return {
        summary: `forget the TPM that is pinned to ${callName(row)}`,
        reason,
        payload: { assetId: row.id, ekSha256: pin.ek_sha256, reason },
        targets: [row.id],
        effect: [
          line('asset', `${callName(row)}  ${row.serial}`),
          line('forgotten', `endorsement key ${pin.ek_sha256} (${pin.algorithm})`),
          line('then', 'the TPM of its next boot is pinned, or none'),
        ],
      };
    },
    execute: async ({ change, payload, approval }, { uow }) => {
      assert(resetPayload.Check(payload), `the payload of ${change.id} is what was frozen`);
      const row = await assetById(uow.db, payload.assetId);
      assert(row !== undefined, `asset ${payload.assetId} exists`);
      const pin = await pinnedTpm(uow, row);
      if (pin.ek_sha256 !== payload.ekSha256) {
        throw new PpecError('failed_precondition', `${callName(row)} has another TPM pinned by now. File it anew.`);
      }
      await dropPin(uow, row.id);
      await uow.event('asset', row.id, `${callName(row)}: its pinned TPM is forgotten (${approval.changeId})`);
      uow.wake(row.id);
      return [];
    },
  },
};

async function pinnedTpm(uow: UnitOfWork, row: AssetRow): Promise<TpmPinRow> {
  const pin = await pinOf(uow.db, row.id);
  if (pin !== undefined) return pin;
  throw new PpecError(
    'failed_precondition',
    `${callName(row)} has no TPM pinned: there is nothing to forget. A key that its order names is changed in the order.`,
  );
}

function tpmView(pin: TpmPinRow) {
  return {
    ekSha256: pin.ek_sha256,
    algorithm: pin.algorithm,
    issuer: pin.issuer,
    pinnedAt: pin.pinned_at,
    provedAt: pin.proved_at,
  };
}

function certificateView(row: AgentCertificateRow) {
  return {
    serial: row.serial,
    bootId: row.boot_id,
    home: row.home,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    usedAt: row.used_at,
    replacedBy: row.replaced_by,
    revokedAt: row.revoked_at,
    revokedWhy: row.revoked_why,
  };
}
