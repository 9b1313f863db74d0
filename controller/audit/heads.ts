// Signed heads: where the chain ends is signed once a minute while something is appended, and every thousand entries;
// stored, written to the witness file, and handed to the agents, so that history cannot be rewritten unseen.
import { headText, type SignedHead } from '../../shared/audit/head.ts';
import { messageOf } from '../../shared/errors.ts';
import type { AuditSigner } from '../crypto/audit-key.ts';
import type { Log } from '../log.ts';
import { headView, newestHead, type AuditArchive } from '../store/audit-archive.ts';
import type { ChainState } from '../store/audit-chain.ts';
import { systemActor, type Store } from '../store/unit-of-work.ts';
import { headProblem } from './check-head.ts';
import type { Problems } from './problems.ts';
import { appendWitness, lastWitnessed } from './witness.ts';

export type HeadsDeps = {
  readonly store: Store;
  readonly archive: AuditArchive;
  readonly signer: AuditSigner;
  readonly witnessFile: string | null;
  readonly problems: Problems;
  readonly handOut: (head: SignedHead) => void;
  readonly log: Log;
};

export type Heads = {
  /** Something was appended, up to here; cheap. */
  readonly appended: (end: ChainState) => void;
  /** Signs what was appended since the last head now. Never throws. */
  readonly sign: () => Promise<void>;
  readonly newest: () => SignedHead | undefined;
  readonly stop: () => Promise<void>;
};

const entriesMax = 1000;
const everyMs = 60_000;
/** Heads written to the witness at once, after it could not be written to for long. */
const witnessedAtOnce = 1000;

/** Goes on from what is stored; compares the chain with its own last head and with the witness's. */
export async function startHeads(deps: HeadsDeps): Promise<Heads> {
  const { store, archive, signer } = deps;
  await knowKey(store, signer);
  let newest = await newestHead(store.db, archive.region);
  await compareWithKept(deps, newest);
  let end = await archive.end(store.db);
  let timer: NodeJS.Timeout | undefined;
  let work: Promise<void> = Promise.resolve();
  let isDue = false;

  const signNow = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    isDue = false;
    const { seq, hash } = end;
    if (seq > (newest?.seq ?? 0)) {
      const head = await signed(deps, { seq, hash });
      newest = head;
      deps.handOut(head);
    }
    await writeWitness(deps);
  };
  const sign = (): Promise<void> => {
    work = work.then(signNow).then(
      () => deps.problems.clear('audit-signing', 'The audit is signed again.'),
      async (error: unknown) => {
        await deps.problems.raise('audit-signing', `The audit cannot be signed: ${messageOf(error)}`);
        timer ??= setTimeout(() => void sign(), everyMs);
      },
    );
    return work;
  };
  const appended = (to: ChainState): void => {
    if (to.seq <= end.seq) return;
    end = to;
    if (to.seq - (newest?.seq ?? 0) >= entriesMax) {
      // Once, however many are appended until it is done.
      if (isDue) return;
      isDue = true;
      void sign();
    } else timer ??= setTimeout(() => void sign(), everyMs);
  };
  if (end.seq > (newest?.seq ?? 0)) timer = setTimeout(() => void sign(), everyMs);
  return {
    appended,
    sign,
    newest: () => newest,
    stop: async () => {
      await sign();
      clearTimeout(timer);
    },
  };
}

async function knowKey(store: Store, { keyId, publicKey }: AuditSigner): Promise<void> {
  await store.write(systemActor('controller'), async (uow) => {
    const known = await uow.db.selectFrom('audit_keys').select('key_id').where('key_id', '=', keyId).executeTakeFirst();
    if (known !== undefined) return;
    await uow.db.insertInto('audit_keys').values({ key_id: keyId, public_key: publicKey, since: uow.nowMs }).execute();
    await uow.audit({
      operation: 'audit.key',
      targets: [keyId],
      outcome: 'done',
      message: `the audit is signed with ${keyId} from here`,
    });
  });
}

async function compareWithKept(deps: HeadsDeps, newest: SignedHead | undefined): Promise<void> {
  const { store, archive, problems, witnessFile } = deps;
  const own = newest === undefined ? undefined : await headProblem(store.db, archive, newest);
  if (own !== undefined) await problems.raise('audit-contradicted', `This controller’s database holds ${own}.`);
  if (witnessFile === null) return;
  try {
    const witnessed = await lastWitnessed(witnessFile);
    const problem = witnessed === undefined ? undefined : await headProblem(store.db, archive, witnessed);
    if (problem !== undefined) await problems.raise('audit-contradicted', `The witness file holds ${problem}.`);
  } catch (error) {
    await problems.raise('audit-witness', `The witness file ${witnessFile} cannot be read: ${messageOf(error)}`);
  }
}

async function signed({ store, archive, signer }: HeadsDeps, end: ChainState): Promise<SignedHead> {
  const unsigned = { region: archive.region, ...end, at: store.nowMs(), keyId: signer.keyId };
  const head = { ...unsigned, signature: await signer.sign(Buffer.from(headText(unsigned))) };
  await store.write(systemActor('controller'), (uow) =>
    uow.db
      .insertInto('audit_heads')
      .values({
        seq: head.seq,
        hash: head.hash,
        at: head.at,
        key_id: head.keyId,
        signature: head.signature,
        witnessed: 0,
      })
      .execute(),
  );
  return head;
}

/** Every head that the witness does not have yet, in order. A witness that cannot be written to is an alert. */
async function writeWitness({ store, archive, witnessFile, problems }: HeadsDeps): Promise<void> {
  if (witnessFile === null) return;
  try {
    for (;;) {
      const rows = await store.db
        .selectFrom('audit_heads')
        .selectAll()
        .where('witnessed', '=', 0)
        .orderBy('seq')
        .limit(witnessedAtOnce)
        .execute();
      const last = rows.at(-1);
      if (last === undefined) break;
      await appendWitness(
        witnessFile,
        rows.map((row) => headView(row, archive.region)),
      );
      await store.write(systemActor('controller'), (uow) =>
        uow.db
          .updateTable('audit_heads')
          .set({ witnessed: 1 })
          .where('witnessed', '=', 0)
          .where('seq', '<=', last.seq)
          .execute(),
      );
    }
    await problems.clear('audit-witness', `The witness file ${witnessFile} is written again.`);
  } catch (error) {
    await problems.raise('audit-witness', `The witness file ${witnessFile} cannot be written: ${messageOf(error)}`);
  }
}
