import { expect, it } from 'vitest';

import { seededRng } from '../../shared/rng.ts';
import { newUserCode, readUserCode, shownUserCode } from './user-code.ts';

it('is read as it is shown, in whatever way it is typed', () => {
  const rng = seededRng(7);
  for (let n = 0; n < 1000; n += 1) {
    const code = newUserCode(rng);
    const shown = shownUserCode(code);
    expect(shown).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    for (const typed of [shown, shown.toLowerCase(), code, ` ${code.slice(0, 4)}  ${code.slice(4)} `]) {
      expect(readUserCode(typed)).toBe(code);
    }
  }
});

it('takes each letter about as often as the others', () => {
  const rng = seededRng(1);
  const counts = new Map<string, number>();
  for (let n = 0; n < 5000; n += 1)
    for (const letter of newUserCode(rng)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  expect(counts.size).toBe(20);
  for (const count of counts.values()) expect(Math.abs(count - 2000)).toBeLessThan(300);
});

it.each(['', 'BCDF-GHJ', 'BCDF-GHJKL', 'AEIO-UAEI', '1234-5678'])('%j is no code', (typed) => {
  expect(readUserCode(typed)).toBeUndefined();
});
