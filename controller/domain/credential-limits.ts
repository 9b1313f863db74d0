// What a credential may do: its owner's rights, narrowed. The one place where limits meet rights. Pure.
import type { CredentialLimits } from '../../shared/api/credential.ts';
import { operations } from '../../shared/api/operations.ts';
import type { RoleName } from '../../shared/api/role-names.ts';
import { permissionsOf } from './rbac.ts';

/** Permissions that only let look: no operation behind them writes. */
const writing = new Set(
  operations.filter((operation) => operation.effect !== 'read').map((operation) => operation.permission),
);

export type Rights = { readonly roles: readonly RoleName[]; readonly permissions: ReadonlySet<string> };

/** The rights of an owner with these roles through something with these limits. It is worked out anew for every request. */
export function rightsWithin(owner: readonly RoleName[], limits: CredentialLimits): Rights {
  const { roles: only } = limits;
  const roles = owner.filter((role) => only === undefined || only.includes(role));
  // Rights hold in the whole region; something that is limited to a part of it has none of them.
  const isElsewhere = limits.scopes !== undefined && !limits.scopes.includes('region');
  const permissions = [...permissionsOf(isElsewhere ? [] : roles)];
  return {
    roles,
    permissions: new Set(limits.access === 'read' ? permissions.filter((each) => !writing.has(each)) : permissions),
  };
}

/** Both limits at once. Undefined where nothing is left that both allow. */
export function combined(outer: CredentialLimits, inner: CredentialLimits): CredentialLimits | undefined {
  const roles = both(outer.roles, inner.roles, (role, list) => list.includes(role));
  const scopes = both(outer.scopes, inner.scopes, isScopeWithin);
  if (roles?.length === 0 || scopes?.length === 0) return undefined;
  const isRead = outer.access === 'read' || inner.access === 'read';
  return {
    ...(roles === undefined ? {} : { roles }),
    ...(scopes === undefined ? {} : { scopes }),
    ...(isRead ? { access: 'read' as const } : {}),
  };
}

/** Whether `inner` allows nothing that `outer` does not; what `inner` leaves open counts as everything. */
export function isWithinLimits(inner: CredentialLimits, outer: CredentialLimits): boolean {
  const fits = (
    narrow: readonly string[] | undefined,
    wide: readonly string[] | undefined,
    isIn: (each: string, list: readonly string[]) => boolean,
  ): boolean => wide === undefined || (narrow?.every((each) => isIn(each, wide)) ?? false);
  return (
    fits(inner.roles, outer.roles, (role, list) => list.includes(role)) &&
    fits(inner.scopes, outer.scopes, isScopeWithin) &&
    (outer.access !== 'read' || inner.access === 'read')
  );
}

function both(
  outer: readonly string[] | undefined,
  inner: readonly string[] | undefined,
  isIn: (each: string, list: readonly string[]) => boolean,
): string[] | undefined {
  if (outer === undefined || inner === undefined) return copyOf(outer ?? inner);
  const kept = [...inner.filter((each) => isIn(each, outer)), ...outer.filter((each) => isIn(each, inner))];
  return [...new Set(kept)];
}

function copyOf(list: readonly string[] | undefined): string[] | undefined {
  return list === undefined ? undefined : [...list];
}

function isScopeWithin(scope: string, list: readonly string[]): boolean {
  return list.includes(scope) || list.includes('region');
}

/** What the `scope` of a token request asks for (RFC 6749 §3.3): `read`, `role:NAME` and scopes, with a space between. */
export function limitsOfScope(scope: string): CredentialLimits | undefined {
  const words = scope.split(' ').filter((word) => word !== '');
  if (words.length > 32) return undefined;
  const roles = words.filter((word) => word.startsWith('role:')).map((word) => word.slice('role:'.length));
  const scopes = words.filter((word) => word !== 'read' && !word.startsWith('role:'));
  return {
    ...(roles.length === 0 ? {} : { roles }),
    ...(scopes.length === 0 ? {} : { scopes }),
    ...(words.includes('read') ? { access: 'read' as const } : {}),
  };
}

/** The same as a `scope`, for the answer (RFC 6749 §5.1). */
export function scopeOfLimits(limits: CredentialLimits): string {
  const roles = (limits.roles ?? []).map((role) => `role:${role}`);
  return [...(limits.access === 'read' ? ['read'] : []), ...roles, ...(limits.scopes ?? [])].join(' ');
}
