// The audit's parts put together: the archive, what is gathered, signed heads with their witnesses, retention.
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { SignedHead } from '../../shared/audit/head.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { ControllerMessage } from '../../shared/protocol/messages.ts';
import type { AuditSigner } from '../crypto/audit-key.ts';
import type { Log } from '../log.ts';
import { openAuditArchive, type AuditArchive } from '../store/audit-archive.ts';
import type { ChainState } from '../store/audit-chain.ts';
import type { Store } from '../store/unit-of-work.ts';
import { auditAttempt, type Attempt } from './attempt.ts';
import { createGathered, type Gathered } from './gathered.ts';
import { startHeads } from './heads.ts';
import { heldHeads } from './held-heads.ts';
import { createProblems, type Problems } from './problems.ts';
import { retentionTimer, type RetentionRules } from './retention.ts';

type Session = { readonly assetId: string; readonly send: (message: ControllerMessage) => void };

export type AuditDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly signer: AuditSigner;
  readonly region: string;
  /** Where sealed segments are. */
  readonly folder: string;
  readonly rules: RetentionRules & { readonly witnessFile: string | null };
  readonly sessions: () => Iterable<Session>;
};

export type Audit = {
  readonly archive: AuditArchive;
  readonly gathered: Gathered;
  readonly problems: Problems;
  readonly attempt: (attempt: Attempt) => Promise<void>;
  /** A head of what is there now; at most one a second. */
  readonly sign: () => Promise<void>;
  /** Something was appended, up to here. */
  readonly appended: (end: ChainState) => void;
  /** An agent told which heads it holds; it is told the newest. */
  readonly held: (session: Session, heads: readonly SignedHead[]) => Promise<void>;
  /** Writes what was gathered and signs the end. */
  readonly stop: () => Promise<void>;
};

/** Frames encoded in one turn of the event loop. */
const framesPerTurn = 500;
/** Whoever asks for a head gets one that is at most this old; it goes to every agent. */
const signPauseMs = 1000;

export async function startAudit(deps: AuditDeps): Promise<Audit> {
  const { store, clock, log, signer, rules } = deps;
  const archive = openAuditArchive(deps.folder, deps.region);
  const problems = createProblems(store, log);
  const gathered = createGathered({ store, clock, log });
  const handOut = (head: SignedHead): void =>
    void toAll(deps.sessions, head).catch((error: unknown) =>
      log.error({ error: messageOf(error) }, 'head of the audit not handed out'),
    );
  const heads = await startHeads({ store, archive, signer, witnessFile: rules.witnessFile, problems, handOut, log });
  const compare = heldHeads({ store, archive, problems, log });
  const stopRetention = retentionTimer({ store, archive, signer, rules }, problems);
  return {
    archive,
    gathered,
    problems,
    attempt: auditAttempt(gathered),
    sign: async () => {
      if (clock.nowMs() - (heads.newest()?.at ?? 0) >= signPauseMs) await heads.sign();
    },
    appended: heads.appended,
    held: async (session, held) => {
      await compare(session.assetId, held);
      const newest = heads.newest();
      if (newest !== undefined) session.send({ type: 'audit-head', body: newest });
    },
    stop: async () => {
      await stopRetention();
      await gathered.stop();
      await heads.stop();
    },
  };
}

async function toAll(sessions: () => Iterable<Session>, head: SignedHead): Promise<void> {
  let sent = 0;
  for (const session of sessions()) {
    session.send({ type: 'audit-head', body: head });
    sent += 1;
    if (sent % framesPerTurn === 0) await nextTurn();
  }
}
