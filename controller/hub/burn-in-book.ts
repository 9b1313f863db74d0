// Where burn-ins are, as their agents last told: in memory only, since every agent tells it again after each welcome. What
// is worth writing down is another test, or five percent more.
import type { BurnInProgress } from '../../shared/burn-in/report.ts';

export type BurnInBook = {
  /** Answers whether it is worth a reconciler's look. */
  readonly told: (assetId: string, progress: BurnInProgress) => boolean;
  readonly progressOf: (assetId: string) => BurnInProgress | undefined;
};

const percentStep = 5;

/** One entry per asset at most. */
export function createBurnInBook(): BurnInBook {
  const latest = new Map<string, BurnInProgress>();
  const noted = new Map<string, BurnInProgress>();
  return {
    told: (assetId, progress) => {
      latest.set(assetId, progress);
      const last = noted.get(assetId);
      const isSame =
        last?.commandId === progress.commandId &&
        last.test === progress.test &&
        last.round === progress.round &&
        progress.percent < last.percent + percentStep;
      if (!isSame) noted.set(assetId, progress);
      return !isSame;
    },
    progressOf: (assetId) => latest.get(assetId),
  };
}
