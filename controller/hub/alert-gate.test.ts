import { expect, it } from 'vitest';

import { createAlertGate, leftOutText } from './alert-gate.ts';

it('tells of the same once in a while, with how often it came meanwhile, and of another at once', () => {
  let nowMs = 0;
  const gate = createAlertGate({ nowMs: () => nowMs }, 1000);
  expect(gate.pass('a')).toBe(0);
  for (let time = 0; time < 37; time += 1) expect(gate.pass('a')).toBeUndefined();
  expect(gate.pass('b')).toBe(0);
  nowMs = 1000;
  expect(gate.pass('a')).toBe(37);
  expect(gate.pass('a')).toBeUndefined();
  nowMs = 2000;
  expect(leftOutText(gate.pass('a') ?? 0)).toBe(' (and 1 more times since it was last told)');
  expect(leftOutText(gate.pass('c') ?? 0)).toBe('');
});
