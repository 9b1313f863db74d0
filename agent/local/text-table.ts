// Tables for a console: aligned columns, two spaces apart, nothing else. Texts come from firmware and files that nobody here
// trusts: a terminal must not obey them.

export type Terminal = {
  readonly print: (text: string) => void;
  readonly warn: (text: string) => void;
};

export function textTable(titles: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => (cell === null || cell === '' ? '—' : oneLine(String(cell)))));
  const widths = titles.map((title, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  return [titles, ...cells]
    .map((row) => `${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ').trimEnd()}\n`)
    .join('');
} // prettier-ignore

export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ');
}

/** `1 finding`, `3 findings`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
