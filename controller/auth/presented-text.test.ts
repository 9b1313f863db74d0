import { expect, it } from 'vitest';

import { secretText } from '../../shared/secret-text.ts';
import { presentedText } from './presented-text.ts';

it.each([
  ['mia', 'mia'],
  ['two\r\nlines\u001b[31m\u0000', 'two??lines?[31m?'],
  ['\u202Eevil', '?evil'],
  ['Zoë 🦊', 'Zoë 🦊'],
  ['x'.repeat(500), `${'x'.repeat(79)}…`],
  [`id ${secretText('credential', new Uint8Array(32))} end`, 'id ppec_sk_… end'],
])('%j is shown as %j', (text, shown) => {
  expect(presentedText(text)).toBe(shown);
});
