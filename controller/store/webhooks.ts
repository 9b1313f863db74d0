// Webhooks and their outbox: a row per event and webhook, written in the transaction of the event.
import type { Kysely } from 'kysely';

import type { Delivery, Webhook } from '../../shared/api/webhook.ts';
import { parseScope } from '../../shared/api/scope.ts';
import { PpecError } from '../../shared/errors.ts';
import { newId, type IdSource } from '../../shared/ids.ts';
import { covers, type PolicySubject } from '../domain/policy.ts';
import { fromJson } from './json.ts';
import { subjectOfAsset } from './policies.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;
export type WebhookRow = Database['webhooks'];
export type DeliveryRow = Database['webhook_outbox'];

/** Deliveries of one webhook that wait; what happens beyond is counted, not kept. */
const pendingMax = 10_000;
/** Tried for a day, then given up. */
export const giveUpAfterMs = 86_400_000;

export type Happened = {
  readonly seq: number;
  readonly kind: string;
  readonly objectId: string;
  readonly text: string;
  readonly nowMs: number;
};

/** Puts an event into the outbox of every webhook that wants it. */
export async function fanOut(db: Db, happened: Happened, ids: IdSource): Promise<void> {
  const webhooks = await db.selectFrom('webhooks').selectAll().where('active', '=', 1).execute();
  if (webhooks.length === 0) return;
  let subjects: readonly PolicySubject[] | undefined;
  for (const webhook of webhooks) {
    const kinds: readonly string[] = fromJson(webhook.kinds);
    // What is told of a webhook itself would feed on itself.
    const isOwn = happened.kind === 'webhook' && happened.objectId === webhook.id;
    if (isOwn || (kinds.length > 0 && !kinds.includes(happened.kind))) continue;
    if (webhook.scope !== 'region') {
      subjects ??= await subjectsOfObject(db, happened.objectId);
      const scope = parseScope(webhook.scope);
      if (scope === undefined || !subjects.some((subject) => covers(scope, subject))) continue;
    }
    await enqueue(db, { webhook, happened }, ids);
  }
}

async function subjectsOfObject(db: Db, objectId: string): Promise<readonly PolicySubject[]> {
  const change = await db.selectFrom('changes').select('subjects').where('id', '=', objectId).executeTakeFirst();
  if (change !== undefined) return fromJson(change.subjects);
  const assets = await db
    .selectFrom('assets')
    .leftJoin('operations', (join) =>
      join.onRef('operations.asset_id', '=', 'assets.id').on('operations.id', '=', objectId),
    )
    .select('assets.project')
    .where((eb) => eb.or([eb('assets.id', '=', objectId), eb('operations.id', '=', objectId)]))
    .execute();
  return assets.map(subjectOfAsset);
}

type Meant = { readonly webhook: WebhookRow; readonly happened: Happened };

/** Answers the delivery, or undefined where too many wait already. */
export async function enqueue(db: Db, { webhook, happened }: Meant, ids: IdSource): Promise<DeliveryRow | undefined> {
  const beyond = await db
    .selectFrom('webhook_outbox')
    .select('id')
    .where('webhook_id', '=', webhook.id)
    .where('state', '=', 'pending')
    .orderBy('seq')
    .limit(1)
    .offset(pendingMax - 1)
    .executeTakeFirst();
  if (beyond !== undefined) {
    await db
      .updateTable('webhooks')
      .set((eb) => ({ dropped: eb('dropped', '+', 1) }))
      .where('id', '=', webhook.id)
      .execute();
    return undefined;
  }
  const row: DeliveryRow = {
    id: newId('webhookDelivery', ids),
    webhook_id: webhook.id,
    seq: happened.seq,
    kind: happened.kind,
    object_id: happened.objectId,
    text: happened.text,
    state: 'pending',
    attempts: 0,
    status: null,
    error: null,
    created_at: happened.nowMs,
    give_up_at: happened.nowMs + giveUpAfterMs,
    next_at: happened.nowMs,
    ended_at: null,
  };
  await db.insertInto('webhook_outbox').values(row).execute();
  return row;
}

export async function findWebhook(db: Db, reference: string): Promise<WebhookRow> {
  const row = await db
    .selectFrom('webhooks')
    .selectAll()
    .where((eb) => eb.or([eb('id', '=', reference), eb('name', '=', reference)]))
    .executeTakeFirst();
  if (row === undefined)
    throw new PpecError('not_found', `There is no webhook '${reference}'. List them: ppec webhook list`);
  return row;
}

export async function webhookView(db: Db, row: WebhookRow): Promise<Webhook> {
  const counts = await db
    .selectFrom('webhook_outbox')
    .select(['state', (eb) => eb.fn.countAll<number>().as('count')])
    .where('webhook_id', '=', row.id)
    .where('state', 'in', ['pending', 'failed'])
    .groupBy('state')
    .execute();
  const countOf = (state: string): number => counts.find((each) => each.state === state)?.count ?? 0;
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    kinds: fromJson(row.kinds),
    scope: row.scope,
    active: row.active === 1,
    pending: countOf('pending'),
    failed: countOf('failed'),
    dropped: row.dropped,
    oldSecretUntil: row.old_secret_until,
    createdAt: row.created_at,
    revision: row.revision,
  };
}

export function deliveryView(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    kind: row.kind,
    objectId: row.object_id,
    text: row.text,
    state: row.state,
    attempts: row.attempts,
    status: row.status,
    error: row.error,
    createdAt: row.created_at,
    nextAt: row.state === 'pending' ? row.next_at : null,
    endedAt: row.ended_at,
  };
}
