// Clocks: the board controller's against the host's, and the host's against the controller's. Pure. A wrong clock breaks
// certificates and makes logs lie; the two often differ by whole hours because one of them holds local time.
import type { UnixMs } from '../clock.ts';
import type { HealthFinding } from './finding.ts';

const failMs = 300_000;
const warnMs = 2000;
/** What is told over the link is late, and a clock that began with the hardware's knows whole seconds. */
const linkErrorMs = 3000;
/** Offsets of time zones are multiples of this. */
const zoneStepMs = 900_000;
const check = 'clock';

type BmcClock = {
  /** As `ipmitool sel time get` prints it; null where it prints none. */
  readonly selTime: string | null;
  readonly hostTimeMs: UnixMs | undefined;
};

export function bmcClockFindings({ selTime, hostTimeMs }: BmcClock): HealthFinding[] {
  const component = 'board controller clock';
  const told = selTime === null ? undefined : parseSelTime(selTime);
  const unknown = (why: string): HealthFinding[] => [
    { check, component, state: 'unknown', message: `The board controller's clock cannot be compared: ${why}.` },
  ];
  if (selTime === null) return unknown('it tells no time');
  if (isUnset(selTime))
    return [{ check, component, state: 'degraded', message: `The board controller's clock is not set: ${advice}.` }];
  if (told === undefined) return unknown(`'${selTime.trim().slice(0, 40)}' is no time`);
  if (hostTimeMs === undefined) return unknown('the time of the host is not in the evidence');
  const apartMs = told.ms - hostTimeMs;
  // In a zone of the host's own, what is printed is apart by that zone's offset.
  const differenceMs = told.isUtc ? apartMs : apartMs - Math.round(apartMs / zoneStepMs) * zoneStepMs;
  return apart({ component, name: "The board controller's clock", than: "the host's", differenceMs, advice });
}

const advice = 'set it (ipmitool sel time set now), and point it to a time server';

/** `differenceMs`: host minus controller. */
export function hostClockFindings(differenceMs: number): HealthFinding[] {
  return apart({
    component: 'host clock',
    name: "The host's clock",
    than: "the controller's",
    differenceMs,
    errorMs: linkErrorMs,
    advice: 'set it (date, then hwclock --systohc), and point the host to a time server',
  });
}

type Apart = {
  readonly component: string;
  readonly name: string;
  readonly than: string;
  readonly differenceMs: number;
  /** How much of the difference may be the measurement's. */
  readonly errorMs?: number;
  readonly advice: string;
};

function apart({ component, name, than, differenceMs, errorMs = 0, advice: what }: Apart): HealthFinding[] {
  const size = Math.abs(differenceMs);
  if (size <= warnMs + errorMs) return [];
  const zone =
    size >= zoneStepMs && size % zoneStepMs <= 60_000 ? '; one of the two may hold local time in place of UTC' : '';
  const message = `${name} is ${durationText(size)} ${differenceMs > 0 ? 'ahead of' : 'behind'} ${than}${zone}: ${what}.`;
  return [{ check, component, state: size > failMs ? 'failed' : 'degraded', message }];
}

function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** ipmitool's words for the seconds since the board controller started (IPMI v2.0 §37.1). */
function isUnset(text: string): boolean {
  return /^\s*(S\+|pre-init|unspecified|unknown)/i.test(text) || /\b(01\/01\/(19)?70|1970-01-01)\b/.test(text);
}

const formSelTime = /^(\d{2})\/(\d{2})\/(\d{2}|\d{4}) (\d{2}):(\d{2}):(\d{2})(?: +(\S+))?$/;
/** Month, day, year, hour, minute, second: from, to. */
const ranges = [[1, 12], [1, 31], [0, 9999], [0, 23], [0, 59], [0, 60]] as const; // prettier-ignore

/** `MM/DD/YYYY hh:mm:ss` of ipmitool 1.8.18 (UTC); `MM/DD/YY hh:mm:ss ZONE` of later ones. */
export function parseSelTime(text: string): { readonly ms: UnixMs; readonly isUtc: boolean } | undefined {
  const match = formSelTime.exec(text.trim());
  const fields = match?.slice(1, 7).map(Number) ?? [];
  const zone = match?.[7] ?? 'UTC';
  if (!ranges.every(([from, to], at) => (fields[at] ?? -1) >= from && (fields[at] ?? -1) <= to)) return undefined;
  const [month = 1, day = 1, year = 0, hour = 0, minute = 0, second = 0] = fields;
  const days = daysSince1970(year < 100 ? 2000 + year : year, month, day);
  return { ms: (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000, isUtc: /^(UTC|GMT|Z)$/i.test(zone) };
}

/** Gregorian calendar; a year begins in March here, so that the leap day is its last. */
function daysSince1970(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + dayOfYear - 719_468;
}
