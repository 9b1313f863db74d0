// A burn-in's life as the controller keeps it: it runs, and then it is what its report says, or it has none.

/**
 * `unverifiable`: nothing failed, not all was proved. `interrupted`: it ended without a result, because the machine or its
 * agent went away in the middle or never took it.
 */
export const burnInStates = ['running', 'passed', 'unverifiable', 'failed', 'cancelled', 'interrupted'] as const;
export type BurnInState = (typeof burnInStates)[number];

/** Ended with a result that says something about the hardware. */
export function isCompleted(state: BurnInState): boolean {
  return state === 'passed' || state === 'unverifiable' || state === 'failed';
}
