import fc from 'fast-check';
import { expect, it } from 'vitest';

import { operations } from '../../shared/api/operations.ts';
import { roleNames } from '../../shared/api/role-names.ts';
import { builtInRoles } from './built-in-roles.ts';
import { combined, isWithinLimits, limitsOf, limitsOfScope, scopeOfLimits } from './credential-limits.ts';
import { compileRights, decide, narrowed, regionSubject, type Held, type Rights, type Where } from './rbac.ts';
import type { CredentialLimits } from '../../shared/api/credential.ts';
import type { RoleName } from '../../shared/api/role-names.ts';

const list = <T>(values: readonly T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 });
const limits = fc.record(
  {
    roles: list<string>(roleNames),
    scopes: list(['region', 'team:storage', 'project:payments']),
    access: fc.constantFrom('read' as const, 'read-write' as const),
  },
  { requiredKeys: [] },
);
const owner = fc.subarray([...roleNames]);
/** A place that a limit's scope covers, one that it does not, and the region itself. */
const places: readonly Where[] = ['region', { ...regionSubject, team: 'storage' }, { ...regionSubject, team: 'other' }];

/** Somebody with these roles at region, through these limits. */
function rights(roles: readonly RoleName[], limited: CredentialLimits): Rights {
  const held = roles.map((role): Held => {
    const permissions = new Set(builtInRoles[role].permissions);
    return { id: role, holder: 'person:pia', role, scopes: [{ kind: 'region' }], expiresAt: null, permissions };
  });
  return narrowed(compileRights(held), limitsOf(limited));
}

/** Every operation that is allowed, with where. */
function allowed(held: Rights): ReadonlySet<string> {
  return new Set(
    operations.flatMap(({ id, permission }) =>
      places.flatMap((where, at) => (decide(held, permission, where).allowed ? [`${id} at ${at}`] : [])),
    ),
  );
}

const isIn = (held: ReadonlySet<string>, wide: ReadonlySet<string>): boolean =>
  [...held].every((each) => wide.has(each));

it('never gives more than the owner has, nor more than either of two limits', () => {
  fc.assert(
    fc.property(owner, limits, limits, (roles, outer, inner) => {
      const both = combined(outer, inner);
      if (both === undefined) return;
      expect(isWithinLimits(both, outer)).toBe(true);
      const held = allowed(rights(roles, both));
      for (const wider of [{}, outer, inner]) expect(isIn(held, allowed(rights(roles, wider)))).toBe(true);
    }),
    { numRuns: 50 },
  );
});

it('within limits is never more than the limits', () => {
  fc.assert(
    fc.property(owner, limits, limits, (roles, outer, inner) => {
      fc.pre(isWithinLimits(inner, outer));
      expect(isIn(allowed(rights(roles, inner)), allowed(rights(roles, outer)))).toBe(true);
    }),
    { numRuns: 50 },
  );
});

it('read-only leaves no operation that writes', () => {
  const held = rights(roleNames, { access: 'read' });
  const writes = operations.filter(
    ({ effect, permission }) => effect !== 'read' && places.some((where) => decide(held, permission, where).allowed),
  );
  expect(writes.map(({ id }) => id)).toEqual([]);
  expect(decide(held, 'asset.list', 'region').allowed).toBe(true);
});

it.each([
  ['', {}],
  ['read', { access: 'read' as const }],
  ['role:provisioner team:storage read', { roles: ['provisioner'], scopes: ['team:storage'], access: 'read' as const }],
])('the scope %j asks for %j', (scope, expected) => {
  expect(limitsOfScope(scope)).toEqual(expected);
  expect(limitsOfScope(scopeOfLimits(expected))).toEqual(expected);
});
