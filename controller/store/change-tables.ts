// The tables of changes, of the policies over them, and of the outboxes that tell of them.
import type { Change, EffectLine, FrozenPolicy, noteKinds } from '../../shared/api/change.ts';
import type { ExecutionWindow } from '../../shared/api/execution-window.ts';
import type { deliveryStates, Webhook } from '../../shared/api/webhook.ts';
import type { ChangeState } from '../../shared/lifecycle/change.ts';
import type { Json } from './json.ts';

export type ChangeRow = {
  id: string;
  operation: string;
  summary: string;
  reason: string;
  maker_id: string;
  state: ChangeState;
  state_reason: string | null;
  payload: string;
  payload_sha256: string;
  effect: Json<EffectLine[]>;
  targets: Json<string[]>;
  checkers_needed: number;
  approvals: Json<Change['approvals']>;
  operation_ids: Json<string[]>;
  /** What the maker asked for, canonical JSON. */
  input: string;
  policy: Json<FrozenPolicy>;
  edits: number;
  /** When an approved change runs. */
  runs_at: number | null;
  break_glass: Json<NonNullable<Change['breakGlass']>> | null;
  review: Json<NonNullable<Change['review']>> | null;
  created_at: number;
  expires_at: number;
  revision: number;
};

export type ChangeTables = {
  changes: ChangeRow;
  policies: {
    id: string;
    operation: string;
    scope: string;
    quorum: number;
    checkers: Json<string[]>;
    open_for_ms: number;
    window: Json<ExecutionWindow> | null;
    reason: string;
    created_at: number;
    updated_at: number;
    revision: number;
  };
  change_notes: {
    id: string;
    change_id: string;
    at: number;
    kind: (typeof noteKinds)[number];
    person: string;
    person_id: string;
    from_address: string | null;
    text: string;
  };
  webhooks: {
    id: string;
    name: string;
    url: string;
    kinds: Json<Webhook['kinds']>;
    scope: string;
    active: number;
    /** In clear: it signs. Shown to nobody after it was made. */
    secret: string;
    old_secret: string | null;
    old_secret_until: number | null;
    dropped: number;
    created_at: number;
    revision: number;
  };
  webhook_outbox: {
    id: string;
    webhook_id: string;
    /** The event's. */
    seq: number;
    kind: string;
    object_id: string;
    text: string;
    state: (typeof deliveryStates)[number];
    attempts: number;
    status: number | null;
    error: string | null;
    created_at: number;
    give_up_at: number;
    next_at: number;
    ended_at: number | null;
  };
  mail_outbox: {
    id: string;
    person_id: string;
    address: string;
    subject: string;
    text: string;
    state: 'pending' | 'sent' | 'failed';
    attempts: number;
    error: string | null;
    created_at: number;
    next_at: number;
    ended_at: number | null;
  };
  notification_addresses: { person_id: string; email: string };
};
