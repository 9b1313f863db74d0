// Webhooks and their outbox: a row per event and webhook, written in the transaction of the event.
import { CompiledQuery, type Kysely } from 'kysely';

import type { Delivery, Webhook } from '../../shared/api/webhook.ts';
import { parseScope } from '../../shared/api/scope.ts';
import { PpecError } from '../../shared/errors.ts';
import { isId, newId, type IdSource } from '../../shared/ids.ts';
import { covers, type Where } from '../domain/rbac.ts';
import { assetById } from './assets.ts';
import { fromJson } from './json.ts';
import { assetSubject, changeSubjects, clusterSubject, projectSubject, teamSubject } from './subjects.ts';
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
  const { rows: webhooks } = await db.executeQuery<WebhookRow>(activeQuery);
  if (webhooks.length === 0) return;
  let subjects: readonly Where[] | undefined;
  for (const webhook of webhooks) {
    const kinds: readonly string[] = fromJson(webhook.kinds);
    // What is told of a webhook itself would feed on itself.
    const isOwn = happened.kind === 'webhook' && happened.objectId === webhook.id;
    if (isOwn || (kinds.length > 0 && !kinds.includes(happened.kind))) continue;
    if (webhook.scope !== 'region') {
      subjects ??= await subjectsOfObject(db, happened);
      if (!isWithin(webhook.scope, subjects)) continue;
    }
    await enqueue(db, { webhook, happened }, ids);
  }
}

/** Asked at every event. */
const activeQuery = CompiledQuery.raw('select * from webhooks where active = 1');

/** What reaches beyond a scope is not told in it: its text names what else it is about. */
function isWithin(text: string, subjects: readonly Where[]): boolean {
  const scope = parseScope(text);
  if (scope === undefined || subjects.length === 0) return false;
  return subjects.every((subject) => typeof subject !== 'string' && covers(scope, subject));
}

async function subjectsOfObject(db: Db, { kind, objectId }: Happened): Promise<readonly Where[]> {
  if (isId('change', objectId)) return changeSubjects(db, objectId);
  if (kind === 'team') return [teamSubject(objectId)];
  if (kind === 'project') return [await projectSubject(db, objectId)];
  if (kind === 'cluster') return [await clusterSubject(db, objectId)];
  const operation = await db.selectFrom('operations').select('asset_id').where('id', '=', objectId).executeTakeFirst();
  const asset = await assetById(db, operation?.asset_id ?? objectId);
  return asset === undefined ? [] : [assetSubject(asset)];
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
