// Findings as the person in the datacentre reads them.
import type { Finding } from '../../../shared/inspection/finding.ts';
import type { Paint, Tone } from './style.ts';
import { oneLine } from './text.ts';

const marks: Readonly<Record<Finding['severity'], readonly [string, Tone]>> = {
  block: ['✗', 'bad'],
  warn: ['!', 'warn'],
  info: ['·', 'dim'],
};

export function renderFindings(findings: readonly Finding[], paint: Paint): string {
  return findings
    .map((finding) => {
      const [mark, tone] = marks[finding.severity];
      return `  ${paint(mark, tone)} ${oneLine(finding.sentence)}\n`;
    })
    .join('');
}
