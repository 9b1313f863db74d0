// Operation handles: slow work to watch, with its steps.
import { Type, type Static } from 'typebox';

import { operationStates, stepStates } from '../lifecycle/operation.ts';
import { literals } from '../literals.ts';
import { closed, Nullable, page, pageInput, Ref, Revision, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

export const OperationStep = Type.Object(
  {
    name: Type.String(),
    state: literals(stepStates),
    startedAt: Nullable(UnixMsField),
    endedAt: Nullable(UnixMsField),
    message: Type.String(),
  },
  closed,
);
export type OperationStep = Static<typeof OperationStep>;

export const OperationHandle = Type.Object(
  {
    id: Type.String(),
    kind: Type.String(),
    assetId: Type.String(),
    asset: Type.String({ description: "The asset's name or serial" }),
    changeId: Nullable(Type.String({ description: 'The change it carries out; null where none was needed' })),
    state: literals(operationStates),
    steps: Type.Array(OperationStep),
    progressPercent: Nullable(Type.Number()),
    error: Nullable(Type.String()),
    mayCancel: Type.Boolean(),
    createdAt: UnixMsField,
    endedAt: Nullable(UnixMsField),
    revision: Revision,
  },
  closed,
);
export type OperationHandle = Static<typeof OperationHandle>;

export const operationHandleOperations = [
  operation({
    id: 'operation.list',
    method: 'GET',
    path: '/v1/operations',
    input: Type.Object({ ...pageInput, state: Type.Optional(literals(operationStates)) }, closed),
    output: page(OperationHandle),
    scope: 'visible',
    effect: 'read',
    summary: 'List operations, newest first',
    example: { state: 'running' },
  }),
  operation({
    id: 'operation.get',
    method: 'GET',
    path: '/v1/operations/:operation',
    input: Type.Object({ operation: Ref('operation') }, closed),
    output: OperationHandle,
    scope: ['operation'],
    effect: 'read',
    summary: 'Get one operation with its steps',
    example: { operation: 'op_01jdaqv1zfe4rs8pnxzqk3wh2d' },
  }),
] as const;
