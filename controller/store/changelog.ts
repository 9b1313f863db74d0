// The changelog: what each field of an object was and became, by whom and when. It never holds a secret.
import { createHash } from 'node:crypto';
import type { Transaction } from 'kysely';

import { isSecretName } from '../../shared/secrets.ts';
import type { Database } from './schema.ts';
import type { Actor } from './unit-of-work.ts';

/** A change of one object. Left out, `before` is nothing: the object is new. */
export type Logged = {
  readonly id: string;
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
  readonly changeId?: string | null;
};

/** Fields that say how a row is kept, not what it is; those of an asset follow from what is logged. */
const unlogged = new Set(['id', 'revision', 'command_key_sequence', 'created_at', 'presence_since', 'state_since']);

/** Longer values of anything but an asset are documents, kept elsewhere: the changelog says which, by digest. */
const valueCharactersMax = 8192;
/** SQLite takes 32 766 parameters, ten for a row. */
const rowsMax = 3000;

export type ChangelogContext = {
  readonly actor: Actor;
  readonly nowMs: number;
  /** Takes so many sequence numbers, and answers the first. */
  readonly take: (count: number) => number;
};

export function changelogWriter(trx: Transaction<Database>, { actor, nowMs, take }: ChangelogContext) {
  return async (kind: string, { id, before = {}, after, changeId }: Logged): Promise<void> => {
    const revision = after['revision'];
    const rows = Object.keys(after)
      .filter((field) => !unlogged.has(field))
      .flatMap((field) => {
        // What a secret was and became is not compared by what is shown of it.
        if (shown(before[field]) === shown(after[field])) return [];
        const seen = (value: unknown): string | null => visible(kind, field, shown(value));
        return [{ field, before: seen(before[field]), after: seen(after[field]) }];
      });
    if (rows.length === 0) return;
    const first = take(rows.length);
    for (let from = 0; from < rows.length; from += rowsMax) {
      await trx
        .insertInto('changelog')
        .values(
          rows.slice(from, from + rowsMax).map((row, index) => ({
            seq: first + from + index,
            object_kind: kind,
            object_id: id,
            ...row,
            actor: actor.name,
            change_id: changeId ?? null,
            at: nowMs,
            revision: typeof revision === 'number' ? revision : null,
          })),
        )
        .execute();
    }
  };
}

function shown(value: unknown): string | null {
  return value === null || value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value);
}

function visible(kind: string, field: string, value: string | null): string | null {
  if (value === null) return null;
  if (isSecretName(field)) return '(secret)';
  // An asset as of a day is computed from here: nothing of it may be cut.
  if (kind === 'asset' || value.length <= valueCharactersMax) return value;
  const sha256 = createHash('sha256').update(value).digest('hex');
  return `(${value.length} characters, SHA-256 ${sha256})`;
}
