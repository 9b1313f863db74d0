// A table: aligned columns, two spaces apart, nothing else. On a terminal a line never wraps: the columns that may shrink
// are cut; into a file or pipe everything is written in full.
import { oneLine, padEnd, padStart, truncate, widthOf } from './text.ts';
import { unpainted, type Paint, type Tone } from './style.ts';

export type Column<T> = {
  readonly title: string;
  readonly value: (row: T) => string | number | null;
  readonly tone?: (row: T) => Tone;
  readonly align?: 'left' | 'right';
  /** Gives way when the terminal is too narrow. */
  readonly shrinks?: boolean;
};

export type TableOptions = {
  readonly paint?: Paint;
  /** Columns of the terminal; undefined where there is none. */
  readonly columns?: number | undefined;
};

const gap = '  ';
const shrunkWidthMin = 8;

export function renderTable<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  { paint = unpainted, columns: terminal }: TableOptions = {},
): string {
  const cells = rows.map((row) => columns.map((column) => cellText(column.value(row))));
  const natural = columns.map((column, at) =>
    Math.max(widthOf(column.title), ...cells.map((row) => widthOf(row[at] ?? ''))),
  );
  const widths = fit(columns, natural, terminal);
  const line = (texts: readonly string[], tone: (at: number) => Tone): string => {
    const whole = columns
      .map((column, at) => {
        const width = widths[at] ?? 0;
        const cut = truncate(texts[at] ?? '', width);
        const shown = paint(cut, tone(at));
        if (column.align === 'right') return padStart(shown, width);
        return at === columns.length - 1 ? shown : padEnd(shown, width);
      })
      .join(gap)
      .trimEnd();
    return terminal === undefined ? whole : truncate(whole, terminal);
  };
  const titles = columns.map((column) => column.title);
  const lines = rows.map((row, index) => line(cells[index] ?? [], (at) => columns[at]?.tone?.(row) ?? 'plain'));
  return [line(titles, () => 'dim'), ...lines].map((text) => `${text}\n`).join('');
}

function cellText(value: string | number | null): string {
  if (value === null || value === '') return '—';
  return oneLine(String(value));
}

/** The widths that fit the terminal: what may shrink gives way, the widest first. */
function fit(
  columns: readonly { readonly shrinks?: boolean; readonly title: string }[],
  natural: readonly number[],
  terminal: number | undefined,
): readonly number[] {
  if (terminal === undefined) return natural;
  const widths = [...natural];
  let over = widths.reduce((sum, width) => sum + width, gap.length * (columns.length - 1)) - terminal;
  while (over > 0) {
    const widest = widestShrinkable(columns, widths);
    if (widest === undefined) return widths;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over -= 1;
  }
  return widths;
}

function widestShrinkable(
  columns: readonly { readonly shrinks?: boolean; readonly title: string }[],
  widths: readonly number[],
): number | undefined {
  let found: number | undefined;
  columns.forEach((column, at) => {
    const width = widths[at] ?? 0;
    if (column.shrinks !== true || width <= Math.max(shrunkWidthMin, widthOf(column.title))) return;
    if (found === undefined || width > (widths[found] ?? 0)) found = at;
  });
  return found;
}

/** `name   value` lines for one thing; a null value is left out. */
export function renderDetails(
  details: readonly (readonly [name: string, value: string | number | null, tone?: Tone])[],
  paint: Paint,
): string {
  const shown = details.filter(([, value]) => value !== null && value !== '');
  const width = Math.max(0, ...shown.map(([name]) => widthOf(name)));
  return shown
    .map(
      ([name, value, tone = 'plain']) =>
        `${paint(padEnd(name, width), 'dim')}  ${paint(oneLine(String(value)), tone)}\n`,
    )
    .join('');
}
