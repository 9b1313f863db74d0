// Which findings are the vendor's to settle. The rest is ours: where a machine stands and how it is cabled and fed, its
// settings, what ran on it, whose part it has got, and what could not be read at all, which proves nothing. Pure.
import type { Finding } from '../../../shared/inspection/finding.ts';

const oursByKind: ReadonlySet<Finding['kind']> = new Set(['not-wiped', 'not-ordered', 'unverifiable']);
const oursBySource: ReadonlySet<string> = new Set(['lldp', 'controller', 'parts']);
const oursByRule: ReadonlySet<string> = new Set([
  'order-cancelled',
  'boot-mode',
  // A cable, a switch, an outlet, the air of the room, a clock that nobody has set.
  'nic-links',
  'psu-input',
  'health-psu-input',
  'health-inlet',
  'health-clock',
]);

export function isVendors({ kind, source, rule }: Pick<Finding, 'kind' | 'source' | 'rule'>): boolean {
  return !oursByKind.has(kind) && !oursBySource.has(source) && !oursByRule.has(rule);
}
