// A change: a state-changing operation that waits for its checkers, and then, where its policy has hours, for those.

export const changeStates = ['open', 'approved', 'executed', 'refused', 'rejected', 'withdrawn', 'expired'] as const;
export type ChangeState = (typeof changeStates)[number];

export const changeTransitions: Readonly<Record<ChangeState, readonly ChangeState[]>> = {
  open: ['approved', 'executed', 'refused', 'rejected', 'withdrawn', 'expired'],
  approved: ['executed', 'refused', 'rejected', 'withdrawn'],
  executed: [],
  refused: [],
  rejected: [],
  withdrawn: [],
  expired: [],
};

/** Whether something may still become of it. */
export function isPending(state: ChangeState): boolean {
  return changeTransitions[state].length > 0;
}
