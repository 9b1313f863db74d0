// When an approved change may run: hours of certain weekdays, UTC. Pure.
import { Type, type Static } from 'typebox';

import { literals } from '../literals.ts';
import { closed } from './fields.ts';

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const timeOfDay = (description: string) =>
  Type.String({ pattern: '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$', description });

export const ExecutionWindow = Type.Object(
  {
    days: Type.Array(literals(weekdays), { minItems: 1, maxItems: 7, uniqueItems: true }),
    from: timeOfDay('Time of day, UTC, `22:00`'),
    to: timeOfDay('Time of day, UTC, later than `from`; up to `24:00`'),
  },
  { ...closed, description: 'When an approved change may run' },
);
export type ExecutionWindow = Static<typeof ExecutionWindow>;

const minuteMs = 60_000;
const dayMs = 86_400_000;
const daysAhead = 8;

export function isWindow(window: ExecutionWindow): boolean {
  return minutesOf(window.from) < minutesOf(window.to);
}

/** The first moment from `nowMs` on at which all of them are open; undefined where there is none. */
export function opensAtMs(windows: readonly ExecutionWindow[], nowMs: number): number | undefined {
  const today = Math.floor(nowMs / dayMs);
  const starts = windows.flatMap(({ from }) =>
    Array.from({ length: daysAhead }, (_, ahead) => (today + ahead) * dayMs + minutesOf(from) * minuteMs),
  );
  return [nowMs, ...starts]
    .filter((ms) => ms >= nowMs && windows.every((window) => isOpen(window, ms)))
    .toSorted((a, b) => a - b)[0];
}

function isOpen({ days, from, to }: ExecutionWindow, ms: number): boolean {
  const day = Math.floor(ms / dayMs);
  // 1970-01-01 was a Thursday.
  const weekday = weekdays[(day + 3) % 7];
  const minute = (ms - day * dayMs) / minuteMs;
  return days.some((each) => each === weekday) && minute >= minutesOf(from) && minute < minutesOf(to);
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

/** `mon–fri 08:00–16:00 UTC`. */
export function windowText({ days, from, to }: ExecutionWindow): string {
  const at = weekdays.flatMap((day, index) => (days.includes(day) ? [index] : []));
  const [first, last] = [at[0] ?? 0, at.at(-1) ?? 0];
  const isRange = at.length > 2 && last - first === at.length - 1;
  const named = isRange ? `${weekdays[first]}–${weekdays[last]}` : at.map((index) => weekdays[index]).join(', ');
  return `${named} ${from}–${to} UTC`;
}
