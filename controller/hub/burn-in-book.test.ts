import { expect, it } from 'vitest';

import type { BurnInProgress } from '../../shared/burn-in/report.ts';
import { createBurnInBook } from './burn-in-book.ts';

const progress = (percent: number, change: Partial<BurnInProgress> = {}): BurnInProgress => ({
  commandId: 'cmd_1',
  percent,
  test: 'cpu',
  round: 1,
  rounds: 1,
  counts: { passed: 0, skipped: 0, unverifiable: 0, cancelled: 0, failed: 0 },
  log: [],
  ...change,
});

it('keeps the latest word, and says when it is worth writing down', () => {
  const book = createBurnInBook();
  const told: [BurnInProgress, boolean][] = [
    [progress(0), true],
    [progress(2), false],
    [progress(4.9), false],
    [progress(5), true],
    [progress(6), false],
    [progress(6, { test: 'memory' }), true],
    [progress(6, { test: 'memory', round: 2 }), true],
    [progress(0, { commandId: 'cmd_2' }), true],
  ];
  for (const [word, isNews] of told) {
    expect(book.told('ast_1', word)).toBe(isNews);
    expect(book.progressOf('ast_1')).toBe(word);
  }
  expect(book.progressOf('ast_2')).toBeUndefined();
});
