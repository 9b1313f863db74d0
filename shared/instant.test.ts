import { expect, it } from 'vitest';

import { parseInstant, parseInstantEnd } from './instant.ts';

it.each([
  ['2026-01-31', '2026-01-31T00:00:00.000Z', '2026-01-31T23:59:59.999Z'],
  ['2024-02-29', '2024-02-29T00:00:00.000Z', '2024-02-29T23:59:59.999Z'],
  ['2026-01-31T12:30:00Z', '2026-01-31T12:30:00.000Z', '2026-01-31T12:30:00.000Z'],
  ['2026-01-31 12:30+02:00', '2026-01-31T10:30:00.000Z', '2026-01-31T10:30:00.000Z'],
  ['2026-01-31t12:30:00.5z', '2026-01-31T12:30:00.500Z', '2026-01-31T12:30:00.500Z'],
])('reads %s', (text, start, end) => {
  expect([parseInstant(text), parseInstantEnd(text)]).toEqual([Date.parse(start), Date.parse(end)]);
});

it.each([
  '',
  'yesterday',
  '2026-1-31',
  '31.01.2026',
  '2026-02-31',
  '2026-13-01',
  '2026-01-31T12:30:00',
  '1769860800000',
  '2026-01-31T25:00:00Z',
  '1969-12-31',
])('refuses %j', (text) => {
  expect([parseInstant(text), parseInstantEnd(text)]).toEqual([undefined, undefined]);
});
