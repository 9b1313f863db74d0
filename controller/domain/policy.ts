// What happens to an operation: applied now, or filed as a change for checkers. Pure.
import type { Effect } from '../../shared/api/operation.ts';

export type Policy = {
  readonly name: string;
  /** How many other people must approve; 0 applies at once. */
  readonly checkersNeeded: number;
  readonly openForMs: number;
};

const dayMs = 86_400_000;

/** Whatever makes a production machine change state needs one checker. There is no bypass. */
export function policyFor(operation: { readonly id: string; readonly effect: Effect }): Policy {
  if (operation.effect === 'state-change') return { name: 'one-checker', checkersNeeded: 1, openForMs: dayMs };
  return { name: 'direct', checkersNeeded: 0, openForMs: 0 };
}
