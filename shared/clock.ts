// Time as an argument. Only the system clock at the composition roots reads the real time.

/** Milliseconds since 1970-01-01T00:00:00Z, an integer. */
export type UnixMs = number;

export type Clock = { readonly nowMs: () => UnixMs };

// oxlint-disable-next-line no-restricted-globals -- the one place that reads the real clock
export const systemClock: Clock = { nowMs: () => Date.now() };

/** RFC 3339 in UTC with milliseconds, for people and documents. */
export function toRfc3339(ms: UnixMs): string {
  // oxlint-disable-next-line no-restricted-globals -- formatting, not reading the time
  return new Date(ms).toISOString();
}
