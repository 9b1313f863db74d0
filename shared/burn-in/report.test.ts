import { Compile } from 'typebox/compile';
import { expect, it } from 'vitest';

import { frameBytesMax } from '../protocol/limits.ts';
import { figureOf, parseFigure, worseFigures } from './figures.ts';
import { burnInProfileNames, burnInProfiles, plannedSeconds, plannedTests } from './profiles.ts';
import {
  boundedReport,
  burnInOutcome,
  burnInReportBytesMax,
  burnInResultsMax,
  burnInSentenceMax,
  burnInSummary,
  mergedResults,
  type BurnInOutcome,
} from './outcome.ts';
import { BurnInReport, type BurnInTestResult } from './report.ts';

const reportSchema = Compile(BurnInReport);
const result = (outcome: BurnInOutcome, change: Partial<BurnInTestResult> = {}): BurnInTestResult => ({
  test: 'cpu',
  component: 'processor',
  outcome,
  seconds: 1,
  sentence: 'processor: so and so',
  figures: {},
  ...change,
});
const report = (results: BurnInTestResult[]): BurnInReport => ({
  profile: 'intake',
  startedAtMs: 1,
  endedAtMs: 2,
  results,
  figures: {},
});

it('has an intake of minutes that needs no tools, writes nothing and needs nobody', () => {
  const { tests, rounds } = burnInProfiles.intake;
  expect(rounds).toBe(1);
  expect(tests.some((test) => test.needsTools || test.writesDisks || test.usesPeer)).toBe(false);
  expect(plannedSeconds(plannedTests('intake'))).toBeLessThanOrEqual(300);
});

it('has a standard of one to two hours and a soak of one to three days, which go no further', () => {
  const hours = (name: 'standard' | 'soak'): number =>
    plannedSeconds(plannedTests(name).filter((test) => test.name !== 'smart-self-test')) / 3600;
  expect(hours('standard')).toBeGreaterThan(1);
  expect(hours('standard')).toBeLessThan(2);
  expect(hours('soak')).toBeGreaterThan(20);
  expect(hours('soak')).toBeLessThan(72);
});

it.each(burnInProfileNames)(
  'writes to disks in the one test of %s that says so, and judges the counters last',
  (name) => {
    const plan = plannedTests(name);
    expect(plan.filter((test) => test.writesDisks).every((test) => test.name === 'disk-write')).toBe(true);
    expect(plan.at(-1)?.name).toBe('counters');
  },
);

it('shortens every test by the scale, to a second at least, and counts the rounds', () => {
  expect(plannedTests('standard', 0.000_1).map(({ seconds }) => seconds)).toEqual(Array(8).fill(1));
  expect(plannedTests('intake', 0.5)[0]?.seconds).toBe(30);
  const soak = plannedTests('soak');
  expect(soak.filter(({ name }) => name === 'cpu').map(({ round }) => round)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
  expect(soak.filter(({ name }) => name === 'smart-self-test').map(({ round }) => round)).toEqual([24]);
}); // prettier-ignore

it.each<[BurnInOutcome[], BurnInOutcome]>([
  [[], 'unverifiable'],
  [['skipped'], 'unverifiable'],
  [['passed'], 'passed'],
  [['passed', 'skipped'], 'passed'],
  [['passed', 'unverifiable', 'skipped'], 'unverifiable'],
  [['passed', 'cancelled', 'unverifiable'], 'cancelled'],
  [['passed', 'failed', 'cancelled'], 'failed'],
  [['skipped', 'failed'], 'failed'],
])('is, of %j, %s', (outcomes, outcome) => {
  expect(burnInOutcome({ results: outcomes.map((each) => result(each)) })).toBe(outcome);
});

it('says in one line how many had which outcome', () => {
  const results = [result('failed'), result('passed'), result('passed')];
  expect(burnInSummary(report(results))).toBe('intake burn-in: 2 passed, 1 failed');
  expect(burnInSummary(report([]))).toBe('intake burn-in: nothing was tested');
});

it('tells the worst of all rounds once per part, with all its time and its worst figures', () => {
  const merged = mergedResults([
    result('passed', { figures: { cpuOpsPerSecond: 90, cpuTemperatureMaxCelsius: 60 } }),
    result('failed', {
      sentence: 'processor: throttled',
      figures: { cpuOpsPerSecond: 100, cpuTemperatureMaxCelsius: 95 },
    }),
    result('passed', { figures: { cpuOpsPerSecond: 95 } }),
    result('passed', { test: 'memory' }),
  ]);
  expect(merged).toHaveLength(2);
  expect(merged[0]).toMatchObject({
    outcome: 'failed',
    sentence: 'processor: throttled',
    seconds: 3,
    figures: { cpuOpsPerSecond: 90, cpuTemperatureMaxCelsius: 95 },
  });
});

it('names a figure and reads its name back', () => {
  expect(figureOf('cpuMhz', undefined)).toBe('cpuMhz');
  expect(parseFigure(figureOf('diskReadBytesPerSecond', 'S:1'))).toEqual({ name: 'diskReadBytesPerSecond', part: 'S:1' });
  expect(worseFigures({ 'diskReadBytesPerSecond:S': 5 }, { 'diskReadBytesPerSecond:S': 4 })).toEqual({ 'diskReadBytesPerSecond:S': 4 });
}); // prettier-ignore

it('keeps a report that is too long within its limits, what failed first', () => {
  const figures = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`${'f'.repeat(150)}${i}`, 1 / 3]));
  const many = Array.from({ length: 600 }, (_, index) =>
    result(index === 599 ? 'failed' : 'passed', { component: `disk ${index}`, sentence: 's'.repeat(burnInSentenceMax), figures }),
  );
  const bounded = boundedReport({ ...report(many), figures: Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`f${i}`, i])) });
  expect(reportSchema.Check(bounded)).toBe(true);
  expect(bounded.results.length).toBeLessThanOrEqual(burnInResultsMax);
  expect(bounded.results.some(({ outcome }) => outcome === 'failed')).toBe(true);
  expect(bounded.results.at(-1)?.sentence).toMatch(/more are not told\)$/);
  expect(JSON.stringify(bounded).length).toBeLessThanOrEqual(burnInReportBytesMax);
  expect(burnInReportBytesMax).toBeLessThan(frameBytesMax);
  const small = report([result('passed')]);
  expect(boundedReport(small)).toEqual(small);
}); // prettier-ignore
