// The one list of commands, in the order help shows them. A new command is one file and one line here.
import type { CliCommand } from './command.ts';
import { assetBurnIn } from './commands/asset-burn-in.ts';
import { assetConsole } from './commands/asset-console.ts';
import { assetGet } from './commands/asset-get.ts';
import { assetHealth } from './commands/asset-health.ts';
import { assetIdentity } from './commands/asset-identity.ts';
import { assetInspect } from './commands/asset-inspect.ts';
import { assetInventory } from './commands/asset-inventory.ts';
import { assetList } from './commands/asset-list.ts';
import { assetParts } from './commands/asset-parts.ts';
import { assetTag } from './commands/asset-tag.ts';
import { assetResetTpm } from './commands/asset-reset-tpm.ts';
import { assetRevokeIdentity } from './commands/asset-revoke-identity.ts';
import { assetWaive } from './commands/asset-waive.ts';
import { assetWatch } from './commands/asset-watch.ts';
import { auditExport } from './commands/audit-export.ts';
import { auditHead } from './commands/audit-head.ts';
import { auditList } from './commands/audit-list.ts';
import { auditVerify } from './commands/audit-verify.ts';
import { authCanI } from './commands/auth-can-i.ts';
import { burnInCancel } from './commands/burn-in-cancel.ts';
import { burnInGet } from './commands/burn-in-get.ts';
import { burnInList } from './commands/burn-in-list.ts';
import { burnInPeers } from './commands/burn-in-peers.ts';
import { burnInWatch } from './commands/burn-in-watch.ts';
import { cablingCheck } from './commands/cabling-check.ts';
import { cablingDelete } from './commands/cabling-delete.ts';
import { cablingImport } from './commands/cabling-import.ts';
import { cablingList } from './commands/cabling-list.ts';
import { changeApprove } from './commands/change-approve.ts';
import { changeBreakGlass } from './commands/change-break-glass.ts';
import { changeComment } from './commands/change-comment.ts';
import { changeEdit } from './commands/change-edit.ts';
import { changeGet } from './commands/change-get.ts';
import { changeList } from './commands/change-list.ts';
import { changeReject } from './commands/change-reject.ts';
import { changeReview } from './commands/change-review.ts';
import { changeWait } from './commands/change-wait.ts';
import { changeWithdraw } from './commands/change-withdraw.ts';
import { changelog } from './commands/changelog.ts';
import { classApply } from './commands/class-apply.ts';
import { classCreate } from './commands/class-create.ts';
import { classFromAsset } from './commands/class-from-asset.ts';
import { classGet } from './commands/class-get.ts';
import { classList } from './commands/class-list.ts';
import { clusterAddAsset } from './commands/cluster-add-asset.ts';
import { clusterCreate } from './commands/cluster-create.ts';
import { clusterGet } from './commands/cluster-get.ts';
import { clusterList } from './commands/cluster-list.ts';
import { clusterRemoveAsset } from './commands/cluster-remove-asset.ts';
import { commandKeyList } from './commands/command-key-list.ts';
import { commandKeyRotate } from './commands/command-key-rotate.ts';
import { completion } from './commands/completion.ts';
import { contextAdd } from './commands/context-add.ts';
import { contextList } from './commands/context-list.ts';
import { contextRemove } from './commands/context-remove.ts';
import { contextUse } from './commands/context-use.ts';
import { credentialCreate } from './commands/credential-create.ts';
import { credentialList } from './commands/credential-list.ts';
import { credentialRevoke } from './commands/credential-revoke.ts';
import { credentialRotate } from './commands/credential-rotate.ts';
import { eventWatch } from './commands/event-watch.ts';
import { grantCreate } from './commands/grant-create.ts';
import { grantDelete } from './commands/grant-delete.ts';
import { grantList } from './commands/grant-list.ts';
import { imageGet } from './commands/image-get.ts';
import { imageImport } from './commands/image-import.ts';
import { imageKeygen } from './commands/image-keygen.ts';
import { imageList } from './commands/image-list.ts';
import { imageSign } from './commands/image-sign.ts';
import { imageVerify } from './commands/image-verify.ts';
import { login } from './commands/login.ts';
import { logout } from './commands/logout.ts';
import { networkAddresses } from './commands/network-addresses.ts';
import { networkCreate } from './commands/network-create.ts';
import { networkGet } from './commands/network-get.ts';
import { networkList } from './commands/network-list.ts';
import { notificationGet } from './commands/notification-get.ts';
import { notificationSet } from './commands/notification-set.ts';
import { operationGet } from './commands/operation-get.ts';
import { operationList } from './commands/operation-list.ts';
import { operationWait } from './commands/operation-wait.ts';
import { partGet } from './commands/part-get.ts';
import { partList } from './commands/part-list.ts';
import { partRma } from './commands/part-rma.ts';
import { personAdd } from './commands/person-add.ts';
import { personDeactivate } from './commands/person-deactivate.ts';
import { personList } from './commands/person-list.ts';
import { personReactivate } from './commands/person-reactivate.ts';
import { personSetPassword } from './commands/person-set-password.ts';
import { personOpenSignIn } from './commands/person-open-sign-in.ts';
import { personSetUp } from './commands/person-set-up.ts';
import { personUpdate } from './commands/person-update.ts';
import { poAddDelivery } from './commands/po-add-delivery.ts';
import { poAddInvoice } from './commands/po-add-invoice.ts';
import { poAmend } from './commands/po-amend.ts';
import { poCancel } from './commands/po-cancel.ts';
import { poClose } from './commands/po-close.ts';
import { poExport } from './commands/po-export.ts';
import { poGet } from './commands/po-get.ts';
import { poImport } from './commands/po-import.ts';
import { poList } from './commands/po-list.ts';
import { poReopen } from './commands/po-reopen.ts';
import { poReport } from './commands/po-report.ts';
import { projectAddMember } from './commands/project-add-member.ts';
import { projectCreate } from './commands/project-create.ts';
import { projectGet } from './commands/project-get.ts';
import { projectList } from './commands/project-list.ts';
import { projectRemoveMember } from './commands/project-remove-member.ts';
import { policyDelete } from './commands/policy-delete.ts';
import { policyExplain } from './commands/policy-explain.ts';
import { policyGet } from './commands/policy-get.ts';
import { policyList } from './commands/policy-list.ts';
import { policySet } from './commands/policy-set.ts';
import { provision } from './commands/provision.ts';
import { region } from './commands/region.ts';
import { roleCreate } from './commands/role-create.ts';
import { roleDelete } from './commands/role-delete.ts';
import { roleGet } from './commands/role-get.ts';
import { roleList } from './commands/role-list.ts';
import { roleUpdate } from './commands/role-update.ts';
import { sessionEnd } from './commands/session-end.ts';
import { sessionList } from './commands/session-list.ts';
import { spareList } from './commands/spare-list.ts';
import { teamAddMember } from './commands/team-add-member.ts';
import { teamCreate } from './commands/team-create.ts';
import { teamGet } from './commands/team-get.ts';
import { teamList } from './commands/team-list.ts';
import { teamRemoveMember } from './commands/team-remove-member.ts';
import { vendorCreate } from './commands/vendor-create.ts';
import { vendorGet } from './commands/vendor-get.ts';
import { vendorList } from './commands/vendor-list.ts';
import { vendorUpdate } from './commands/vendor-update.ts';
import { version } from './commands/version.ts';
import { waiverList } from './commands/waiver-list.ts';
import { webhookCreate } from './commands/webhook-create.ts';
import { webhookDelete } from './commands/webhook-delete.ts';
import { webhookDeliveries } from './commands/webhook-deliveries.ts';
import { webhookGet } from './commands/webhook-get.ts';
import { webhookList } from './commands/webhook-list.ts';
import { webhookRedeliver } from './commands/webhook-redeliver.ts';
import { webhookRotate } from './commands/webhook-rotate.ts';
import { webhookTest } from './commands/webhook-test.ts';
import { webhookUpdate } from './commands/webhook-update.ts';
import { whoami } from './commands/whoami.ts';

const listed: readonly CliCommand[] = [
  login,
  logout,
  whoami,
  authCanI,
  region,
  contextList,
  contextAdd,
  contextRemove,
  contextUse,
  poList,
  poGet,
  poImport,
  poAddDelivery,
  poAddInvoice,
  poAmend,
  poExport,
  poClose,
  poReopen,
  poCancel,
  poReport,
  vendorList,
  vendorGet,
  vendorCreate,
  vendorUpdate,
  classList,
  classGet,
  classFromAsset,
  classApply,
  classCreate,
  assetList,
  assetGet,
  assetBurnIn,
  assetConsole,
  assetHealth,
  assetIdentity,
  assetInspect,
  assetInventory,
  assetParts,
  assetTag,
  assetResetTpm,
  assetRevokeIdentity,
  assetWaive,
  assetWatch,
  waiverList,
  burnInList,
  burnInGet,
  burnInWatch,
  burnInCancel,
  burnInPeers,
  partList,
  partGet,
  partRma,
  spareList,
  provision,
  changeList,
  changeGet,
  changeApprove,
  changeReject,
  changeWait,
  changeWithdraw,
  changeEdit,
  changeComment,
  changeBreakGlass,
  changeReview,
  policyList,
  policyGet,
  policyExplain,
  policySet,
  policyDelete,
  operationList,
  operationGet,
  operationWait,
  imageList,
  imageGet,
  imageImport,
  imageKeygen,
  imageSign,
  imageVerify,
  networkList,
  networkGet,
  networkAddresses,
  networkCreate,
  cablingList,
  cablingCheck,
  cablingImport,
  cablingDelete,
  auditList,
  auditVerify,
  auditHead,
  auditExport,
  changelog,
  teamList,
  teamGet,
  teamCreate,
  teamAddMember,
  teamRemoveMember,
  projectList,
  projectGet,
  projectCreate,
  projectAddMember,
  projectRemoveMember,
  clusterList,
  clusterGet,
  clusterCreate,
  clusterAddAsset,
  clusterRemoveAsset,
  roleList,
  roleGet,
  roleCreate,
  roleUpdate,
  roleDelete,
  grantList,
  grantCreate,
  grantDelete,
  commandKeyList,
  commandKeyRotate,
  personList,
  personAdd,
  personUpdate,
  personOpenSignIn,
  personSetUp,
  personSetPassword,
  personDeactivate,
  personReactivate,
  credentialList,
  credentialCreate,
  credentialRotate,
  credentialRevoke,
  notificationGet,
  notificationSet,
  sessionList,
  sessionEnd,
  eventWatch,
  webhookList,
  webhookGet,
  webhookCreate,
  webhookUpdate,
  webhookRotate,
  webhookDelete,
  webhookTest,
  webhookDeliveries,
  webhookRedeliver,
  version,
];

export const commands: readonly CliCommand[] = [...listed, completion(listed)];
