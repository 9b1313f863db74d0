// What burn-ins found, as findings of the inspection: what failed blocks, with the agent's own sentence; what could not be
// looked at is said. A load that did not run at all blocks: a burn-in without it has proved nothing. Pure.
import type { BurnInProfileName } from '../../shared/burn-in/profiles.ts';
import type { BurnInReport, BurnInTestResult } from '../../shared/burn-in/report.ts';
import type { Finding } from '../../shared/inspection/finding.ts';
import { dueBurnIn, interruptionsMax, standingBurnIns, unfinishedBurnIns } from './burn-in-policy.ts';
import type { Now, PastBurnIn, Required } from './burn-in-policy.ts';
import { figureSentence, type Deviation } from './peers.ts';

export type ToldBurnIn = PastBurnIn & { readonly report: BurnInReport | null; readonly message: string };

/** Tests whose whole absence is not a detail. */
const loads: ReadonlySet<string> = new Set(['cpu', 'memory']);
/** How the agent calls the part of a test that did not run. */
const wholeMachine = 'machine';

type Facts = Pick<Finding, 'path' | 'kind' | 'severity' | 'actual' | 'source' | 'rule' | 'sentence'>;

function findingOf(facts: Facts): Finding {
  const cut = { path: facts.path.slice(0, 200), sentence: facts.sentence.slice(0, 300) };
  return { expected: 'passed', class: null, ...facts, ...cut };
}

function ofResult({ test, component, outcome, sentence }: BurnInTestResult): Finding[] {
  const facts = { path: `burn-in/${component}`, actual: outcome, source: 'agent', rule: `burn-in-${test}`, sentence };
  if (outcome === 'failed') return [findingOf({ ...facts, kind: 'degraded', severity: 'block' })];
  if (outcome !== 'unverifiable') return [];
  const isMissing = component === wholeMachine && loads.has(test);
  return [findingOf({ ...facts, kind: 'unverifiable', severity: isMissing ? 'block' : 'warn' })];
}

/** The findings of all burn-ins that count for the machine as it is now. `past` is newest first. */
export function burnInFindings(past: readonly ToldBurnIn[], now: Now, required: Required): Finding[] {
  const results = standingBurnIns(past, now).flatMap(({ report }) => (report?.results ?? []).flatMap(ofResult));
  const due = dueBurnIn(required, past, now);
  return due === undefined ? results : [...results, ...whyNotDone(past, { now, due })];
}

/** What keeps a burn-in that is due from beginning by itself. */
function whyNotDone(
  past: readonly ToldBurnIn[],
  { now, due }: { readonly now: Now; readonly due: BurnInProfileName },
): Finding[] {
  const facts = { path: 'burn-in', kind: 'unverifiable', severity: 'block', source: 'controller' } as const;
  const { interrupted, cancelled } = unfinishedBurnIns(past, now);
  const anew = `Begin it anew: ppec asset burn-in --profile ${due}.`;
  if (cancelled !== undefined) {
    const sentence = `Its ${cancelled.profile} burn-in, which it needs, was ended: ${cancelled.message}. ${anew}`;
    return [findingOf({ ...facts, actual: 'cancelled', rule: 'burn-in-cancelled', sentence })];
  }
  if (interrupted.length < interruptionsMax) return [];
  const sentence = `Its burn-in ended ${interrupted.length} times without a result, last: ${interrupted[0]?.message ?? ''}. It may not stand the load. ${anew}`;
  return [findingOf({ ...facts, actual: 'interrupted', rule: 'burn-in-interrupted', sentence })];
}

/** Slower than its peers: said, and a person judges. Between 3 machines and 30 a median moves too far to keep one out. */
export function peerFindings(deviations: readonly Deviation[]): Finding[] {
  return deviations
    .filter(({ isLow }) => isLow)
    .map((deviation) => ({
      path: `burn-in/${deviation.part ?? deviation.name}`.slice(0, 200),
      kind: 'below',
      severity: 'warn',
      expected: String(deviation.median),
      actual: String(deviation.value),
      source: 'controller',
      rule: `peers-${deviation.name}`,
      class: null,
      sentence: figureSentence(deviation).slice(0, 300),
    }));
}
