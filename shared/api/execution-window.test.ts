import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isWindow, opensAtMs, weekdays, windowText, type ExecutionWindow } from './execution-window.ts';

const at = (text: string): number => Date.parse(`${text}Z`);
const office: ExecutionWindow = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '16:00' };
const night: ExecutionWindow = { days: ['sat', 'sun'], from: '22:00', to: '24:00' };

describe('an execution window', () => {
  // 2026-11-23 is a Monday.
  it.each<[string, readonly ExecutionWindow[], string, string | undefined]>([
    ['opens now where there is none', [], '2026-11-23T03:00', '2026-11-23T03:00'],
    ['is open from its first minute', [office], '2026-11-23T08:00', '2026-11-23T08:00'],
    ['is open until its last minute', [office], '2026-11-23T15:59:59.999', '2026-11-23T15:59:59.999'],
    ['is closed at its end, and opens the next day', [office], '2026-11-23T16:00', '2026-11-24T08:00'],
    ['is closed on other days', [office], '2026-11-27T17:00', '2026-11-30T08:00'],
    ['goes on to midnight', [night], '2026-11-28T23:59:59', '2026-11-28T23:59:59'],
    ['opens next week when its day is just over', [{ days: ['mon'], from: '08:00', to: '09:00' }], '2026-11-23T09:00', '2026-11-30T08:00'],
    ['needs all of several', [office, { days: ['tue'], from: '15:00', to: '18:00' }], '2026-11-23T09:00', '2026-11-24T15:00'],
    ['never opens with one that it never meets', [office, night], '2026-11-23T09:00', undefined],
  ])('%s', (_, ...[windows, now, expected]) => {
    expect(opensAtMs(windows, at(now))).toBe(expected === undefined ? undefined : at(expected));
  }); // prettier-ignore

  it('is worded shortly', () => {
    const some: ExecutionWindow = { days: ['mon', 'wed', 'fri'], from: '01:00', to: '02:30' };
    expect([office, night, some].map(windowText)).toEqual([
      'mon–fri 08:00–16:00 UTC',
      'sat, sun 22:00–24:00 UTC',
      'mon, wed, fri 01:00–02:30 UTC',
    ]);
  });

  it('ends after it begins', () => {
    expect([office, { ...office, to: '08:00' }, { ...office, from: '24:00', to: '24:00' }].map(isWindow)).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('opens at the first moment that has the right day and time, whenever one asks', () => {
    const window = fc.record({
      days: fc.subarray([...weekdays], { minLength: 1 }),
      from: fc.integer({ min: 0, max: 22 }),
      hours: fc.integer({ min: 1, max: 24 }),
    });
    fc.assert(
      fc.property(window, fc.integer({ min: 0, max: 4_000_000_000_000 }), ({ days, from, hours }, nowMs) => {
        const to = Math.min(24, from + hours);
        const text = (hour: number): string => `${String(hour).padStart(2, '0')}:00`;
        const opens = opensAtMs([{ days, from: text(from), to: text(to) }], nowMs) ?? Number.NaN;
        const date = new Date(opens);
        const names = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
        expect(days).toContain(names[date.getUTCDay()]);
        expect(date.getUTCHours()).toBeGreaterThanOrEqual(from);
        expect(date.getUTCHours()).toBeLessThan(to);
        expect(opens - nowMs).toBeGreaterThanOrEqual(0);
        expect(opens - nowMs).toBeLessThanOrEqual(7 * 86_400_000);
      }),
    );
  });
});
