// The heads of the region's audit that this host was given: kept on its disk, told to the controller after every welcome,
// and shown by `diag`. A head that contradicts one held is evidence, and stays.
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { headNote, SignedHead } from '../shared/audit/head.ts';
import { toRfc3339 } from '../shared/clock.ts';
import { messageOf } from '../shared/errors.ts';
import { auditHeadsKept } from '../shared/protocol/messages.ts';
import { readIfThere, writeDurably } from './files.ts';

const HeldHeads = Type.Object({
  /** As they came, the newest last. */
  heads: Type.Array(SignedHead, { maxItems: auditHeadsKept }),
  /** The first that did not fit: what was held, and what came. */
  contradiction: Type.Union([Type.Object({ held: SignedHead, told: SignedHead }), Type.Null()]),
});
export type HeldHeads = Static<typeof HeldHeads>;
const validHeads = Compile(HeldHeads);

const none: HeldHeads = { heads: [], contradiction: null };

export type HeadKeeper = {
  readonly held: () => SignedHead[];
  readonly keep: (head: SignedHead) => void;
  /** Resolves when what was kept is on disk. */
  readonly saved: () => Promise<void>;
};

const fileOf = (stateDir: string): string => join(stateDir, 'audit-heads.json');

export async function openHeadKeeper(stateDir: string, log: (text: string) => void): Promise<HeadKeeper> {
  let held = (await loadHeads(stateDir)) ?? none;
  let isSaving = false;
  let saving: Promise<void> = Promise.resolve();
  const save = async (): Promise<void> => {
    // However many came meanwhile, the last state is written.
    isSaving = false;
    try {
      await writeDurably(fileOf(stateDir), JSON.stringify(held));
    } catch (error) {
      log(`heads of the audit not saved: ${messageOf(error)}`);
    }
  };
  return {
    held: () => [...held.heads],
    saved: () => saving,
    keep: (head) => {
      const next = withHead(held, head);
      if (next === held) return;
      if (next.contradiction !== null && held.contradiction === null)
        log(`the controller's audit contradicts what this host was told before: ${headNote(head)}`);
      held = next;
      if (isSaving) return;
      isSaving = true;
      saving = saving.then(save);
    },
  };
}

/** The chain only grows: a head that is older than one held, or another of the same entry, contradicts it. */
export function withHead(held: HeldHeads, head: SignedHead): HeldHeads {
  const [highest] = held.heads.toSorted((a, b) => b.seq - a.seq);
  const same = held.heads.find(({ seq }) => seq === head.seq);
  if (same !== undefined && same.hash === head.hash) return held;
  const before = same ?? (highest !== undefined && highest.seq > head.seq ? highest : undefined);
  return {
    heads: [...held.heads, head].slice(-auditHeadsKept),
    contradiction: held.contradiction ?? (before === undefined ? null : { held: before, told: head }),
  };
}

/** Undefined where none were ever kept. */
export async function loadHeads(stateDir: string): Promise<HeldHeads | undefined> {
  try {
    const value: unknown = JSON.parse((await readIfThere(fileOf(stateDir))) ?? '');
    return validHeads.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Lines for `diag`: the head as `ppec audit verify --head` takes it. */
export function headsText(held: HeldHeads | undefined): string[] {
  const last = held?.heads.at(-1);
  if (held === undefined || last === undefined)
    return ['audit       no head of the region’s audit was given to this host yet'];
  const lines = [
    `audit       last head ${headNote(last)}`,
    `            of ${toRfc3339(last.at)}, signed with ${last.keyId}`,
  ];
  if (held.contradiction === null) return lines;
  const { held: before, told } = held.contradiction;
  return [
    ...lines,
    `            ✗ the region’s history was rewritten: ${headNote(before)} was held, ${headNote(told)} came`,
  ];
}
