// A change: a state-changing operation that waits for its checker.

export const changeStates = ['open', 'executed', 'refused', 'rejected', 'withdrawn', 'expired'] as const;
export type ChangeState = (typeof changeStates)[number];

export const changeTransitions: Readonly<Record<ChangeState, readonly ChangeState[]>> = {
  open: ['executed', 'refused', 'rejected', 'withdrawn', 'expired'],
  executed: [],
  refused: [],
  rejected: [],
  withdrawn: [],
  expired: [],
};
