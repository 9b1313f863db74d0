// What a stranger presented, as it may stand in the audit: printable, short, and never a secret that landed in the wrong
// field.
import { secretPattern } from '../../shared/secret-text.ts';

const lengthMax = 80;

export function presentedText(text: string): string {
  const printable = text.replaceAll(/[^\x20-\x7e\u00a0-\u{10ffff}]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '?');
  const harmless = printable.replaceAll(new RegExp(secretPattern, 'g'), (_match, kind: string) => `ppec_${kind}_…`);
  const characters = Array.from(harmless);
  return characters.length <= lengthMax ? harmless : `${characters.slice(0, lengthMax - 1).join('')}…`;
}
