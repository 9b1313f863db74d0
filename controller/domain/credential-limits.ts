// What a credential may do: its owner's rights, narrowed. Whether one set of limits is within another is decided on their
// texts. Pure.
import type { CredentialLimits } from '../../shared/api/credential.ts';
import { parseScope, scopeText, type Scope } from '../../shared/api/scope.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';
import type { Limits } from './rbac.ts';

/** Kept limits, as rights are narrowed by them. */
export function limitsOf({ scopes, ...rest }: CredentialLimits): Limits {
  return scopes === undefined ? rest : { ...rest, scopes: scopes.map(keptScope) };
}

function keptScope(text: string): Scope {
  const scope = parseScope(text);
  assert(scope !== undefined, `the scope ${text} of a limit was checked when it was made`);
  return scope;
}

/** Limits with every scope in its one form. Throws `invalid_argument` where a text is no scope. */
export function readLimits({ scopes, ...rest }: CredentialLimits): CredentialLimits {
  return scopes === undefined ? rest : { ...rest, scopes: scopes.map(readScope) };
}

function readScope(text: string): string {
  const scope = parseScope(text);
  if (scope === undefined) throw new PpecError('invalid_argument', `'${text}' is no scope: it names a tag twice.`);
  return scopeText(scope);
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

/**
 * What the `scope` of a token request asks for (RFC 6749 §3.3): `read`, `role:NAME` and scopes, with a space between.
 * Undefined where a word is none of these.
 */
export function limitsOfScope(scope: string): CredentialLimits | undefined {
  const words = scope.split(' ').filter((word) => word !== '');
  if (words.length > 32) return undefined;
  const roles = words.filter((word) => word.startsWith('role:')).map((word) => word.slice('role:'.length));
  const named = words.filter((word) => word !== 'read' && !word.startsWith('role:')).map((word) => parseScope(word));
  const scopes = named.flatMap((each) => (each === undefined ? [] : [scopeText(each)]));
  if (scopes.length < named.length) return undefined;
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
