// Hardware errors in the kernel's messages: machine checks (MCE) and what firmware reports (GHES, ACPI 6.5 §18). Pure.
import type { HealthState } from '../lifecycle/asset.ts';
import { counted, type HealthFinding } from './finding.ts';

/** The first that fits counts. The kernel writes `[Hardware Error]` before each line of a record. */
const kinds: readonly (readonly [pattern: RegExp, state: HealthState, what: string])[] = [
  [/\[Hardware Error\].*(event severity: (fatal|recoverable)|uncorrected|fatal machine check)/i, 'failed', 'uncorrected hardware error'],
  [/\[Hardware Error\].*event severity: corrected|machine check events logged/i, 'degraded', 'corrected hardware error'],
]; // prettier-ignore

/** Lines as /dev/kmsg gives them, or their texts alone. */
export function kernelLogFindings(lines: readonly string[]): HealthFinding[] {
  return kinds.flatMap(([pattern, state, what], at): HealthFinding[] => {
    const found = lines.filter((line) => kinds.findIndex(([first]) => first.test(line)) === at && pattern.test(line));
    const last = found.at(-1);
    if (last === undefined) return [];
    const text = last.replace(/^[^;]{0,80};/, '').replaceAll(/\p{Cc}+/gu, ' ').slice(0, 120).trim();
    const message = `The kernel reported ${counted(found.length, what)} since boot, the last: "${text}". Read dmesg and the event log for the part, replace it.`;
    return [{ check: 'machine-check', component: 'kernel log', state, message }];
  });
} // prettier-ignore
