// Assertions for invariants. A failed one is a bug in PPEC, never bad input.

/** Throws when an invariant does not hold; `what` says which one. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${what}`);
}

/** Narrows away null and undefined where the surrounding code guarantees a value. */
export function must<T>(value: T | null | undefined, what: string): T {
  assert(value !== null && value !== undefined, `${what} is present`);
  return value;
}
