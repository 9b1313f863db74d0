// Presence: an agent that was not heard for a while is offline. Nobody is declared down within a grace period after the
// controller itself started: its silence is not theirs.
import type { Clock } from '../../shared/clock.ts';
import { assetById, callName } from '../store/assets.ts';
import { systemActor, type Store } from '../store/unit-of-work.ts';
import { again, lookAgainAt, settled, type Reconciler } from './driver.ts';

/** The reconcilers' view of the hub. */
export type Hub = {
  readonly isConnected: (assetId: string) => boolean;
  /** Sends what waits for this agent, if it is connected. */
  readonly deliver: (assetId: string) => Promise<void>;
  /** The address that this agent's link comes from; undefined where it is not connected. */
  readonly addressOf: (assetId: string) => string | undefined;
  /** Asks this agent, if it is connected, to read its hardware and health again and tell all of it. */
  readonly askAnew: (assetId: string) => void;
};

export type PresenceDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly hub: Hub;
  readonly offlineAfterMs: number;
  readonly startGraceMs: number;
};

export type Presence = {
  readonly reconciler: Reconciler;
  readonly linkEnded: (assetId: string, lastHeardMs: number) => void;
};

export function presenceReconciler(deps: PresenceDeps): Presence {
  const startedMs = deps.clock.nowMs();
  const lastHeard = new Map<string, number>();
  return {
    linkEnded: (assetId, lastHeardMs) => void lastHeard.set(assetId, lastHeardMs),
    reconciler: {
      name: 'presence',
      step: async (assetId) => {
        const asset = await assetById(deps.store.db, assetId);
        if (asset?.presence !== 'online') return settled;
        if (deps.hub.isConnected(assetId)) return settled;
        const heardMs = lastHeard.get(assetId);
        const dueMs = heardMs === undefined ? startedMs + deps.startGraceMs : heardMs + deps.offlineAfterMs;
        if (deps.clock.nowMs() < dueMs) return lookAgainAt(dueMs);
        await deps.store.write(systemActor('presence'), async (uow) => {
          await uow.patchAsset(asset, { presence: 'offline' });
          await uow.event('asset', asset.id, `${callName(asset)} is offline`);
        });
        lastHeard.delete(assetId);
        return again;
      },
    },
  };
}
