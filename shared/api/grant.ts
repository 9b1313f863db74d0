// Grants: a holder, a role and a scope. They are the only thing that gives anybody a right.
import { Type, type Static } from 'typebox';

import { Change } from './change.ts';
import { closed, Nullable, page, pageInput, Reason, Ref, UnixMsField } from './fields.ts';
import { HolderText } from './holder.ts';
import { operation } from './operation.ts';
import { RoleText } from './role-names.ts';
import { ScopeText } from './scope.ts';

export const Grant = Type.Object(
  {
    id: Type.String(),
    holder: Type.String(),
    role: Type.String(),
    scope: Type.String(),
    expiresAt: Nullable(UnixMsField),
    createdBy: Type.String(),
    changeId: Nullable(Type.String({ description: 'The change that made it; null where it came another way' })),
    createdAt: UnixMsField,
  },
  closed,
);
export type Grant = Static<typeof Grant>;

export const grantOperations = [
  operation({
    id: 'grant.list',
    method: 'GET',
    path: '/v1/grants',
    input: Type.Object({ ...pageInput, holder: Type.Optional(HolderText), role: Type.Optional(RoleText) }, closed),
    output: page(Grant),
    scope: 'visible',
    effect: 'read',
    summary: 'List grants: who holds which role, and where',
    example: { holder: 'team:storage' },
  }),
  operation({
    id: 'grant.create',
    method: 'POST',
    path: '/v1/grants',
    input: Type.Object(
      {
        holder: HolderText,
        role: RoleText,
        scope: ScopeText,
        expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650 })),
        reason: Reason,
      },
      closed,
    ),
    output: Change,
    scope: ['scope'],
    effect: 'state-change',
    summary: 'Ask to give somebody else a role at a scope; a checker who does not gain by it must approve',
    example: { holder: 'person:mia', role: 'provisioner', scope: 'project:payments', reason: 'on call from Monday' },
  }),
  operation({
    id: 'grant.delete',
    method: 'POST',
    path: '/v1/grants/:grant/delete',
    input: Type.Object({ grant: Ref('grant'), reason: Reason }, closed),
    output: Change,
    scope: ['grant'],
    effect: 'state-change',
    summary: 'Ask to take a grant away; a checker must approve',
    example: { grant: 'grt_01jdaqv1zfe4rs8pnxzqk3wh2d', reason: 'left the team' },
  }),
] as const;
