// The code a person types to confirm a sign-in: eight letters that no two of are mistaken for each other, and that spell
// nothing (RFC 8628 §6.1: 20 consonants, 34 bits).
import type { Rng } from '../../shared/rng.ts';

const letters = 'BCDFGHJKLMNPQRSTVWXZ';
const length = 8;

/** `WDJB-MJHT` without the dash; each letter as likely as the others. */
export function newUserCode(rng: Rng): string {
  let code = '';
  while (code.length < length) {
    for (const byte of rng.bytes(16)) {
      // Beyond the last multiple of 20 the first letters would be likelier.
      if (byte < 240 && code.length < length) code += letters[byte % 20] ?? '';
    }
  }
  return code;
}

/** As people read it. */
export function shownUserCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

/** What was typed, in any case, with or without dash and spaces; undefined where it can be no code. */
export function readUserCode(typed: string): string | undefined {
  const code = typed.toUpperCase().replaceAll(/[\s-]/g, '');
  return code.length === length && Array.from(code).every((letter) => letters.includes(letter)) ? code : undefined;
}
