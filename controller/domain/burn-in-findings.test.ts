import { expect, it } from 'vitest';

import type { BurnInTestResult } from '../../shared/burn-in/report.ts';
import { burnInFindings, peerFindings, type ToldBurnIn } from './burn-in-findings.ts';
import { requiredBurnIn } from './burn-in-policy.ts';

const now = { bootId: 'boot-1', hardwareKey: 'parts' };
const intake = requiredBurnIn({ profile: 'intake', timeScale: 1 }, undefined);
const nothing = requiredBurnIn({ profile: 'none', timeScale: 1 }, undefined);
const result = (change: Partial<BurnInTestResult>): BurnInTestResult => ({
  test: 'memory',
  component: 'memory',
  outcome: 'passed',
  seconds: 1,
  sentence: 'said by the agent',
  figures: {},
  ...change,
});
const told = (change: Partial<ToldBurnIn>, ...results: BurnInTestResult[]): ToldBurnIn => ({
  profile: 'intake',
  state: 'passed',
  ...now,
  timeScale: 1,
  message: 'why',
  report: { profile: 'intake', startedAtMs: 0, endedAtMs: 1, results, figures: {} },
  ...change,
});

it.each<[Partial<BurnInTestResult>, string | undefined, string]>([
  [{ outcome: 'passed' }, undefined, ''],
  [{ outcome: 'skipped' }, undefined, ''],
  [{ outcome: 'failed', component: 'DIMM A1', test: 'counters' }, 'block', 'burn-in-counters'],
  [{ outcome: 'unverifiable', component: 'disk S1', test: 'smart-self-test' }, 'warn', 'burn-in-smart-self-test'],
  [{ outcome: 'unverifiable', component: 'machine', test: 'network' }, 'warn', 'burn-in-network'],
  // A load that did not run at all has proved nothing of the machine.
  [{ outcome: 'unverifiable', component: 'machine', test: 'memory' }, 'block', 'burn-in-memory'],
  [{ outcome: 'unverifiable', component: 'machine', test: 'cpu' }, 'block', 'burn-in-cpu'],
])('tells of %j: %s', (change, severity, rule) => {
  const findings = burnInFindings([told({}, result(change))], now, intake);
  expect(findings.map((finding) => [finding.severity, finding.rule, finding.sentence])).toEqual(
    severity === undefined ? [] : [[severity, rule, 'said by the agent']],
  );
});

it('says why a burn-in that is due does not begin by itself', () => {
  const rules = (past: ToldBurnIn[], required = intake): string[] => burnInFindings(past, now, required).map(({ rule }) => rule);
  const gone = told({ state: 'interrupted', report: null });
  const stopped = told({ state: 'cancelled', report: null });
  expect(rules([gone])).toEqual([]);
  expect(rules([gone, gone])).toEqual(['burn-in-interrupted']);
  expect(rules([stopped])).toEqual(['burn-in-cancelled']);
  expect(rules([told({}), gone, gone])).toEqual([]);
  // Nobody asks for one here.
  expect(rules([gone, gone, stopped], nothing)).toEqual([]);
}); // prettier-ignore

it('says what is lower than that of the peers, and keeps nobody out for it', () => {
  const low = { name: 'diskReadBytesPerSecond', part: 'S1', model: 'M', value: 81.23456, median: 100, peers: 4, percent: -18.76, isLow: true };
  const [finding, ...others] = peerFindings([low, { ...low, isLow: false }]);
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ severity: 'warn', kind: 'below', rule: 'peers-diskReadBytesPerSecond', path: 'burn-in/S1' });
  expect(finding?.sentence).toBe('diskReadBytesPerSecond of S1 is 81.23, 19 % below 100, the median of 4 machines of its model.');
}); // prettier-ignore
