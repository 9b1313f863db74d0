// Where a person is written to.
import { Type, type Static } from 'typebox';

import { closed, Nullable } from './fields.ts';
import { operation } from './operation.ts';

/** One plain address: no display name, no quoting, nothing that could become another header or another recipient. */
export const emailPattern =
  "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?){0,8}$";
const Email = Type.String({ pattern: emailPattern, maxLength: 254, description: 'name@example.net' });

export const Notification = Type.Object(
  { email: Nullable(Type.String()), mailIsConfigured: Type.Boolean({ description: 'Whether this region sends mail' }) },
  closed,
);
export type Notification = Static<typeof Notification>;

export const notificationOperations = [
  operation({
    id: 'notification.get',
    method: 'GET',
    path: '/v1/notification',
    input: Type.Object({}, closed),
    output: Notification,
    scope: 'own',
    effect: 'read',
    summary: 'Where am I written to when a change waits for me or is decided?',
    example: {},
  }),
  operation({
    id: 'notification.set',
    method: 'PUT',
    path: '/v1/notification',
    input: Type.Object({ email: Nullable(Email) }, closed),
    output: Notification,
    scope: 'own',
    effect: 'write',
    summary: 'Set where you are written to; null for nowhere',
    example: { email: 'mia@example.net' },
  }),
] as const;
