// Who may do what: roles are sets of permissions, an operation needs one, and what is not granted is denied. Pure.
import type { RoleName } from '../../shared/api/role-names.ts';
import { operations } from '../../shared/api/operations.ts';

const reads = operations.filter((operation) => operation.effect === 'read').map((operation) => operation.permission);

const selfService = [
  'auth.whoami',
  'credential.list',
  'credential.create',
  'credential.rotate',
  'credential.revoke',
  'session.list',
  'session.end',
  'person.set-password',
] as const;

/** Permissions per role. A checker cannot file, a maker cannot approve; an admin manages people and hardware data. */
export const rolePermissions: Readonly<Record<RoleName, ReadonlySet<string>>> = {
  viewer: new Set([...reads.filter((permission) => permission !== 'person.list'), ...selfService]),
  maker: new Set([
    ...reads,
    ...selfService,
    'asset.provision',
    'asset.waive',
    'asset.inspect',
    'asset.burn-in',
    'asset.burn-in-write',
    'burn-in.cancel',
    'part.rma',
    'change.withdraw',
  ]),
  checker: new Set([...reads, ...selfService, 'change.approve']),
  admin: new Set([
    ...reads,
    ...selfService,
    'asset.inspect',
    'asset.burn-in',
    'burn-in.cancel',
    'part.rma',
    'po.import',
    'po.add-delivery',
    'po.add-invoice',
    'po.amend',
    'po.close',
    'po.reopen',
    'po.cancel',
    'vendor.create',
    'vendor.update',
    'class.create',
    'class.apply',
    'image.import',
    'network.create',
    'cabling.import',
    'cabling.delete',
    'person.create',
    'person.update',
    'person.deactivate',
    'person.reactivate',
    'person.set-up',
  ]),
};

export function permissionsOf(roles: readonly RoleName[]): Set<string> {
  return new Set(roles.flatMap((role) => [...rolePermissions[role]]));
}

/** A credential has no more rights than its owner: its roles count only while the owner holds them. */
export function effectiveRoles(owner: readonly RoleName[], restricted: readonly RoleName[] | null): RoleName[] {
  return owner.filter((role) => restricted === null || restricted.includes(role));
}
