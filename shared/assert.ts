// Assertions for invariants. A failed one is a bug in PPEC, never bad input.

/** Throws when an invariant does not hold; `what` says which one. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${what}`);
}

/** The exhaustive end of a switch: reaching it is a bug. */
export function unreachable(value: never): never {
  throw new Error(`invariant broken: unexpected ${JSON.stringify(value)}`);
}

/** Narrows away null and undefined where the surrounding code guarantees a value. */
export function must<T>(value: T | null | undefined, what: string): T {
  assert(value !== null && value !== undefined, `${what} is present`);
  return value;
}
