import { expect, it } from 'vitest';

import { parseScope, scopeText } from './scope.ts';

it.each([
  ['region', { kind: 'region' }],
  ['team:storage', { kind: 'team', name: 'storage' }],
  ['project:pay-1', { kind: 'project', name: 'pay-1' }],
  ['cluster:k8s', { kind: 'cluster', name: 'k8s' }],
  ['tags:env=prod', { kind: 'tags', tags: { env: 'prod' } }],
  ['tags:env=prod,tier=1.a', { kind: 'tags', tags: { env: 'prod', tier: '1.a' } }],
])('%s is a scope, and is written so', (text, scope) => {
  expect(parseScope(text)).toEqual(scope);
  expect(scopeText(parseScope(text) ?? { kind: 'region' })).toBe(text);
});

it('tags are written in the order of their keys', () => {
  expect(scopeText(parseScope('tags:tier=1,env=prod') ?? { kind: 'region' })).toBe('tags:env=prod,tier=1');
});

it.each([
  '',
  'regions',
  'region:ams',
  'team:',
  'team:-a',
  'team:A',
  'Team:a',
  'team:a,b',
  'tags:',
  'tags:env',
  'tags:env=',
  'tags:env=a,env=b',
  'tags:env=a,',
  'tags:__proto__=a',
  'team:a\n',
  `tags:${Array.from({ length: 9 }, (_, index) => `k${index}=v`).join(',')}`,
])('%j is none', (text) => {
  expect(parseScope(text)).toBeUndefined();
});
