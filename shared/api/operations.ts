// The one list of operations. A new noun is one file and one line here.
import { assetOperations } from './asset.ts';
import { assetTagOperations } from './asset-tag.ts';
import { auditOperations } from './audit.ts';
import { burnInOperations } from './burn-in.ts';
import { cablingOperations } from './cabling.ts';
import { changelogOperations } from './changelog.ts';
import { canIOperations } from './can-i.ts';
import { changeOperations } from './change.ts';
import { clusterOperations } from './cluster.ts';
import { commandKeyOperations } from './command-key.ts';
import { credentialOperations } from './credential.ts';
import { deliveryReportOperations } from './delivery-report.ts';
import { grantOperations } from './grant.ts';
import { identityOperations } from './identity.ts';
import { imageOperations } from './image.ts';
import { machineClassOperations } from './machine-class.ts';
import { networkOperations } from './network.ts';
import { notificationOperations } from './notification.ts';
import { operationHandleOperations } from './operation-handle.ts';
import { partOperations } from './part.ts';
import { personOperations } from './person.ts';
import { projectOperations } from './project.ts';
import { policyOperations } from './policy.ts';
import { provisionOperations } from './provision.ts';
import { purchaseOrderOperations } from './purchase-order.ts';
import { regionOperations } from './region.ts';
import { roleOperations } from './role.ts';
import { teamOperations } from './team.ts';
import { sessionOperations } from './session.ts';
import { vendorOperations } from './vendor.ts';
import { waiverOperations } from './waiver.ts';
import { webhookOperations } from './webhook.ts';
import type { InputOf, OutputOf } from './operation.ts';

export const operations = [
  ...regionOperations,
  ...assetOperations,
  ...provisionOperations,
  ...waiverOperations,
  ...identityOperations,
  ...partOperations,
  ...burnInOperations,
  ...changeOperations,
  ...policyOperations,
  ...operationHandleOperations,
  ...purchaseOrderOperations,
  ...deliveryReportOperations,
  ...vendorOperations,
  ...machineClassOperations,
  ...imageOperations,
  ...networkOperations,
  ...cablingOperations,
  ...auditOperations,
  ...changelogOperations,
  ...personOperations,
  ...canIOperations,
  ...teamOperations,
  ...projectOperations,
  ...clusterOperations,
  ...roleOperations,
  ...grantOperations,
  ...assetTagOperations,
  ...commandKeyOperations,
  ...webhookOperations,
  ...notificationOperations,
  ...credentialOperations,
  ...sessionOperations,
] as const;

export type AnyOperation = (typeof operations)[number];
export type OperationId = AnyOperation['id'];
export type OperationById<Id extends OperationId> = Extract<AnyOperation, { readonly id: Id }>;
export type OperationInput<Id extends OperationId> = InputOf<OperationById<Id>>;
export type OperationOutput<Id extends OperationId> = OutputOf<OperationById<Id>>;

const byId = new Map<string, AnyOperation>(operations.map((op) => [op.id, op]));

export function findOperation(id: string): AnyOperation | undefined {
  return byId.get(id);
}
