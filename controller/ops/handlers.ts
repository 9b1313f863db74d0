// The one list of handlers: every operation of the contract has exactly one, and the compiler says which is missing.
import { assert } from '../../shared/assert.ts';
import type { OperationId } from '../../shared/api/operations.ts';
import { assetHandlers } from './asset-ops.ts';
import { auditHandlers } from './audit-ops.ts';
import { breakGlassHandlers } from './break-glass.ts';
import { burnInHandlers } from './burn-in-ops.ts';
import { burnInWriteHandlers } from './burn-in-write.ts';
import { cablingHandlers } from './cabling-ops.ts';
import { changelogHandlers } from './changelog-ops.ts';
import { assetTagHandlers } from './asset-tag.ts';
import { canIHandlers } from './can-i.ts';
import { changeHandlers } from './change-ops.ts';
import { clusterHandlers } from './cluster-ops.ts';
import { grantHandlers } from './grant-ops.ts';
import { commandKeyHandlers } from './command-key-ops.ts';
import { identityHandlers } from './identity-ops.ts';
import { editHandlers } from './edit-change.ts';
import type { Handler, Handlers, StateChange } from './handler.ts';
import { credentialHandlers } from './credential-ops.ts';
import { imageHandlers } from './image-ops.ts';
import { networkHandlers } from './network-ops.ts';
import { notificationHandlers } from './notification-ops.ts';
import { openSignInHandlers } from './open-sign-in.ts';
import { operationHandlers } from './operation-ops.ts';
import { orderDocumentHandlers } from './order-documents.ts';
import { classHandlers } from './class-ops.ts';
import { orderHandlers } from './order-ops.ts';
import { orderStateHandlers } from './order-states.ts';
import { partHandlers } from './part-ops.ts';
import { personHandlers } from './person-ops.ts';
import { projectHandlers } from './project-ops.ts';
import { policyHandlers } from './policy-ops.ts';
import { provisionHandlers } from './provision-asset.ts';
import { regionHandlers } from './region-ops.ts';
import { roleHandlers } from './role-ops.ts';
import { teamHandlers } from './team-ops.ts';
import { sessionHandlers } from './session-ops.ts';
import { vendorHandlers } from './vendor-ops.ts';
import { waiverHandlers } from './waive-finding.ts';
import { webhookHandlers } from './webhook-ops.ts';

const handlers: Handlers<OperationId> = {
  ...regionHandlers,
  ...assetHandlers,
  ...auditHandlers,
  ...changelogHandlers,
  ...provisionHandlers,
  ...waiverHandlers,
  ...identityHandlers,
  ...partHandlers,
  ...burnInHandlers,
  ...burnInWriteHandlers,
  ...orderHandlers,
  ...classHandlers,
  ...orderDocumentHandlers,
  ...orderStateHandlers,
  ...vendorHandlers,
  ...imageHandlers,
  ...networkHandlers,
  ...cablingHandlers,
  ...personHandlers,
  ...canIHandlers,
  ...teamHandlers,
  ...projectHandlers,
  ...clusterHandlers,
  ...roleHandlers,
  ...grantHandlers,
  ...assetTagHandlers,
  ...commandKeyHandlers,
  ...changeHandlers(stateChange),
  ...editHandlers(stateChange),
  ...breakGlassHandlers(stateChange),
  ...operationHandlers,
  ...policyHandlers,
  ...webhookHandlers,
  ...notificationHandlers,
  ...openSignInHandlers,
  ...credentialHandlers,
  ...sessionHandlers,
};

/** What an approved change carries out. */
export function stateChange(operation: string): StateChange {
  const handler = handlerFor(operation);
  assert(handler?.kind === 'state-change', `${operation} is a state change`);
  return handler;
}

/** The handler of an operation, with its input untyped: the runner has validated it against the same contract. */
export function handlerFor(operation: string): Handler | undefined {
  const table: Readonly<Record<string, unknown>> = handlers;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the value of any key of Handlers
  return Object.hasOwn(table, operation) ? (table[operation] as Handler) : undefined;
}
