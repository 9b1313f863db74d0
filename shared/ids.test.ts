import { expect, it } from 'vitest';

import { isId, newId } from './ids.ts';
import { seededRng } from './rng.ts';

const source = (nowMs: number) => ({ clock: { nowMs: () => nowMs }, rng: seededRng(1) });

it('makes ids that name their kind and pass their own check', () => {
  const id = newId('asset', source(1_790_000_000_000));
  expect(id).toMatch(/^ast_[0-9a-z]{26}$/);
  expect(isId('asset', id)).toBe(true);
  expect(isId('change', id)).toBe(false);
});

it('sorts by creation time', () => {
  expect(newId('asset', source(1000)) < newId('asset', source(2000))).toBe(true);
});

it('refuses text that only looks like an id', () => {
  for (const text of ['ast_', 'ast_zzzzzzzzzzzzzzzzzzzzzzzzzz', 'ast_01jdaqv1zfe4rs8pnxzqk3wh2!', 'x'])
    expect(isId('asset', text)).toBe(false);
});
