// A CSV file (RFC 4180) as rows under its headers, with the line each row stands in. Commas, semicolons or tabs; with or
// without a byte order mark; any line ends. Pure.
import { CsvError, parse } from 'csv-parse/sync';

import type { Issue } from '../../../shared/errors.ts';
import { asWritten } from './csv-cell.ts';

export type CsvRow = {
  /** The line the row begins in; the header is line 1. */
  readonly line: number;
  /** Trimmed; as many as there are headers. */
  readonly cells: readonly string[];
};
export type CsvTable = { readonly headers: readonly string[]; readonly rows: readonly CsvRow[] };
export type CsvReading = { readonly table: CsvTable } | { readonly issues: readonly Issue[] };

const rowsMax = 50_000;
const headersMax = 200;
/** One row, bytes. */
const rowBytesMax = 1_000_000;
const separators = [',', ';', '\t'] as const;

/** A record, and the line it ends in. */
type Parsed = { readonly record: readonly string[]; readonly lines: number };

/** Problems are told at `file:line:column-name`. */
export function readCsv(text: string, fileName: string): CsvReading {
  const parsed: Parsed[] = [];
  try {
    parse(text, {
      bom: true,
      delimiter: separatorOf(text),
      max_record_size: rowBytesMax,
      on_record: (record: string[], { lines }) => void parsed.push({ record, lines }),
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      to: rowsMax + 2,
    });
  } catch (error) {
    return { issues: [syntaxIssue(error, fileName)] };
  }
  const [header, ...rest] = parsed;
  if (header === undefined) return { issues: [{ path: `${fileName}:1`, message: 'the file has no header' }] };
  const headers = header.record;
  const rows = rest.filter(({ record }) => record.some((cell) => cell !== ''));
  const issues = [...headerIssues(headers, fileName), ...rowIssues(headers, rows, fileName)];
  if (issues.length > 0) return { issues };
  return {
    table: {
      headers,
      rows: rows.map(({ record, lines }) => ({
        line: firstLine(record, lines),
        cells: headers.map((_, index) => asWritten(record[index] ?? '')),
      })),
    },
  };
}

/** The parser counts the line a row ends in; a quoted cell may have begun lines before. */
function firstLine(record: readonly string[], lastLine: number): number {
  const breaks = record.reduce((sum, cell) => sum + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
  return lastLine - breaks;
}

function headerIssues(headers: readonly string[], fileName: string): Issue[] {
  if (headers.length > headersMax)
    return [{ path: `${fileName}:1`, message: `${headers.length} columns; a file has up to ${headersMax}` }];
  return headers.flatMap((header, index): Issue[] => {
    if (header === '' || headers.indexOf(header) === index) return [];
    return [{ path: `${fileName}:1:${header}`, message: `column '${header}' is there twice` }];
  });
}

function rowIssues(headers: readonly string[], rows: readonly Parsed[], fileName: string): Issue[] {
  if (rows.length === 0) return [{ path: `${fileName}:1`, message: 'the file has a header and no rows' }];
  if (rows.length > rowsMax) return [{ path: `${fileName}:1`, message: `a file has up to ${rowsMax} rows` }];
  return rows.flatMap(({ record, lines }): Issue[] => {
    // Spreadsheets leave separators behind the last column; cells without a header are another thing.
    const surplus = record.slice(headers.length).filter((cell) => cell !== '');
    if (surplus.length === 0 && record.length >= headers.length) return [];
    const message = `${record.length} cells where the header has ${headers.length}`;
    return [
      { path: `${fileName}:${firstLine(record, lines)}`, message: `${message}; put cells with a separator in quotes` },
    ];
  });
}

/** The separator that the header has most of, outside of quotes. */
function separatorOf(text: string): string {
  const header = (/^\s*(.*)/.exec(text)?.[1] ?? '').replaceAll(/"[^"]*"/g, '');
  const counts = separators.map((separator) => ({ separator, count: header.split(separator).length }));
  return counts.toSorted((a, b) => b.count - a.count)[0]?.separator ?? ',';
}

function syntaxIssue(error: unknown, fileName: string): Issue {
  const line: unknown = error instanceof CsvError ? error['lines'] : undefined;
  const place = typeof line === 'number' ? `${fileName}:${line}` : `${fileName}:1`;
  return { path: place, message: error instanceof Error ? error.message : 'not readable as CSV' };
}

/** Whether a document is CSV: by the name of its file, else by how it begins. */
export function isCsv(text: string, fileName: string): boolean {
  if (/\.(csv|tsv)$/i.test(fileName)) return true;
  if (/\.(ya?ml|json)$/i.test(fileName)) return false;
  const header = /^\s*(.*)/.exec(text.replace(/^\u{feff}/u, ''))?.[1] ?? '';
  return /[,;\t]/.test(header) && !/^[{["#-]|:\s|:$/.test(header);
}
