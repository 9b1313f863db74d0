// The agent's list of command keys while a link stands. What is told of keys counts for the commands that come after it,
// so lists, expiry and commands are taken in the order in which they came.
import { messageOf } from '../../shared/errors.ts';
import type { KeyStatement } from '../../shared/protocol/key-list.ts';
import type { KeyRing } from '../identity/key-ring.ts';

export type KeyUpkeep = {
  /** Drops keys whose time is over, by the controller's clock. */
  readonly expire: () => void;
  readonly take: (statements: readonly KeyStatement[]) => void;
  /** Does this when all that was told of keys so far is in force. */
  readonly inForce: (work: () => void) => void;
};

export type KeyUpkeepDeps = {
  readonly keyRing: KeyRing;
  /** By the controller's clock. */
  readonly nowMs: () => number;
  /** Tells the controller which list is in force now. */
  readonly held: (sequence: number) => void;
  readonly log: (text: string) => void;
};

export function keyUpkeep({ keyRing, nowMs, held, log }: KeyUpkeepDeps): KeyUpkeep {
  let done: Promise<void> = Promise.resolve();
  const after = (work: () => Promise<void>): void => {
    done = done.then(work).catch((error: unknown) => log(`command keys not kept: ${messageOf(error)}`));
  };
  const expire = (): void => after(() => keyRing.expire(nowMs()));
  return {
    expire,
    take: (statements) => {
      after(async () => {
        const before = keyRing.sequence();
        for (const reason of await keyRing.take(statements)) log(`command keys not taken: ${reason}`);
        const now = keyRing.sequence();
        if (now <= before) return;
        log(`command keys: list ${now} is in force`);
        held(now);
      });
      expire();
    },
    inForce: (work) => void done.then(work),
  };
}
