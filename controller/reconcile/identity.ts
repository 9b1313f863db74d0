// Identities: what an asset may no longer have is revoked, and a link whose certificate was revoked ends at once, whoever
// revoked it and why.
import { mayHoldIdentity } from '../domain/machine-identity.ts';
import { revokeCertificates, standingOf } from '../store/agent-certificates.ts';
import { assetById, callName } from '../store/assets.ts';
import { systemActor, type Store, type UnitOfWork } from '../store/unit-of-work.ts';
import type { AssetRow } from '../store/schema.ts';
import { settled, type Reconciler } from './driver.ts';

type Session = {
  readonly certificateSerial: string;
  readonly close: (name: 'identityRevoked', why: string) => void;
};

export type IdentityDeps = {
  readonly store: Store;
  readonly findSession: (assetId: string) => Session | undefined;
};

export function identityReconciler({ store, findSession }: IdentityDeps): Reconciler {
  return {
    name: 'identity',
    step: async (assetId) => {
      const asset = await assetById(store.db, assetId);
      if (asset === undefined) return settled;
      const isOver = await hasOutlived(store, asset);
      if (isOver) await store.write(systemActor('identity'), (uow) => revokeOutlived(uow, asset));
      const session = findSession(assetId);
      if (session === undefined) return settled;
      const standing = await standingOf(store.db, session.certificateSerial, store.nowMs());
      if (standing.state === 'revoked' || standing.state === 'unknown') session.close('identityRevoked', standing.why);
      return settled;
    },
  };
}

/** Whether it holds a certificate for a home that it has no more. */
async function hasOutlived(store: Store, asset: AssetRow): Promise<boolean> {
  const homes = await store.db
    .selectFrom('agent_certificates')
    .select('home')
    .distinct()
    .where('asset_id', '=', asset.id)
    .where('revoked_at', 'is', null)
    .execute();
  return homes.some(({ home }) => !mayHoldIdentity(asset.state, home));
}

async function revokeOutlived(uow: UnitOfWork, asset: AssetRow): Promise<void> {
  let count = 0;
  for (const home of ['pious', 'production'] as const) {
    if (mayHoldIdentity(asset.state, home)) continue;
    count += await revokeCertificates(uow, { assetId: asset.id, why: `it is ${asset.state} now`, home });
  }
  if (count === 0) return;
  const message = `${count} certificates of ${callName(asset)} revoked: it is ${asset.state} now`;
  await uow.audit({ operation: 'agent.revoke', targets: [asset.id], outcome: 'done', message });
}
