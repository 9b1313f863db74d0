// Outcomes of a burn-in: their order, how results of many rounds become one, and how long a report may be. Apart from the
// schemas, which an agent keeps in memory whether it runs a burn-in or not.
import { worseFigures, type Figures } from './figures.ts';
import type { BurnInProfileName, BurnInTestName } from './profiles.ts';

/** The largest tool image an agent takes; it lies in memory. */
export const toolsBytesMax = 512 * 1024 * 1024;
/** Results in one report; with their texts they leave room in a frame. */
export const burnInResultsMax = 256;
export const burnInFiguresMax = 512;
/** A report of at most this many bytes of JSON is told; see `boundedReport`. */
export const burnInReportBytesMax = 512 * 1024;
export const burnInSentenceMax = 400;
export const burnInLogLinesMax = 20;
export const burnInLogLineMax = 200;

/** From best to worst: the worst one of a report is the report's. */
export const burnInOutcomes = ['passed', 'skipped', 'unverifiable', 'cancelled', 'failed'] as const;
export type BurnInOutcome = (typeof burnInOutcomes)[number];

/** One test's result for one part; `BurnInTestResult` is its schema. */
type Result = {
  test: BurnInTestName;
  component: string;
  outcome: BurnInOutcome;
  seconds: number;
  sentence: string;
  figures: Record<string, number>;
};

/** `BurnInReport` is its schema. */
type Report = {
  profile: BurnInProfileName;
  startedAtMs: number;
  endedAtMs: number;
  results: Result[];
  figures: Record<string, number>;
};

function rank(outcome: BurnInOutcome): number {
  return burnInOutcomes.indexOf(outcome);
}

/** The worst of all results. A report in which nothing passed proves nothing and is `unverifiable` at best. */
export function burnInOutcome({ results }: Pick<Report, 'results'>): BurnInOutcome {
  const worst = results.reduce<BurnInOutcome>((a, { outcome }) => (rank(outcome) > rank(a) ? outcome : a), 'passed');
  if (results.some(({ outcome }) => outcome === 'passed')) return worst === 'skipped' ? 'passed' : worst;
  return rank(worst) > rank('unverifiable') ? worst : 'unverifiable';
}

/** `standard burn-in: 9 passed, 1 failed, 2 skipped`. */
export function burnInSummary({ profile, results }: Pick<Report, 'profile' | 'results'>): string {
  const counts = burnInCounts(results);
  const parts = burnInOutcomes.flatMap((outcome) => (counts[outcome] === 0 ? [] : [`${counts[outcome]} ${outcome}`]));
  return `${profile} burn-in: ${parts.length === 0 ? 'nothing was tested' : parts.join(', ')}`;
}

export function burnInCounts(results: readonly Pick<Result, 'outcome'>[]): Readonly<Record<BurnInOutcome, number>> {
  const count = (wanted: BurnInOutcome): number => results.filter(({ outcome }) => outcome === wanted).length;
  return {
    passed: count('passed'),
    skipped: count('skipped'),
    unverifiable: count('unverifiable'),
    cancelled: count('cancelled'),
    failed: count('failed'),
  };
}

/** One result per test and component over all rounds: the worst one, with the time and the worst figures of all. */
export function mergedResults(results: readonly Result[]): Result[] {
  const merged = new Map<string, Result>();
  for (const result of results) {
    const key = `${result.test}\0${result.component}`;
    const earlier = merged.get(key);
    if (earlier === undefined) {
      merged.set(key, result);
      continue;
    }
    const worse = rank(result.outcome) > rank(earlier.outcome) ? result : earlier;
    merged.set(key, {
      ...worse,
      seconds: earlier.seconds + result.seconds,
      figures: worseFigures(earlier.figures, result.figures),
    });
  }
  return [...merged.values()];
}

/**
 * The report within its limits. Where there is too much, results that passed go first and figures last; the last result
 * kept says how many are not told.
 */
export function boundedReport(report: Report): Report {
  const byWeight = report.results.toSorted((a, b) => rank(b.outcome) - rank(a.outcome));
  const figures = Object.fromEntries(Object.entries(report.figures).slice(0, burnInFiguresMax));
  let kept = byWeight.slice(0, burnInResultsMax);
  const bytes = (results: readonly Result[]): number => JSON.stringify({ ...report, results, figures }).length;
  while (kept.length > 1 && bytes(kept) > burnInReportBytesMax) kept = kept.slice(0, Math.ceil(kept.length / 2));
  const left = report.results.length - kept.length;
  const isKept = new Set(kept);
  const results = report.results.filter((result) => isKept.has(result));
  const at = results.length - 1;
  const last = results[at];
  if (left > 0 && last !== undefined)
    results[at] = {
      ...last,
      sentence: `${last.sentence.slice(0, burnInSentenceMax - 60)} (${left} more are not told)`,
    };
  return { ...report, results, figures };
}

/** The figures of all results under one roof. */
export function reportFigures(results: readonly Result[]): Figures {
  return results.reduce<Figures>((all, { figures }) => worseFigures(all, figures), {});
}
