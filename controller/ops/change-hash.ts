// The one hash that a checker approves.
import { createHash } from 'node:crypto';

import { canonicalJson } from '../../shared/canonical-json.ts';
import { fromJson } from '../store/json.ts';
import type { ChangeRow } from '../store/change-tables.ts';
import type { ChangeSubject } from '../store/subjects.ts';

type Hashed = Pick<
  ChangeRow,
  'operation' | 'reason' | 'maker_id' | 'payload' | 'effect' | 'targets' | 'policy' | 'expires_at'
> & { readonly about: readonly ChangeSubject[] };

/** What a checker approves: the operation, why and by whom, its frozen payload, what it is about, what was shown, what it needs and until when. */
export function changeHash(row: Hashed): string {
  const payload: unknown = JSON.parse(row.payload);
  const hashed = {
    operation: row.operation,
    reason: row.reason,
    makerId: row.maker_id,
    payload,
    about: [...new Set(row.about.map(({ kind, name }) => `${kind} ${name}`))].toSorted(),
    effect: fromJson(row.effect),
    targets: fromJson(row.targets),
    policy: fromJson(row.policy),
    expiresAt: row.expires_at,
  };
  return createHash('sha256').update(canonicalJson(hashed)).digest('hex');
}
