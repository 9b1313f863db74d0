// Webhooks: where events are sent to, their secrets, and what became of what was sent.
import { isIP } from 'node:net';

import { scopeText, parseScope } from '../../shared/api/scope.ts';
import { PpecError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import { refusedAddress } from '../domain/webhook-address.ts';
import { toJson } from '../store/json.ts';
import {
  deliveryView, enqueue, findWebhook, giveUpAfterMs, webhookView, type WebhookRow,
} from '../store/webhooks.ts'; // prettier-ignore
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { Handlers, OpsDeps } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';

const webhooksMax = 100;
const secretBytes = 32;
const hourMs = 3_600_000;
const overlapHours = 24;

type WebhookIds =
  | 'webhook.list'
  | 'webhook.get'
  | 'webhook.create'
  | 'webhook.update'
  | 'webhook.rotate'
  | 'webhook.delete'
  | 'webhook.test'
  | 'webhook.deliveries'
  | 'webhook.redeliver';

export const webhookHandlers: Handlers<WebhookIds> = {
  'webhook.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor }, { deps }) => {
      let query = deps.db.selectFrom('webhooks').selectAll();
      if (cursor !== undefined) query = query.where('id', '>', cursor);
      const rows = await query
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => webhookView(deps.db, row));
    },
  },
  'webhook.get': {
    kind: 'read',
    run: async ({ webhook }, { deps }) => webhookView(deps.db, await findWebhook(deps.db, webhook)),
  },
  'webhook.create': {
    kind: 'write',
    run: async ({ name, url, kinds, scope }, { uow, deps }) => {
      await checkRoom(uow, name);
      const secret = newSecret(uow);
      const row: WebhookRow = {
        id: newId('webhook', uow.ids),
        name,
        url: checkedUrl(url, deps),
        kinds: toJson(kinds ?? []),
        scope: checkedScope(scope),
        active: 1,
        secret,
        old_secret: null,
        old_secret_until: null,
        dropped: 0,
        created_at: uow.nowMs,
        revision: 1,
      };
      await uow.db.insertInto('webhooks').values(row).execute();
      await uow.changelog('webhook', { id: row.id, after: row });
      return {
        output: { webhook: await webhookView(uow.db, row), secret },
        targets: [row.id],
        message: `webhook ${name} made, to ${new URL(url).host}`,
      };
    },
  },
  'webhook.update': {
    kind: 'write',
    run: async ({ webhook, url, kinds, scope, active }, { uow, deps }) => {
      const before = await findWebhook(uow.db, webhook);
      const changed = {
        url: url === undefined ? before.url : checkedUrl(url, deps),
        kinds: kinds === undefined ? before.kinds : toJson(kinds),
        scope: scope === undefined ? before.scope : checkedScope(scope),
        active: active === undefined ? before.active : Number(active),
        revision: before.revision + 1,
      };
      await uow.db.updateTable('webhooks').set(changed).where('id', '=', before.id).execute();
      const after = { ...before, ...changed };
      await uow.changelog('webhook', { id: before.id, before, after });
      // It may be that what waited can be sent now.
      await uow.event('webhook', before.id, `webhook ${before.name} changed by ${uow.actor.name}`);
      return {
        output: await webhookView(uow.db, after),
        targets: [before.id],
        message: `webhook ${before.name} changed`,
      };
    },
  },
  'webhook.rotate': {
    kind: 'write',
    run: async ({ webhook, overlapHours: hours = overlapHours }, { uow }) => {
      const before = await findWebhook(uow.db, webhook);
      const secret = newSecret(uow);
      const changed = {
        secret,
        old_secret: hours === 0 ? null : before.secret,
        old_secret_until: hours === 0 ? null : uow.nowMs + hours * hourMs,
        revision: before.revision + 1,
      };
      await uow.db.updateTable('webhooks').set(changed).where('id', '=', before.id).execute();
      // It says that they changed; what they are is in no log.
      await uow.changelog('webhook', { id: before.id, before, after: { ...before, ...changed } });
      return {
        output: { webhook: await webhookView(uow.db, { ...before, ...changed }), secret },
        targets: [before.id],
        message: `webhook ${before.name} has a new secret; the old one signs too for ${hours} hours`,
      };
    },
  },
  'webhook.delete': {
    kind: 'write',
    run: async ({ webhook }, { uow }) => {
      const row = await findWebhook(uow.db, webhook);
      const output = await webhookView(uow.db, row);
      await uow.db.deleteFrom('webhook_outbox').where('webhook_id', '=', row.id).execute();
      await uow.db.deleteFrom('webhooks').where('id', '=', row.id).execute();
      const gone = Object.fromEntries(Object.keys(row).map((field) => [field, null]));
      await uow.changelog('webhook', { id: row.id, before: row, after: gone });
      return { output, targets: [row.id], message: `webhook ${row.name} deleted` };
    },
  },
  'webhook.test': {
    kind: 'write',
    run: async ({ webhook: reference }, { uow }) => {
      const webhook = await findWebhook(uow.db, reference);
      const text = `a test of ${webhook.name} by ${uow.actor.name}`;
      const seq = await uow.event('webhook', webhook.id, text);
      const happened = { seq, kind: 'webhook', objectId: webhook.id, text, nowMs: uow.nowMs };
      const row = await enqueue(uow.db, { webhook, happened }, uow.ids);
      if (row === undefined) {
        throw new PpecError(
          'resource_exhausted',
          `Too much waits for ${webhook.name} already: ppec webhook deliveries`,
        );
      }
      return { output: deliveryView(row), targets: [webhook.id], message: text };
    },
  },
  'webhook.deliveries': {
    kind: 'read',
    run: async ({ webhook, limit = defaultLimit, cursor, state }, { deps }) => {
      const { id } = await findWebhook(deps.db, webhook);
      let query = deps.db.selectFrom('webhook_outbox').selectAll().where('webhook_id', '=', id);
      if (state !== undefined) query = query.where('state', '=', state);
      if (cursor !== undefined) query = query.where('id', '<', cursor);
      const rows = await query
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, deliveryView);
    },
  },
  'webhook.redeliver': {
    kind: 'write',
    run: async ({ webhook, delivery }, { uow }) => {
      const { id, name } = await findWebhook(uow.db, webhook);
      let update = uow.db
        .updateTable('webhook_outbox')
        .set({ state: 'pending', next_at: uow.nowMs, give_up_at: uow.nowMs + giveUpAfterMs, ended_at: null })
        .where('webhook_id', '=', id)
        .where('state', '=', 'failed');
      if (delivery !== undefined) update = update.where('id', '=', delivery);
      const redelivered = Number((await update.executeTakeFirst()).numUpdatedRows);
      if (delivery !== undefined && redelivered === 0) {
        throw new PpecError('failed_precondition', `${delivery} was not given up: ppec webhook deliveries ${name}`);
      }
      await uow.event('webhook', id, `${redelivered} deliveries of ${name} are tried again`);
      return { output: { redelivered }, targets: [id], message: `${redelivered} deliveries of ${name} tried again` };
    },
  },
};

async function checkRoom(uow: UnitOfWork, name: string): Promise<void> {
  const rows = await uow.db.selectFrom('webhooks').select('name').execute();
  if (rows.some((row) => row.name === name)) {
    throw new PpecError('already_exists', `There is a webhook '${name}' already. Change it: ppec webhook update`);
  }
  if (rows.length >= webhooksMax) {
    throw new PpecError('resource_exhausted', `There are ${rows.length} webhooks; that is the most.`);
  }
}

/** Which address a name has is looked at whenever something is sent; here only what can never be sent to is refused. */
function checkedUrl(text: string, { webhookRules }: OpsDeps): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') throw new PpecError('invalid_argument', `'${text}' is no URL.`);
  if (url.protocol !== 'https:' && !webhookRules.allowHttp) {
    throw new PpecError(
      'invalid_argument',
      'A webhook needs an https URL; webhooks.allowHttp in the configuration allows http.',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new PpecError('invalid_argument', 'A webhook URL has no user and password in it; what is sent is signed.');
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const refusal = isIP(host) === 0 ? undefined : refusedAddress(host, webhookRules.allowed);
  if (refusal !== undefined) throw new PpecError('invalid_argument', `A webhook cannot be sent there: ${refusal}.`);
  return url.href;
}

function checkedScope(text: string | undefined): string {
  const scope = parseScope(text ?? 'region');
  if (scope === undefined) throw new PpecError('invalid_argument', `'${text}' names a tag twice.`);
  return scopeText(scope);
}

function newSecret(uow: UnitOfWork): string {
  return `whsec_${Buffer.from(uow.ids.rng.bytes(secretBytes)).toString('base64')}`;
}
