// The steps of a burn-in's operation: the tests of its profile, as its progress and then its report say. Pure.
import type { OperationStep } from '../../shared/api/operation-handle.ts';
import { burnInOutcomes } from '../../shared/burn-in/outcome.ts';
import { burnInProfiles, type BurnInProfileName } from '../../shared/burn-in/profiles.ts';
import type { BurnInProgress, BurnInReport } from '../../shared/burn-in/report.ts';

export function burnInSteps(profile: BurnInProfileName): OperationStep[] {
  return burnInProfiles[profile].tests.map(({ name }) => ({
    name,
    state: 'pending',
    startedAt: null,
    endedAt: null,
    message: '',
  }));
}

/** Where it is: what comes before the test that runs is done, in the first round as in the last. */
export function stepsAt(
  steps: readonly OperationStep[],
  { test, round, rounds }: Pick<BurnInProgress, 'test' | 'round' | 'rounds'>,
  nowMs: number,
): OperationStep[] {
  const at = steps.findIndex(({ name }) => name === test);
  if (at < 0) return [...steps];
  const message = rounds > 1 ? `round ${round} of ${rounds}` : '';
  return steps.map((step, index) => {
    if (index === at) return { ...step, state: 'running', startedAt: step.startedAt ?? nowMs, endedAt: null, message };
    const wasReached = index < at || step.state !== 'pending';
    if (!wasReached) return step;
    return { ...step, state: 'done', startedAt: step.startedAt ?? nowMs, endedAt: step.endedAt ?? nowMs };
  });
}

/** How each test ended, with the sentence of its worst result. A test without a result stays where it was. */
export function stepsOfReport(
  steps: readonly OperationStep[],
  { results }: Pick<BurnInReport, 'results'>,
  nowMs: number,
): OperationStep[] {
  const rank = (outcome: (typeof results)[number]['outcome']): number => burnInOutcomes.indexOf(outcome);
  return steps.map((step) => {
    const [worst] = results
      .filter(({ test }) => test === step.name)
      .toSorted((a, b) => rank(b.outcome) - rank(a.outcome));
    if (worst === undefined || worst.outcome === 'cancelled') {
      return step.state === 'running' ? { ...step, state: 'failed', endedAt: nowMs, message: 'not ended' } : step;
    }
    return {
      ...step,
      state: worst.outcome === 'failed' ? 'failed' : 'done',
      startedAt: step.startedAt ?? nowMs,
      endedAt: step.endedAt ?? nowMs,
      message: worst.outcome === 'passed' ? '' : worst.sentence,
    };
  });
}
