// A finding: one difference between a machine and what was promised, as data and as one sentence for a person.
import { Type, type Static } from 'typebox';

import { literals } from '../literals.ts';
export const findingKinds = [
  'missing',
  'unexpected',
  'mismatch',
  'below',
  'degraded',
  'stale',
  'source-conflict',
  'unverifiable',
  'not-ordered',
  'order-breach',
  'not-wiped',
] as const;
export const severities = ['block', 'warn', 'info'] as const;

const Text = (maxLength: number) => Type.String({ maxLength });

export const Finding = Type.Object(
  {
    /** Where: `memory/A3`, `disk/bay-0`, `order`. Stable for one class and one machine. */
    path: Text(200),
    kind: literals(findingKinds),
    severity: literals(severities),
    expected: Type.Union([Text(300), Type.Null()]),
    actual: Type.Union([Text(300), Type.Null()]),
    /** Which evidence says so: `smbios`, `sysfs`, `order`, `agent`. */
    source: Text(40),
    rule: Text(80),
    /** `compute-large@1`, or null where no class applies. */
    class: Type.Union([Text(120), Type.Null()]),
    /** What a person in the datacentre reads. */
    sentence: Text(300),
  },
  { additionalProperties: false },
);
export type Finding = Static<typeof Finding>;

export const verdicts = ['pass', 'fail'] as const;
export type Verdict = (typeof verdicts)[number];

/** A machine passes when nothing blocks. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  return findings.some((finding) => finding.severity === 'block') ? 'fail' : 'pass';
}
