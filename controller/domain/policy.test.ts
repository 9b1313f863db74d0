import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { operations } from '../../shared/api/operations.ts';
import {
  builtInPolicy, checkersNeeded, floorOf, matchesOperation, policiesFor, requirementFor, tally, type Demand, type PolicyFacts,
  type PolicySubject,
} from './policy.ts'; // prettier-ignore

const provision = { id: 'asset.provision', effect: 'state-change' } as const;
const powerOff = { id: 'asset.power-off', effect: 'state-change' } as const;
const hourMs = 3_600_000;

type Placed = readonly [operation: string, scope: string, quorum: number, more?: Partial<PolicyFacts>];

function policy(...[operation, scope, quorum, more = {}]: Placed): PolicyFacts {
  return {
    ...builtInPolicy, id: `${operation} ${scope}`, operation, scope, quorum, checkers: ['approver'], openForMs: hourMs, ...more,
  }; // prettier-ignore
}

const policies = [
  policy('asset.*', 'region', 1),
  policy('asset.provision', 'region', 2),
  policy('asset.*', 'team:storage', 3),
  policy('asset.provision', 'project:payments', 4),
  policy('asset.*', 'project:lab', 0),
  policy('asset.provision', 'cluster:k8s-1', 5),
  policy('asset.*', 'tags:env=prod', 2, { checkers: ['site-ops'] }),
  policy('asset.*', 'tags:env=prod,tier=1', 3, { checkers: ['site-ops'] }),
];

it('lets no state change there is now be done alone, whatever a policy says', () => {
  const alone = operations.filter((operation) => operation.effect === 'state-change' && floorOf(operation) === 0);
  expect(alone.map(({ id }) => id)).toEqual([]);
});

describe('which policy holds', () => {
  it.each<[string, typeof provision | typeof powerOff, PolicySubject, readonly string[]]>([
    ['the exact operation before its noun', provision, {}, ['asset.provision region']],
    ['the noun where there is no exact one', powerOff, {}, ['asset.* region']],
    ['a team before the region, though less exact', provision, { team: 'storage' }, ['asset.* team:storage']],
    ['a project before its team', provision, { team: 'storage', project: 'payments' }, ['asset.provision project:payments']],
    ['the team where the project has none', provision, { team: 'storage', project: 'x' }, ['asset.* team:storage']],
    ['a cluster before its project', provision, { project: 'payments', cluster: 'k8s-1' }, ['asset.provision cluster:k8s-1']],
    ['a tag before a project', provision, { project: 'payments', tags: { env: 'prod' } }, ['asset.* tags:env=prod']],
    ['every tag that fits', provision, { tags: { env: 'prod', tier: '1' } }, ['asset.* tags:env=prod', 'asset.* tags:env=prod,tier=1']],
    ['both a tag and a cluster', provision, { cluster: 'k8s-1', tags: { env: 'prod' } }, ['asset.provision cluster:k8s-1', 'asset.* tags:env=prod']],
    ['no tag that is another', provision, { tags: { env: 'test' } }, ['asset.provision region']],
  ])('%s', (_, ...[operation, subject, expected]) => {
    expect(policiesFor(operation, subject, policies).map(({ id }) => id)).toEqual(expected);
  }); // prettier-ignore

  it('is the built-in one where there is no other', () => {
    expect(policiesFor(provision, { project: 'x' }, [policy('image.*', 'region', 0)])).toEqual([builtInPolicy]);
    expect(requirementFor(provision, [], [])).toMatchObject({
      demands: [{ quorum: 1, checkers: ['change.approve'] }],
      openForMs: 24 * hourMs,
    });
  });

  it('takes noun.* for operations of that noun only', () => {
    expect(['asset.provision', 'asset.*', 'a.*', 'asset', '*'].map((each) => matchesOperation(each, 'asset.provision'))).toEqual([true, true, false, false, false]);
  }); // prettier-ignore
});

describe('a change with several targets', () => {
  it('must satisfy what holds for each of them', () => {
    const window = { days: ['mon' as const], from: '08:00', to: '09:00' };
    const several = [
      policy('asset.provision', 'project:a', 2, { openForMs: 5 * hourMs }),
      policy('asset.provision', 'project:b', 1, { checkers: ['site-ops'], openForMs: 2 * hourMs, window }),
      policy('asset.provision', 'project:c', 1),
    ];
    expect(requirementFor(provision, [{ project: 'a' }, { project: 'b' }, { project: 'c' }], several)).toEqual({
      policies: several.map(({ id, operation, scope, version }) => ({ id, operation, scope, version })),
      demands: [
        { quorum: 2, checkers: ['approver'] },
        { quorum: 1, checkers: ['site-ops'] },
      ],
      openForMs: hourMs,
      windows: [window],
    });
  });
});

describe('the floor', () => {
  it.each([
    ['asset.provision', 1], ['asset.waive', 1], ['asset.burn-in-write', 1], ['policy.set', 1], ['policy.delete', 1],
    ['role.update', 1], ['grant.create', 1], ['asset.power-off', 0],
  ])('of %s is %i', (id, floor) => {
    expect(floorOf({ id, effect: 'state-change' })).toBe(floor);
    expect(floorOf({ id, effect: 'write' })).toBe(0);
  }); // prettier-ignore

  it('holds whatever policies say, and policies above it are kept', () => {
    const scopes = ['region', 'team:t', 'project:p', 'cluster:c', 'tags:env=prod'];
    const made = fc.record({
      operation: fc.constantFrom('asset.provision', 'asset.*', 'policy.set', 'policy.*', 'grant.*'),
      scope: fc.constantFrom(...scopes),
      quorum: fc.integer({ min: 0, max: 5 }),
      checkers: fc.subarray(['a', 'b', 'c'], { minLength: 1, maxLength: 2 }),
    });
    const subject = fc.record({
      team: fc.constantFrom('t', null), project: fc.constantFrom('p', null), cluster: fc.constantFrom('c', null),
      tags: fc.constantFrom({}, { env: 'prod' }),
    }); // prettier-ignore
    fc.assert(
      fc.property(
        fc.array(made, { maxLength: 8 }),
        fc.array(subject, { maxLength: 4 }),
        fc.constantFrom('asset.provision', 'policy.set', 'grant.create'),
        (given, subjects, id) => {
          const facts = given.map(({ operation, scope, ...more }) => policy(operation, scope, 0, more));
          const operation = { id, effect: 'state-change' } as const;
          const { demands } = requirementFor(operation, subjects, facts);
          expect(checkersNeeded(demands)).toBeGreaterThanOrEqual(1);
          // Nobody's approval is not enough, and what is enough for all is enough for each target alone.
          expect(tally(demands, []).isMet).toBe(false);
          const everybody = [1, 2, 3, 4, 5].map((n) => ({ humanId: `p${n}`, groups: new Set(['a', 'b', 'c', 'change.approve']) }));
          expect(tally(demands, everybody).isMet).toBe(true);
          for (const one of subjects) {
            for (const chosen of policiesFor(operation, one, facts)) {
              const few = everybody.slice(0, checkersNeeded(demands));
              expect(few.length).toBeGreaterThanOrEqual(chosen.quorum);
              expect(tally([chosen], few).isMet).toBe(true);
            }
          }
        },
      ),
    );
  });
}); // prettier-ignore

describe('counting approvers', () => {
  const by = (humanId: string, ...groups: string[]) => ({ humanId, groups: new Set(groups) });
  const both: Demand = { quorum: 2, checkers: ['approver', 'site-ops'] };
  it.each<[string, readonly Demand[], readonly ReturnType<typeof by>[], readonly string[]]>([
    ['nobody is needed', [], [], []],
    ['one of one', [{ quorum: 1, checkers: ['approver'] }], [by('kim', 'approver')], []],
    ['somebody of another group', [{ quorum: 1, checkers: ['approver'] }], [by('kim')], ['1 more of approver']],
    ['the same person twice', [{ quorum: 2, checkers: ['approver'] }], [by('kim', 'approver'), by('kim', 'approver')], ['1 more of approver']],
    ['one of each group', [both], [by('kim', 'approver'), by('lee', 'site-ops')], []],
    ['two of the same group', [both], [by('kim', 'approver'), by('lee', 'approver')], ['somebody of site-ops']],
    ['one person of both groups', [both], [by('kim', 'approver', 'site-ops')], ['1 more of approver or site-ops']],
    ['two demands, one met', [{ quorum: 1, checkers: ['a'] }, { quorum: 2, checkers: ['b'] }], [by('kim', 'a', 'b')], ['1 more of b']],
  ])('%s', (_, ...[demands, approvers, missing]) => {
    expect(tally(demands, approvers)).toEqual({ isMet: missing.length === 0, missing });
  }); // prettier-ignore
});
