import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';

import { painted } from './style.ts';
import { renderTable, type Column } from './table.ts';
import { manyLines, oneLine, truncate, widthOf } from './text.ts';

type Row = { readonly name: string | null; readonly count: number; readonly text: string };
const columns: readonly Column<Row>[] = [
  { title: 'NAME', value: (row) => row.name, tone: () => 'good' },
  { title: 'COUNT', value: (row) => row.count, align: 'right' },
  { title: 'TEXT', value: (row) => row.text, shrinks: true },
];
const rows: readonly Row[] = [
  { name: 'srv-a', count: 7, text: 'short' },
  { name: null, count: 1200, text: 'a longer text that is cut where the terminal is narrow' },
];

it('aligns columns two spaces apart, numbers to the right, nothing at the line ends', () => {
  expect(renderTable(columns, rows)).toBe(
    [
      'NAME   COUNT  TEXT',
      'srv-a      7  short',
      '—       1200  a longer text that is cut where the terminal is narrow',
      '',
    ].join('\n'),
  );
});

it.each([10, 20, 24, 40, 80])('never wraps on a terminal of %i columns', (width) => {
  const lines = renderTable(columns, rows, { columns: width }).trimEnd().split('\n');
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
  expect(lines[2]?.endsWith('…')).toBe(width < 80);
});

it('aligns painted and wide text by what is seen', () => {
  const wide = renderTable(columns, [{ name: '機械', count: 1, text: 'x' }, ...rows], { paint: painted });
  const plain = stripVTControlCharacters(wide).split('\n');
  expect(plain[1]).toBe('機械       1  x');
  expect(wide).toContain('\u001b[32msrv-a\u001b[39m');
});

it('ends every colour that begins, also where a painted text is cut', () => {
  expect(truncate(`${painted('srv-a', 'good')} ${painted('SPARE', 'bad')} x`, 8)).toBe(
    '\u001b[32msrv-a\u001b[39m \u001b[31mS…\u001b[39m',
  );
});

it('obeys nothing that a machine or document says', () => {
  const row = { name: 'evil\u001b[2J\u0007', count: 1, text: 'line\nbreak\u202e' };
  const text = renderTable(columns, [row]);
  for (const evil of ['\u001b', '\u0007', '\u202e']) expect(text).not.toContain(evil);
  expect(text.split('\n')).toHaveLength(3);
  expect(oneLine('a\r\n\tb\u009bc')).toBe('a b�c');
  expect(manyLines('\u001b[31mred\u001b[0m\r\nnext\ttab\u0000')).toBe('red\nnext\ttab�');
});

it.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'ab…'],
  ['機械室', 5, '機械…'],
  ['機械室', 4, '機…'],
  ['é́x', 2, 'é́x'],
])('cuts %j to %i columns as %j', (text, width, expected) => {
  expect(truncate(text, width)).toBe(expected);
});
