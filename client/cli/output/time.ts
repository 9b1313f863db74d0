// Moments and durations as people read them.
import type { UnixMs } from '../../../shared/clock.ts';

const partsFormat = new Intl.DateTimeFormat('en-GB', {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

type Moment = Readonly<Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', string>>;

function momentOf(ms: UnixMs): Moment {
  const found = new Map(partsFormat.formatToParts(ms).map((part) => [part.type, part.value]));
  const read = (name: Intl.DateTimeFormatPartTypes): string => found.get(name) ?? '';
  return {
    year: read('year'),
    month: read('month'),
    day: read('day'),
    hour: read('hour'),
    minute: read('minute'),
    second: read('second'),
  };
}

/** `2026-11-22 10:41`, local time. */
export function dateTime(ms: UnixMs): string {
  return `${date(ms)} ${hourMinute(ms)}`;
}

/** `2026-11-22`, local time. */
export function date(ms: UnixMs): string {
  const { year, month, day } = momentOf(ms);
  return `${year}-${month}-${day}`;
}

/** `10:41:07`, local time. */
export function timeOfDay(ms: UnixMs): string {
  return `${hourMinute(ms)}:${momentOf(ms).second}`;
}

function hourMinute(ms: UnixMs): string {
  const { hour, minute } = momentOf(ms);
  return `${hour}:${minute}`;
}

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** `3 m`, `5 h`, `12 d`: the largest unit that leaves at least one whole. */
export function roughDuration(ms: number): string {
  if (ms < minuteMs) return `${Math.floor(ms / secondMs)} s`;
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)} m`;
  if (ms < 2 * dayMs) return `${Math.floor(ms / hourMs)} h`;
  return `${Math.floor(ms / dayMs)} d`;
}

/** `now`, `3 m ago`, `in 5 h`; a date where it is more than 30 days away. */
export function relative(ms: UnixMs, nowMs: UnixMs): string {
  const away = nowMs - ms;
  if (Math.abs(away) > 30 * dayMs) return date(ms);
  if (Math.abs(away) < secondMs) return 'now';
  return away > 0 ? `${roughDuration(away)} ago` : `in ${roughDuration(-away)}`;
}

/** `14:05` today, `tomorrow 14:05`, else with the date. For what is due soon. */
export function due(ms: UnixMs, nowMs: UnixMs): string {
  if (date(ms) === date(nowMs)) return `today ${hourMinute(ms)}`;
  if (date(ms) === date(nowMs + dayMs)) return `tomorrow ${hourMinute(ms)}`;
  return dateTime(ms);
}
