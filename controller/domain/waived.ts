// How a finding says that a waiver covers it: the one sentence, written and read here. Pure.
import { toRfc3339, type UnixMs } from '../../shared/clock.ts';
import type { Finding } from '../../shared/inspection/finding.ts';

const sentenceMax = 300;
const opening = /^Waived until \d{4}-\d{2}-\d{2}: /;

/** The finding under a waiver: it stays visible and stops blocking. */
export function waivedFinding(finding: Finding, untilMs: UnixMs): Finding {
  const until = toRfc3339(untilMs).slice(0, 10);
  const sentence = `Waived until ${until}: ${finding.sentence}`.slice(0, sentenceMax);
  return { ...finding, severity: 'info', sentence };
}

/** Whether a waiver covered it when it was found; the waiver may have ended since. */
export function wasWaived(finding: Pick<Finding, 'severity' | 'sentence'>): boolean {
  return finding.severity === 'info' && opening.test(finding.sentence);
}

/** What the finding says without its waiver. */
export function sentenceUnwaived(sentence: string): string {
  return sentence.replace(opening, '');
}
