// Points in time as people write them.

const day = /^\d{4}-\d{2}-\d{2}$/;
/** RFC 3339 §5.6, with its offset: a time without one is a different moment for everybody. */
const instant = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})$/;

const dayMs = 86_400_000;

/** `2026-01-31` is the start of that day in UTC, `2026-01-31T12:00:00Z` that moment, in milliseconds. Undefined: no time. */
export function parseInstant(text: string): number | undefined {
  if (!day.test(text) && !instant.test(text)) return undefined;
  // oxlint-disable-next-line no-restricted-globals -- reading a text, not the time
  const ms = Date.parse(day.test(text) ? `${text}T00:00:00Z` : text.replace(' ', 'T'));
  if (!Number.isFinite(ms) || ms < 0) return undefined;
  // 31 February is the third of March to the parser, and a mistake to us.
  // oxlint-disable-next-line no-restricted-globals -- formatting, not reading the time
  return day.test(text) && new Date(ms).toISOString().slice(0, 10) !== text ? undefined : ms;
}

/** The last millisecond of a day, or the moment itself. */
export function parseInstantEnd(text: string): number | undefined {
  const ms = parseInstant(text);
  return ms !== undefined && day.test(text) ? ms + dayMs - 1 : ms;
}
