import fc from 'fast-check';
import { expect, it } from 'vitest';

import { operations } from '../../shared/api/operations.ts';
import { roleNames } from '../../shared/api/role-names.ts';
import { combined, isWithinLimits, limitsOfScope, rightsWithin, scopeOfLimits } from './credential-limits.ts';

const list = <T>(values: readonly T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 });
const limits = fc.record(
  {
    roles: list<string>(roleNames),
    scopes: list(['region', 'team:storage', 'project:payments']),
    access: fc.constantFrom('read' as const, 'read-write' as const),
  },
  { requiredKeys: [] },
);
const areIn = (held: ReadonlySet<string>, wide: ReadonlySet<string>): boolean =>
  [...held].every((each) => wide.has(each));
const owner = fc.subarray([...roleNames]);

it('never gives more than the owner has, nor more than either of two limits', () => {
  fc.assert(
    fc.property(owner, limits, limits, (roles, outer, inner) => {
      const both = combined(outer, inner);
      if (both === undefined) return;
      expect(isWithinLimits(both, outer)).toBe(true);
      const held = rightsWithin(roles, both).permissions;
      for (const wider of [{}, outer, inner]) expect(areIn(held, rightsWithin(roles, wider).permissions)).toBe(true);
    }),
  );
});

it('within limits is never more than the limits', () => {
  fc.assert(
    fc.property(owner, limits, limits, (roles, outer, inner) => {
      fc.pre(isWithinLimits(inner, outer));
      const [narrow, wide] = [rightsWithin(roles, inner), rightsWithin(roles, outer)];
      expect(areIn(narrow.permissions, wide.permissions)).toBe(true);
    }),
  );
});

it('read-only leaves no operation that writes', () => {
  const { permissions } = rightsWithin(roleNames, { access: 'read' });
  const writes = operations.filter(({ effect, permission }) => effect !== 'read' && permissions.has(permission));
  expect(writes.map(({ id }) => id)).toEqual([]);
  expect(permissions.has('asset.list')).toBe(true);
});

it.each([
  ['', {}],
  ['read', { access: 'read' as const }],
  ['role:maker team:storage read', { roles: ['maker'], scopes: ['team:storage'], access: 'read' as const }],
])('the scope %j asks for %j', (scope, expected) => {
  expect(limitsOfScope(scope)).toEqual(expected);
  expect(limitsOfScope(scopeOfLimits(expected))).toEqual(expected);
});
