// The driver of webhooks: sends what is in their outbox. Per object in order, each endpoint on its own, so that a slow one
// delays no other; at least once, under a stable id. What fails is tried again with growing, jittered pauses for a day, and
// then given up until somebody has it redelivered. What is sent is read from the outbox each time: a restart is no event.
import type { WebhookEvent } from '../../shared/api/webhook.ts';
import { fullJitterMs, type BackoffLimits } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Rng } from '../../shared/rng.ts';
import { signedHeaders } from '../crypto/webhook-signature.ts';
import type { Log } from '../log.ts';
import { systemActor, type Store } from '../store/unit-of-work.ts';
import type { DeliveryRow, WebhookRow } from '../store/webhooks.ts';
import type { Post } from './post-webhook.ts';
import { createPump, type OutboxDriver } from './pump.ts';

export type WebhookDriverDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  readonly region: string;
  /** The HTTP status of the answer. */
  readonly post: (post: Post, signal: AbortSignal) => Promise<number>;
  readonly retry?: BackoffLimits;
};

/** At once to one endpoint. */
const perEndpointMax = 4;
const defaultRetry: BackoffLimits = { baseMs: 5000, capMs: 3_600_000 };
/** Ended deliveries kept per webhook and kind of end. */
const endedKept = 1000;

type Outcome = { readonly status: number | null; readonly error: string | null };

export function createWebhookDriver(deps: WebhookDriverDeps): OutboxDriver {
  const { store, clock, log } = deps;
  /** Per endpoint, the objects of which something is being sent. */
  const busyWith = new Map<string, Set<string>>();
  return createPump({ what: 'webhooks', clock, log }, async ({ start, signal }) => {
    const webhooks = await store.db.selectFrom('webhooks').selectAll().where('active', '=', 1).execute();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const webhook of webhooks) {
      const busy = busyWith.get(webhook.id) ?? new Set<string>();
      const room = perEndpointMax - busy.size;
      if (room <= 0) continue;
      const heads = await headsOf(store, webhook.id, perEndpointMax + busy.size);
      const free = heads.filter((row) => !busy.has(row.object_id));
      for (const row of free.filter(({ next_at }) => next_at <= clock.nowMs()).slice(0, room)) {
        busyWith.set(webhook.id, busy.add(row.object_id));
        start(
          () => deliver(deps, { webhook, row }, signal),
          () => {
            busy.delete(row.object_id);
            if (busy.size === 0) busyWith.delete(webhook.id);
          },
        );
      }
      nextMs = Math.min(nextMs, ...free.map(({ next_at }) => next_at).filter((ms) => ms > clock.nowMs()));
    }
    return nextMs;
  });
}

/** The oldest that waits of each object, those due first. */
async function headsOf(store: Store, webhookId: string, limit: number): Promise<DeliveryRow[]> {
  return store.db
    .selectFrom('webhook_outbox as head')
    .selectAll('head')
    .where('head.webhook_id', '=', webhookId)
    .where('head.state', '=', 'pending')
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('webhook_outbox as earlier')
            .select('earlier.id')
            .whereRef('earlier.webhook_id', '=', 'head.webhook_id')
            .whereRef('earlier.object_id', '=', 'head.object_id')
            .where('earlier.state', '=', 'pending')
            .whereRef('earlier.seq', '<', 'head.seq'),
        ),
      ),
    )
    .orderBy('head.next_at')
    .orderBy('head.seq')
    .limit(limit)
    .execute();
}

type Delivering = { readonly webhook: WebhookRow; readonly row: DeliveryRow };

async function deliver(deps: WebhookDriverDeps, { webhook, row }: Delivering, signal: AbortSignal): Promise<void> {
  const { clock } = deps;
  const body = JSON.stringify(bodyOf(row, deps.region));
  const timestampS = Math.floor(clock.nowMs() / 1000);
  const headers = signedHeaders({ id: row.id, timestampS, body }, secretsOf(webhook, clock.nowMs()));
  const outcome = await deps.post({ url: webhook.url, headers, body }, signal).then(
    (status): Outcome => ({ status, error: status >= 200 && status < 300 ? null : answered(status) }),
    (error: unknown): Outcome => ({ status: null, error: messageOf(error) }),
  );
  // A controller that stops has not failed; the next one sends it.
  if (signal.aborted) return;
  await note(deps, { webhook, row }, outcome);
}

function bodyOf(row: DeliveryRow, region: string): WebhookEvent {
  const { id, kind, seq, text } = row;
  return { id, type: kind, timestamp: row.created_at, data: { region, seq, objectId: row.object_id, text } };
}

function secretsOf({ secret, old_secret, old_secret_until }: WebhookRow, nowMs: number): string[] {
  const isOverlapping = old_secret !== null && (old_secret_until ?? 0) > nowMs;
  return isOverlapping ? [secret, old_secret] : [secret];
}

function answered(status: number): string {
  return `answered ${status}${status >= 300 && status < 400 ? '; redirects are not followed' : ''}`;
}

async function note(deps: WebhookDriverDeps, { webhook, row }: Delivering, { status, error }: Outcome): Promise<void> {
  const { store, rng } = deps;
  const attempts = row.attempts + 1;
  await store.write(systemActor('webhooks'), async (uow) => {
    const isGivenUp = error !== null && uow.nowMs >= row.give_up_at;
    const state = error === null ? 'delivered' : isGivenUp ? 'failed' : 'pending';
    const pauseMs = fullJitterMs(row.attempts, deps.retry ?? defaultRetry, rng);
    await uow.db
      .updateTable('webhook_outbox')
      .set({
        state,
        attempts,
        status,
        error: error?.slice(0, 500) ?? null,
        next_at: Math.min(uow.nowMs + pauseMs, Math.max(row.give_up_at, uow.nowMs)),
        ended_at: state === 'pending' ? null : uow.nowMs,
      })
      .where('id', '=', row.id)
      .where('state', '=', 'pending')
      .execute();
    if (state === 'pending') return;
    const older = uow.db
      .selectFrom('webhook_outbox')
      .select('seq')
      .where('webhook_id', '=', webhook.id)
      .where('state', '=', state)
      .orderBy('seq', 'desc')
      .limit(1)
      .offset(endedKept);
    await uow.db
      .deleteFrom('webhook_outbox')
      .where('webhook_id', '=', webhook.id)
      .where('state', '=', state)
      .where('seq', '<=', older)
      .execute();
    if (isGivenUp) {
      await uow.event(
        'webhook',
        webhook.id,
        `webhook ${webhook.name}: ${row.id} was given up after ${attempts} attempts: ${error}`,
      );
    }
  });
}
