// What a benchmark answers: figures, each beside what it is measured against, as a table for people or one line of JSON.

export type Figure = {
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  /** The same thing of what it is measured against, in the same unit; null where there is no such thing. */
  readonly against: number | null;
};

export type Report = {
  /** What the second column is, for the heading. */
  readonly against: string;
  readonly figures: readonly Figure[];
  /** What a reader must know to read the figures. */
  readonly notes: readonly string[];
};

export type Bench = {
  readonly summary: string;
  readonly usage: string;
  /** Runs it; `say` tells a waiting person how far it is. */
  readonly run: (args: readonly string[], say: (text: string) => void) => Promise<Report>;
};

/** The middle value; the mean of the two in the middle where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  const high = sorted[Math.ceil((sorted.length - 1) / 2)] ?? Number.NaN;
  return (low + high) / 2;
}

/** One line per figure. */
export function jsonLines(bench: string, { figures }: Report): string {
  return figures
    .map((figure) => {
      const { metric, value, unit, against } = figure;
      const ratio = ratioOf(figure);
      return `${JSON.stringify({ bench, metric, value: rounded(value), unit, against: against === null ? null : rounded(against), ratio: ratio === null ? null : rounded(ratio) })}\n`;
    })
    .join('');
}

export function table({ against, figures, notes }: Report): string {
  const rows = [
    ['', 'measured', against, 'ratio', ''],
    ...figures.map((figure) => {
      const ratio = ratioOf(figure);
      return [
        figure.metric,
        shown(figure.value),
        figure.against === null ? '' : shown(figure.against),
        ratio === null ? '' : ratio.toFixed(2),
        figure.unit,
      ];
    }),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 || column === 4 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n${notes.map((note) => `\n${note}`).join('')}\n`;
}

function ratioOf({ value, against }: Figure): number | null {
  return against === null || against === 0 ? null : value / against;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function shown(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
