// A finding of the health checks: one part, what is wrong with it and what to do, in one sentence. Checks are pure: from
// evidence to findings. Where nothing can be said of a part, its state is `unknown`, never `ok`.
import type { HealthState } from '../lifecycle/asset.ts';
import type { HealthReport } from '../protocol/messages.ts';

export type HealthFinding = HealthReport['findings'][number];

const findingsMax = 256;
const messageCharsMax = 300;
const componentCharsMax = 120;

/** From good to bad. */
const order: readonly HealthState[] = ['ok', 'unknown', 'degraded', 'failed'];

/** A report as it is told: the worst first, so that nothing bad is left out where there are too many. */
export function reportOf(findings: readonly HealthFinding[], readings: HealthReport['readings']): HealthReport {
  const sorted = findings.toSorted((a, b) => rank(b.state) - rank(a.state));
  return {
    state: sorted[0]?.state ?? 'ok',
    findings: sorted.slice(0, findingsMax).map((finding) => ({
      ...finding,
      component: finding.component.slice(0, componentCharsMax),
      message: finding.message.slice(0, messageCharsMax),
    })),
    readings,
  };
}

function rank(state: HealthState): number {
  return order.indexOf(state);
}

/** `1 error`, `3 errors`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A sentence begins with a capital, also where its first word is a sensor's own name. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
