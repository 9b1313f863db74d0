import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseScope, scopeText, type Scope } from '../../shared/api/scope.ts';
import {
  compileRights,
  decide,
  expandPermissions,
  gained,
  mayApprove,
  narrowed,
  regionSubject,
  type Held,
  type Limits,
  type Rights,
  type Subject,
  type Where,
} from './rbac.ts';

const scope = (text: string): Scope => {
  const parsed = parseScope(text);
  if (parsed === undefined) throw new Error(`${text} is a scope`);
  return parsed;
};

let next = 0;
function held(text: string, permissions: readonly string[], role = 'tester'): Held {
  const common = { holder: 'person:mia', role, expiresAt: null, permissions: new Set(permissions) };
  return { id: `grt_${next++}`, scopes: [scope(text)], ...common };
}

const asset: Subject = { team: 'storage', project: 'pay', cluster: 'k8s', tags: { env: 'prod', tier: '1' } };
const pool: Subject = { ...regionSubject, isPool: true };

describe('a grant', () => {
  it.each<[string, Where, boolean]>([
    ['region', asset, true],
    ['region', 'region', true],
    ['region', 'anywhere', true],
    ['team:storage', asset, true],
    ['team:storage', 'region', false],
    ['team:storage', 'anywhere', true],
    ['team:other', asset, false],
    ['project:pay', asset, true],
    ['project:storage', asset, false],
    ['project:pay', { ...regionSubject, team: 'storage' }, false],
    ['cluster:k8s', asset, true],
    ['cluster:pay', asset, false],
    ['cluster:k8s', { ...asset, cluster: null }, false],
    ['tags:env=prod', asset, true],
    ['tags:env=prod,tier=1', asset, true],
    ['tags:env=prod,tier=2', asset, false],
    ['tags:env=Prod', asset, false],
    ['tags:env=prod', regionSubject, false],
    ['tags:env=prod', 'anywhere', true],
    ['team:storage', pool, false],
  ])('at %s on %j: %s', (text, where, allowed) => {
    expect(decide(compileRights([held(text, ['asset.get'])]), 'asset.get', where).allowed).toBe(allowed);
    expect(decide(compileRights([held(text, ['asset.get'])]), 'asset.inspect', where).allowed).toBe(false);
  });

  it('of the Object prototype’s names is no tag', () => {
    const rights = compileRights([held('tags:constructor=x', ['asset.get'])]);
    expect(decide(rights, 'asset.get', asset).allowed).toBe(false);
    expect(decide(rights, 'constructor', asset).allowed).toBe(false);
  });
});

describe('a refusal', () => {
  const why = (rights: Rights, permission: string, where: Where): string => {
    const decision = decide(rights, permission, where);
    return decision.allowed ? 'allowed' : decision.why;
  };

  it('says which permission, where, and which grant came nearest', () => {
    const rights = compileRights([
      held('team:storage', ['asset.get'], 'viewer'),
      held('project:web', ['asset.inspect'], 'operator'),
    ]);
    expect(why(rights, 'asset.inspect', asset)).toBe(
      'It needs the permission asset.inspect at cluster:k8s or project:pay or team:storage or tags:env=prod,tier=1 or region. Nearest: the role operator of person:mia at project:web, which does not reach it.',
    );
    expect(why(rights, 'change.approve', asset)).toBe(
      'It needs the permission change.approve at cluster:k8s or project:pay or team:storage or tags:env=prod,tier=1 or region. Nearest: the role viewer of person:mia at team:storage, which does not include it.',
    );
    expect(why(compileRights([]), 'asset.get', 'region')).toBe(
      'It needs the permission asset.get at region. You hold no grant.',
    );
  });

  it('says that the credential may only read', () => {
    const rights = compileRights([held('region', ['asset.inspect'])], 'read');
    expect(why(rights, 'asset.inspect', asset)).toContain('This credential may only read.');
  });
});

describe('the pool of SPAREs', () => {
  it('is read by whoever may provision anywhere, with the permissions they have', () => {
    const rights = compileRights([held('project:pay', ['asset.provision', 'asset.get', 'asset.inspect'])]);
    expect(decide(rights, 'asset.get', pool).allowed).toBe(true);
    expect(decide(rights, 'asset.inspect', pool).allowed).toBe(false);
    expect(decide(rights, 'part.get', pool).allowed).toBe(false);
    expect(decide(rights, 'asset.provision', pool).allowed).toBe(false);
  });

  it('is nothing to others', () => {
    expect(decide(compileRights([held('project:pay', ['asset.get'])]), 'asset.get', pool).allowed).toBe(false);
  });
});

describe('oneself', () => {
  it('needs no grant, but is not what one is called', () => {
    expect(decide(compileRights([]), 'auth.whoami', 'own').allowed).toBe(true);
    expect(decide(compileRights([]), 'person.create', 'own').allowed).toBe(false);
    expect(decide(compileRights([held('region', ['person.create'])]), 'person.create', 'own').allowed).toBe(false);
  });

  it('is only read with a credential that only reads', () => {
    const rights = compileRights([], 'read');
    expect(decide(rights, 'credential.list', 'own').allowed).toBe(true);
    expect(decide(rights, 'credential.create', 'own').allowed).toBe(false);
  });
});

it('a change is checked by whoever covers every target', () => {
  const other: Subject = { ...regionSubject, team: 'web', project: 'shop' };
  const rights = compileRights([held('team:storage', ['change.approve'])]);
  expect(mayApprove(rights, [asset])).toBe(true);
  expect(mayApprove(rights, [asset, other])).toBe(false);
  expect(mayApprove(rights, [other, asset])).toBe(false);
  expect(mayApprove(compileRights([held('region', ['change.approve'])]), [asset, other])).toBe(true);
  // What is about nothing is about the region.
  expect(mayApprove(rights, [])).toBe(false);
});

it('a wildcard stands for the permissions of one noun', () => {
  const all = expandPermissions(['burn-in.*', 'asset.get']);
  expect([...all].toSorted()).toEqual(['asset.get', 'burn-in.cancel', 'burn-in.get', 'burn-in.list']);
  expect(expandPermissions(['burn.*'])).toEqual(new Set());
});

it('what is gained is what a subject newly allows', () => {
  const rights = compileRights([
    held('tags:env=prod', ['asset.get', 'asset.inspect']),
    held('team:storage', ['asset.get']),
  ]);
  const untagged = { ...asset, tags: {} };
  expect(gained(rights, untagged, asset)).toEqual(['asset.inspect']);
  expect(gained(rights, asset, untagged)).toEqual([]);
});

describe('a narrower credential', () => {
  const names = ['storage', 'pay', 'k8s', 'web'] as const;
  const scopes = fc.oneof(
    fc.constant('region'),
    fc.tuple(fc.constantFrom('team', 'project', 'cluster'), fc.constantFrom(...names)).map((pair) => pair.join(':')),
    fc.constantFrom('tags:env=prod', 'tags:env=test', 'tags:env=prod,tier=1'),
  );
  const permissions = ['asset.get', 'asset.list', 'asset.inspect', 'asset.provision', 'change.approve'] as const;
  const grants = fc.array(
    fc
      .tuple(scopes, fc.subarray([...permissions]), fc.constantFrom('a', 'b'))
      .map(([text, some, role]) => held(text, some, role)),
    { maxLength: 6 },
  );
  const optionalName = fc.option(fc.constantFrom(...names));
  const subjects = fc.oneof(
    fc.constantFrom<Where>('region', 'anywhere'),
    fc.record<Subject>({
      team: optionalName,
      project: optionalName,
      cluster: optionalName,
      tags: fc.constantFrom<Readonly<Record<string, string>>>({}, { env: 'prod' }, { env: 'prod', tier: '1' }),
      isPool: fc.boolean(),
    }),
  );
  const limits = fc.record(
    {
      roles: fc.subarray(['a', 'b']),
      scopes: fc.array(scopes.map(scope), { minLength: 1, maxLength: 3 }),
      access: fc.constantFrom('read' as const, 'read-write' as const),
    },
    { requiredKeys: [] },
  );

  it('never has more than its owner, nor than its limits', () => {
    fc.assert(
      fc.property(grants, limits, fc.constantFrom(...permissions), subjects, (list, ...rest) => {
        const [limit, permission, where]: [Limits, string, Where] = rest;
        const rights = compileRights(list);
        const narrow = narrowed(rights, limit);
        if (!decide(narrow, permission, where).allowed) return;
        expect(decide(rights, permission, where).allowed).toBe(true);
        if (limit.access === 'read') expect(['asset.get', 'asset.list']).toContain(permission);
        const allowedRoles = limit.roles ?? ['a', 'b'];
        expect(
          decide(compileRights(list.filter(({ role }) => allowedRoles.includes(role))), permission, where).allowed,
        ).toBe(true);
        if (limit.scopes === undefined || where === 'anywhere') return;
        // What is outside of all its scopes is outside, but for the pool of whoever may provision.
        const within = compileRights(limit.scopes.map((each) => held(scopeText(each), [...permissions])));
        expect(decide(within, permission, where).allowed).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('without limits is its owner', () => {
    fc.assert(
      fc.property(grants, fc.constantFrom(...permissions), subjects, (list, permission, where) => {
        const rights = compileRights(list);
        expect(decide(narrowed(rights, {}), permission, where).allowed).toBe(decide(rights, permission, where).allowed);
        const atRegion = narrowed(rights, { scopes: [{ kind: 'region' }] });
        expect(decide(atRegion, permission, where).allowed).toBe(decide(rights, permission, where).allowed);
      }),
    );
  });

  it('stays as narrow when it is narrowed again', () => {
    fc.assert(
      fc.property(grants, limits, limits, fc.constantFrom(...permissions), subjects, (list, ...rest) => {
        const [first, second, permission, where]: [Limits, Limits, string, Where] = rest;
        const once = narrowed(compileRights(list), first);
        if (decide(narrowed(once, second), permission, where).allowed)
          expect(decide(once, permission, where).allowed).toBe(true);
      }),
    );
  });
});
