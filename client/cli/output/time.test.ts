import { expect, it } from 'vitest';

import { dateTime, due, relative, roughDuration } from './time.ts';

const nowMs = 1_795_000_000_000;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

it.each([
  [nowMs, 'now'],
  [nowMs - 5000, '5 s ago'],
  [nowMs - 3 * minuteMs, '3 m ago'],
  [nowMs + 5 * hourMs, 'in 5 h'],
  [nowMs - 47 * hourMs, '47 h ago'],
  [nowMs - 12 * dayMs, '12 d ago'],
])('tells %i as %s', (ms, expected) => {
  expect(relative(ms, nowMs)).toBe(expected);
});

it('tells a day far away by its date', () => {
  expect(relative(nowMs - 40 * dayMs, nowMs)).toMatch(/^\d{4}-\d\d-\d\d$/);
});

it('writes local date and time, short', () => {
  expect(dateTime(nowMs)).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d$/);
  expect(roughDuration(0)).toBe('0 s');
});

it('says today and tomorrow for what is due', () => {
  expect(due(nowMs, nowMs)).toMatch(/^today \d\d:\d\d$/);
  expect(due(nowMs + dayMs, nowMs)).toMatch(/^tomorrow \d\d:\d\d$/);
  expect(due(nowMs + 9 * dayMs, nowMs)).toBe(dateTime(nowMs + 9 * dayMs));
});
