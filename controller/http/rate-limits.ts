// Who may ask how much. Budgets are kept apart so that none can use up another's: strangers by address, each credential's
// reads, each credential's writes. What is too much is refused before it reaches the store.
import { createHash } from 'node:crypto';

import type { OperationId } from '../../shared/api/operations.ts';
import type { Clock } from '../../shared/clock.ts';
import { PpecError } from '../../shared/errors.ts';
import {
  budgetKeysMax,
  expensiveInFlightMax,
  expensivePerCredentialMax,
  publicBurstMax,
  publicPerSecondMax,
  readBurstMax,
  readLaneMax,
  readsInFlightPerCredentialMax,
  readsPerSecondMax,
  strangerBurstMax,
  strangersPerSecondMax,
  writeBurstMax,
  writesInFlightPerCredentialMax,
  writesPerSecondMax,
} from '../limits.ts';
import { sourceKey } from '../domain/source-address.ts';
import { createLane } from '../net/lane.ts';
import { createBuckets, type Buckets } from '../net/token-buckets.ts';

/** Operations whose cost grows with what they are about: few of them run at a time. */
const expensive: ReadonlySet<string> = new Set<OperationId>([
  'po.report',
  'po.report-document',
  'po.export',
  'po.import',
  'po.add-delivery',
  'po.add-invoice',
  'po.amend',
  'cabling.import',
  'cabling.check',
  'class.derive',
  'class.apply',
  'image.verify',
  'audit.verify',
]);
/** It waits for what happens, and must not keep others from the store meanwhile. */
const waits: ReadonlySet<string> = new Set<OperationId>(['event.list']);

export type Asked = { readonly id: string; readonly effect: 'read' | 'write' | 'state-change' };

export type RateLimits = {
  /** Before who it is, is known: throws `resource_exhausted` where the budget of the sender is used up. */
  readonly knock: (secret: string | undefined, address: string | undefined, isRead: boolean) => void;
  /** The secret was good, and is this credential's. */
  readonly known: (secret: string, credentialId: string, address: string | undefined) => void;
  readonly notKnown: (secret: string) => void;
  /** A sign-in or a token request that succeeded: it counts as a write of whoever that is, not as an attempt. */
  readonly welcome: (who: string, address: string | undefined) => void;
  /** A page that needs no credential. */
  readonly open: (address: string | undefined) => void;
  /** Runs an operation among the others of its kind. */
  readonly within: <T>(credentialId: string, asked: Asked, work: () => Promise<T>) => Promise<T>;
};

/**
 * Budgets by address and by rate are for callers with an address; on the Unix socket, which is for whoever runs the
 * controller, only what is in flight is bounded. Every server has limits of its own.
 */
export function createRateLimits(clock: Clock): RateLimits {
  const budget = (burst: number, perSecond: number): Buckets =>
    createBuckets({ burst, perSecond, keysMax: budgetKeysMax });
  const strangers = budget(strangerBurstMax, strangersPerSecondMax);
  const pages = budget(publicBurstMax, publicPerSecondMax);
  const reads = budget(readBurstMax, readsPerSecondMax);
  const writes = budget(writeBurstMax, writesPerSecondMax);
  // Digest of a secret that was good a moment ago → its credential. It decides on budgets only: every request is
  // authenticated anew.
  const proven = new Map<string, string>();
  const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('base64');
  return {
    knock: (secret, address, isRead) => {
      if (address === undefined) return;
      const credentialId = secret === undefined ? undefined : proven.get(digestOf(secret));
      if (credentialId !== undefined) {
        spend(isRead ? reads : writes, credentialId, `${isRead ? 'reads' : 'writes'} of this credential`);
      } else {
        spend(strangers, sourceKey(address), 'attempts without a valid credential from this address');
      }
    },
    known: (secret, credentialId, address) => {
      const digest = digestOf(secret);
      if (address !== undefined && !proven.has(digest)) strangers.giveBack(sourceKey(address));
      proven.delete(digest);
      proven.set(digest, credentialId);
      const [oldest] = proven.keys();
      if (proven.size > budgetKeysMax && oldest !== undefined) proven.delete(oldest);
    },
    notKnown: (secret) => void proven.delete(digestOf(secret)),
    welcome: (who, address) => {
      if (address !== undefined && writes.take(who, clock.nowMs()) === 0) strangers.giveBack(sourceKey(address));
    },
    open: (address) => {
      if (address !== undefined) spend(pages, sourceKey(address), 'requests without a credential from this address');
    },
    within: createInFlight(),
  };

  function spend(buckets: Buckets, key: string, what: string): void {
    const waitMs = buckets.take(key, clock.nowMs());
    if (waitMs > 0) throw tooMuch(`Too many ${what}.`, waitMs);
  }
}

function tooMuch(what: string, retryAfterMs: number): PpecError {
  const seconds = Math.ceil(retryAfterMs / 1000);
  return new PpecError('resource_exhausted', `${what} Try again in ${seconds} s.`, { retryAfterMs });
}

/** What runs now, by kind and credential. */
function createInFlight(): RateLimits['within'] {
  const counts = new Map<string, number>();
  const lane = createLane(readLaneMax);
  const enter = (key: string, max: number, what: string): (() => void) => {
    const before = counts.get(key) ?? 0;
    if (before >= max) throw tooMuch(`${max} ${what} already.`, 1000);
    counts.set(key, before + 1);
    return () => {
      const left = (counts.get(key) ?? 1) - 1;
      if (left === 0) counts.delete(key);
      else counts.set(key, left);
    };
  };
  return async (credentialId, { id, effect }, work) => {
    const isRead = effect === 'read';
    const leave: (() => void)[] = [];
    try {
      leave.push(
        isRead
          ? enter(`read ${credentialId}`, readsInFlightPerCredentialMax, 'reads of this credential run')
          : enter(`write ${credentialId}`, writesInFlightPerCredentialMax, 'writes of this credential run'),
      );
      if (expensive.has(id)) {
        const what = `operations as large as ${id} run`;
        leave.push(enter(`expensive ${credentialId}`, expensivePerCredentialMax, `${what} for this credential`));
        // One credential's share of these is bounded above, so that it cannot take all of them.
        leave.push(enter(isRead ? 'expensive reads' : 'expensive writes', expensiveInFlightMax, what));
      }
      return await (isRead && !waits.has(id) ? lane(work) : work());
    } finally {
      for (const each of leave) each();
    }
  };
}
