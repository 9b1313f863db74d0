// The built-in roles, permission by permission: an operation that is added later is in none of them until somebody writes
// it here. Nobody gets both sides of maker-checker by one of them.
import type { RoleName } from '../../shared/api/role-names.ts';

/** What everybody may do for themselves, by being signed in. */
export const ownPermissions: ReadonlySet<string> = new Set([
  'auth.whoami',
  'auth.can-i',
  'credential.list',
  'credential.create',
  'credential.rotate',
  'credential.revoke',
  'notification.get',
  'notification.set',
  'session.list',
  'session.end',
  'person.set-password',
]);

/** What a right at any scope is enough to read: the catalogue, and lists of what is in that scope. */
const everyday = [
  'region.get',
  'event.list',
  'class.list',
  'class.get',
  'image.list',
  'image.get',
  'network.list',
  'network.get',
  'role.list',
  'role.get',
  'team.list',
  'team.get',
  'project.list',
  'project.get',
  'cluster.list',
  'cluster.get',
  'asset.list',
  'asset.get',
  'part.list',
  'part.get',
  'burn-in.list',
  'burn-in.get',
  'change.list',
  'change.get',
  'changelog.list',
  'policy.list',
  'policy.get',
  'operation.list',
  'operation.get',
];

const reading = [...everyday, 'po.list', 'po.get', 'vendor.list', 'vendor.get', 'cabling.list', 'command-key.list'];

const onHosts = ['asset.inspect', 'asset.burn-in', 'burn-in.cancel', 'asset.tag'];

const making = ['change.withdraw', 'change.comment'];

const buying = [
  'po.import',
  'po.add-delivery',
  'po.add-invoice',
  'po.amend',
  'po.close',
  'po.reopen',
  'po.cancel',
  'vendor.create',
  'vendor.update',
];

type BuiltIn = { readonly description: string; readonly permissions: readonly string[] };

export const builtInRoles: Readonly<Record<RoleName, BuiltIn>> = {
  viewer: { description: 'Reads assets, orders and what is done with them; not who did it', permissions: reading },
  operator: {
    description: 'Runs machines: inspects, burns in, tags, sorts them into clusters',
    permissions: [
      ...reading,
      ...onHosts,
      'cluster.create',
      'cluster.add-asset',
      'cluster.remove-asset',
      'change.comment',
    ],
  },
  provisioner: {
    description: 'Asks for what needs a checker: provisioning, waivers, burn-ins that write to disks',
    permissions: [
      ...reading,
      ...onHosts,
      'cluster.create',
      'cluster.add-asset',
      'cluster.remove-asset',
      'asset.provision',
      'asset.waive',
      'asset.burn-in-write',
      'asset.revoke-identity',
      'asset.reset-tpm',
      'part.rma',
      ...making,
    ],
  },
  approver: {
    description: 'Checks what others ask for',
    permissions: [...reading, 'change.approve', 'change.comment'],
  },
  'site-ops': {
    description: 'Works at the racks: cabling, parts, inspection, burn-in, asks for waivers',
    permissions: [
      ...reading,
      'asset.inspect',
      'asset.burn-in',
      'asset.waive',
      'asset.revoke-identity',
      'asset.reset-tpm',
      'burn-in.cancel',
      'part.rma',
      'cabling.import',
      'cabling.delete',
      ...making,
    ],
  },
  procurement: {
    description: 'Vendors, orders, deliveries, invoices and their reports',
    permissions: [
      'region.get',
      'class.list',
      'class.get',
      'role.list',
      'role.get',
      'po.list',
      'po.get',
      'vendor.list',
      'vendor.get',
      ...buying,
    ],
  },
  auditor: {
    description:
      'Reads everything, with the audit, people, grants, and whose credentials and sessions there are; changes nothing',
    permissions: [...reading, 'audit.list', 'person.list', 'grant.list', 'credential.list', 'session.list'],
  },
  admin: {
    description:
      'People, teams, grants, roles and policies; webhooks, networks, images, classes, orders; neither provisions nor approves',
    permissions: [
      ...reading,
      ...onHosts,
      ...buying,
      'audit.list',
      'person.list',
      'person.create',
      'person.update',
      'person.deactivate',
      'person.reactivate',
      'person.open-sign-in',
      'person.set-up',
      'credential.list',
      'credential.revoke',
      'session.list',
      'session.end',
      'grant.list',
      'grant.create',
      'grant.delete',
      'role.create',
      'role.update',
      'role.delete',
      'asset.revoke-identity',
      'command-key.rotate',
      'team.create',
      'team.add-member',
      'team.remove-member',
      'project.create',
      'project.add-member',
      'project.remove-member',
      'cluster.create',
      'cluster.add-asset',
      'cluster.remove-asset',
      'part.rma',
      'class.create',
      'class.apply',
      'image.import',
      'network.create',
      'cabling.import',
      'cabling.delete',
      'policy.set',
      'policy.delete',
      'webhook.list',
      'webhook.get',
      'webhook.create',
      'webhook.update',
      'webhook.delete',
      ...making,
    ],
  },
};
