// Failed sign-ins in the audit. The first from an address is written at once; those that follow are folded into one entry
// a minute with their count, so that nobody can fill the audit by failing.
import type { Store, Actor } from '../store/unit-of-work.ts';
import { sourceKey } from '../domain/source-address.ts';
import { presentedText } from './presented-text.ts';

export type Failure = {
  /** What was tried: `sign-in`, `credential`, `token` … */
  readonly what: string;
  /** The name or id that was presented; never the secret. */
  readonly presented: string;
  readonly reason: string;
  readonly from: string;
  readonly requestId: string | null;
};

export type Failures = {
  readonly note: (failure: Failure) => Promise<void>;
  /** Writes what is folded and due; everything where `all` is true. */
  readonly settle: (all?: boolean) => Promise<void>;
};

const foldMs = 60_000;
/** Addresses told apart in one minute; beyond that they are one. */
const addressesMax = 1000;
const namesMax = 5;
const manyAddresses = 'many addresses';

type Fold = { writtenMs: number; count: number; names: Set<string>; reasons: Set<string> };

export function createFailures(store: Store): Failures {
  const folds = new Map<string, Fold>();
  const write = (key: string, fold: Fold): Promise<void> => {
    const { count } = fold;
    const names = [...fold.names].join(', ');
    const reasons = [...fold.reasons].join('; ');
    const message = `${count} more failed from here within the last minutes (${names}): ${reasons}`;
    fold.writtenMs = store.nowMs();
    fold.count = 0;
    fold.names.clear();
    fold.reasons.clear();
    return store.write(strangerFrom(key, null), (uow) =>
      uow.audit({ operation: 'session.sign-in', targets: [], outcome: 'refused', message }),
    );
  };
  return {
    note: async ({ what, presented, reason, from, requestId }) => {
      const source = sourceKey(from);
      const key = folds.has(source) || folds.size < addressesMax ? source : manyAddresses;
      const shown = presentedText(presented);
      const fold = folds.get(key);
      if (fold === undefined) {
        folds.set(key, { writtenMs: store.nowMs(), count: 0, names: new Set(), reasons: new Set() });
        await store.write(strangerFrom(from, requestId), (uow) =>
          uow.audit({
            operation: 'session.sign-in',
            targets: shown === '' ? [] : [shown],
            outcome: 'refused',
            message: `${what} refused for '${shown}': ${reason}`,
          }),
        );
        return;
      }
      fold.count += 1;
      if (fold.names.size < namesMax) fold.names.add(shown);
      if (fold.reasons.size < namesMax) fold.reasons.add(reason);
      if (store.nowMs() - fold.writtenMs >= foldMs) await write(key, fold);
    },
    settle: async (all = false) => {
      for (const [key, fold] of folds) {
        if (!all && store.nowMs() - fold.writtenMs < foldMs) continue;
        if (fold.count > 0) await write(key, fold);
        else folds.delete(key);
      }
    },
  };
}

function strangerFrom(from: string, requestId: string | null): Actor {
  return { name: 'nobody', id: 'nobody', credentialId: null, from, requestId };
}
