// What commands write: tables and sentences for people, or exactly the API's value as JSON or YAML for programs.
import { stringify } from 'yaml';

import { painted, unpainted, type Paint } from './style.ts';
import { renderDetails, renderTable, type Column } from './table.ts';
import type { Tone } from './style.ts';

export const formats = ['table', 'json', 'yaml'] as const;
export type Format = (typeof formats)[number];

export type Sink = {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};

export type Output = {
  readonly format: Format;
  readonly paint: Paint;
  /** A person watches: lines may be painted over. */
  readonly isLive: boolean;
  /** Columns of the terminal; undefined where there is none. */
  readonly columns: () => number | undefined;
  /** Text of the answer; in JSON and YAML nothing, unless it is all there is to say. */
  readonly say: (text: string) => void;
  /** Beside the answer: on stderr, in every format. */
  readonly note: (text: string) => void;
  /** Writes as it is, on stdout. */
  readonly write: (text: string) => void;
  /** The API's value as JSON or YAML, or what `text` makes of it. */
  readonly value: <T>(value: T, text: (value: T) => string) => void;
  readonly table: <T>(columns: readonly Column<T>[], rows: readonly T[]) => string;
  readonly details: (lines: readonly (readonly [string, string | number | null, Tone?])[]) => string;
};

export type OutputOptions = {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly format: Format;
  readonly color: boolean;
};

export function createOutput({ stdout, stderr, format, color }: OutputOptions): Output {
  const isTerminal = stdout.isTTY === true;
  const paint = color && isTerminal ? painted : unpainted;
  const columns = (): number | undefined => (isTerminal ? stdout.columns : undefined);
  const write = (text: string): void => void stdout.write(text);
  return {
    format,
    paint,
    isLive: isTerminal && format === 'table',
    columns,
    write,
    say: (text) => {
      if (format === 'table') write(`${text}\n`);
    },
    note: (text) => void stderr.write(`${text}\n`),
    value: (value, text) => write(serialize(value, format) ?? text(value)),
    table: (tableColumns, rows) => renderTable(tableColumns, rows, { paint, columns: columns() }),
    details: (lines) => renderDetails(lines, paint),
  };
}

/** One value per document in both formats; undefined for the table format. */
export function serialize(value: unknown, format: Format): string | undefined {
  if (format === 'json') return `${JSON.stringify(value, undefined, 2)}\n`;
  if (format === 'yaml') return stringify(value, { lineWidth: 0 });
  return undefined;
}
