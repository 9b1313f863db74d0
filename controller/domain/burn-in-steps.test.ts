import { expect, it } from 'vitest';

import type { OperationStep } from '../../shared/api/operation-handle.ts';
import type { BurnInTestResult } from '../../shared/burn-in/report.ts';
import { burnInSteps, stepsAt, stepsOfReport } from './burn-in-steps.ts';

const shown = (steps: readonly OperationStep[]): string[] =>
  steps.map(({ name, state, message }) => `${name} ${state} ${message}`.trim());
const result = (test: BurnInTestResult['test'], outcome: BurnInTestResult['outcome'], sentence: string = outcome): BurnInTestResult => ({
  test, component: 'part', outcome, seconds: 1, sentence, figures: {},
}); // prettier-ignore

it('shows the test that runs, and what came before it as done', () => {
  const begun = stepsAt(burnInSteps('intake'), { test: 'cpu', round: 1, rounds: 1 }, 10);
  expect(begun[0]).toMatchObject({ name: 'cpu', state: 'running', startedAt: 10 });
  const later = stepsAt(begun, { test: 'disk-read', round: 1, rounds: 1 }, 50);
  expect(shown(later)).toEqual(['cpu done', 'memory done', 'disk-read running', 'network pending', 'counters pending']);
  expect(later[0]).toMatchObject({ startedAt: 10, endedAt: 50 });
  // The same again changes nothing, so nothing is written for it.
  expect(stepsAt(later, { test: 'disk-read', round: 1, rounds: 1 }, 90)).toEqual(later);
});

it('goes through the tests of a soak again and again', () => {
  const last = stepsAt(burnInSteps('soak'), { test: 'disk-write', round: 1, rounds: 24 }, 1);
  const next = stepsAt(last, { test: 'cpu', round: 2, rounds: 24 }, 2);
  expect(shown(next)).toEqual([
    'cpu running round 2 of 24',
    'memory done',
    'memory-bandwidth done',
    'disk-read done',
    'disk-write done round 1 of 24',
    'smart-self-test pending',
    'network pending',
    'counters pending',
  ]);
});

it('ends each step as its worst result, and leaves what was not reached', () => {
  const steps = stepsAt(burnInSteps('intake'), { test: 'memory', round: 1, rounds: 1 }, 1);
  const results = [result('cpu', 'passed'), result('cpu', 'failed', 'throttled'), result('memory', 'unverifiable', 'no memory')];
  expect(shown(stepsOfReport(steps, { results }, 2))).toEqual([
    'cpu failed throttled', 'memory done no memory', 'disk-read pending', 'network pending', 'counters pending',
  ]);
  const cancelled = [result('cpu', 'passed'), result('memory', 'cancelled'), result('disk-read', 'cancelled')];
  expect(shown(stepsOfReport(steps, { results: cancelled }, 2))).toEqual([
    'cpu done', 'memory failed not ended', 'disk-read pending', 'network pending', 'counters pending',
  ]);
}); // prettier-ignore
