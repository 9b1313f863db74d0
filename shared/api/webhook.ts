// Webhooks: what happens in the region, sent to an address as it happens, signed by the scheme of Standard Webhooks.
import { Type, type Static } from 'typebox';

import { literals } from '../literals.ts';
import { closed, Nullable, page, pageInput, Ref, Revision, Slug, Text, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';
import { ScopeText } from './scope.ts';

export const webhookKinds = [
  'alert', 'asset', 'cabling', 'change', 'image', 'operation', 'purchase-order', 'webhook',
] as const; // prettier-ignore

const Url = Type.String({
  pattern: '^https?://[\\x21-\\x7e]{1,1000}$',
  maxLength: 1000,
  description: 'Where to POST to; https unless the configuration allows http',
});
const Kinds = Type.Array(literals(webhookKinds), {
  maxItems: webhookKinds.length,
  uniqueItems: true,
  description: 'Kinds of events; all where the list is empty',
});

export const Webhook = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    url: Type.String(),
    kinds: Kinds,
    scope: ScopeText,
    active: Type.Boolean(),
    pending: Type.Integer({ description: 'Deliveries that wait or are tried again' }),
    failed: Type.Integer({ description: 'Deliveries that were given up; ppec webhook redeliver' }),
    dropped: Type.Integer({ description: 'Events that were not kept, since too many waited' }),
    oldSecretUntil: Nullable(
      Type.Integer({ minimum: 0, description: 'Until when the secret before the newest one signs too' }),
    ),
    createdAt: UnixMsField,
    revision: Revision,
  },
  closed,
);
export type Webhook = Static<typeof Webhook>;

export const deliveryStates = ['pending', 'delivered', 'failed'] as const;
export const Delivery = Type.Object(
  {
    id: Type.String({ description: 'The webhook-id of every attempt' }),
    kind: Type.String(),
    objectId: Type.String(),
    text: Type.String(),
    state: literals(deliveryStates),
    attempts: Type.Integer({ minimum: 0 }),
    status: Nullable(Type.Integer({ description: 'HTTP status of the newest answer' })),
    error: Nullable(Type.String()),
    createdAt: UnixMsField,
    nextAt: Nullable(Type.Integer({ minimum: 0, description: 'When it is tried next' })),
    endedAt: Nullable(UnixMsField),
  },
  closed,
);
export type Delivery = Static<typeof Delivery>;

/** The body of a delivery. */
export const WebhookEvent = Type.Object(
  {
    id: Type.String(),
    type: Type.String({ description: 'Kind of the event' }),
    timestamp: UnixMsField,
    data: Type.Object(
      {
        region: Type.String(),
        seq: Type.Integer({ description: 'Grows with every event of the region' }),
        objectId: Type.String(),
        text: Type.String(),
      },
      closed,
    ),
  },
  closed,
);
export type WebhookEvent = Static<typeof WebhookEvent>;

const Secret = Type.String({ description: 'Shown this once: whsec_ and base64' });
const webhook = { webhook: Ref('webhook') };
const example = { webhook: 'pager' };

export const webhookOperations = [
  operation({
    id: 'webhook.list',
    method: 'GET',
    path: '/v1/webhooks',
    input: Type.Object({ ...pageInput }, closed),
    output: page(Webhook),
    scope: 'region',
    effect: 'read',
    summary: 'List webhooks',
    example: {},
  }),
  operation({
    id: 'webhook.get',
    method: 'GET',
    path: '/v1/webhooks/:webhook',
    input: Type.Object(webhook, closed),
    output: Webhook,
    scope: 'region',
    effect: 'read',
    summary: 'Get one webhook and how far it has come',
    example,
  }),
  operation({
    id: 'webhook.create',
    method: 'POST',
    path: '/v1/webhooks',
    input: Type.Object(
      {
        name: Slug('Name of the webhook'),
        url: Url,
        kinds: Type.Optional(Kinds),
        scope: Type.Optional(ScopeText),
      },
      closed,
    ),
    output: Type.Object({ webhook: Webhook, secret: Secret }, closed),
    scope: 'region',
    effect: 'write',
    summary: 'Send events to an address; its secret is shown once',
    example: { name: 'pager', url: 'https://pager.example.net/ppec', kinds: ['alert', 'change'] },
  }),
  operation({
    id: 'webhook.update',
    method: 'POST',
    path: '/v1/webhooks/:webhook',
    input: Type.Object(
      {
        ...webhook,
        url: Type.Optional(Url),
        kinds: Type.Optional(Kinds),
        scope: Type.Optional(ScopeText),
        active: Type.Optional(Type.Boolean({ description: 'What happens while it is not active is not sent' })),
      },
      closed,
    ),
    output: Webhook,
    scope: 'region',
    effect: 'write',
    summary: 'Change what a webhook gets, or where',
    example: { ...example, kinds: ['alert'] },
  }),
  operation({
    id: 'webhook.rotate',
    method: 'POST',
    path: '/v1/webhooks/:webhook/rotate',
    input: Type.Object(
      {
        ...webhook,
        overlapHours: Type.Optional(
          Type.Integer({ minimum: 0, maximum: 168, description: 'How long the old secret signs too; 24 unless told' }),
        ),
      },
      closed,
    ),
    output: Type.Object({ webhook: Webhook, secret: Secret }, closed),
    scope: 'region',
    effect: 'write',
    permission: 'webhook.update',
    summary: 'Give a webhook a new secret; the old one signs beside it for a while',
    example,
  }),
  operation({
    id: 'webhook.delete',
    method: 'POST',
    path: '/v1/webhooks/:webhook/delete',
    input: Type.Object(webhook, closed),
    output: Webhook,
    scope: 'region',
    effect: 'write',
    summary: 'Delete a webhook and what waits for it',
    example,
  }),
  operation({
    id: 'webhook.test',
    method: 'POST',
    path: '/v1/webhooks/:webhook/test',
    input: Type.Object(webhook, closed),
    output: Delivery,
    scope: 'region',
    effect: 'write',
    permission: 'webhook.update',
    summary: 'Send a test event; see what came of it in its deliveries',
    example,
  }),
  operation({
    id: 'webhook.deliveries',
    method: 'GET',
    path: '/v1/webhooks/:webhook/deliveries',
    input: Type.Object({ ...pageInput, ...webhook, state: Type.Optional(literals(deliveryStates)) }, closed),
    output: page(Delivery),
    scope: 'region',
    effect: 'read',
    permission: 'webhook.get',
    summary: 'List what was sent, waits, or was given up, newest first',
    example: { ...example, state: 'failed' },
  }),
  operation({
    id: 'webhook.redeliver',
    method: 'POST',
    path: '/v1/webhooks/:webhook/redeliver',
    input: Type.Object(
      { ...webhook, delivery: Type.Optional(Text(40, 'One delivery; all that were given up unless told')) },
      closed,
    ),
    output: Type.Object({ redelivered: Type.Integer() }, closed),
    scope: 'region',
    effect: 'write',
    permission: 'webhook.update',
    summary: 'Try again what was given up',
    example,
  }),
] as const;
