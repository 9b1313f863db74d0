// Which column of a CSV file says what: our own names, the vendor's mapping, or the mapping given with the file. Pure.
import { csvFields, type CsvKind } from '../../../shared/api/vendor.ts';
import type { Issue } from '../../../shared/errors.ts';

export type CsvMapping = {
  /** The mapping of a registered vendor; it then names every column that is read. */
  readonly vendor: Readonly<Record<string, string>> | undefined;
  /** Given with the file; goes before the vendor's. */
  readonly given: Readonly<Record<string, string>>;
};

/** A field's column, or the fixed value it has in every row. */
export type CsvColumn =
  | { readonly kind: 'column'; readonly index: number; readonly header: string }
  | { readonly kind: 'fixed'; readonly text: string };

export type CsvColumns = ReadonlyMap<string, CsvColumn>;

type Asked = { readonly fileName: string; readonly headers: readonly string[]; readonly mapping: CsvMapping };

/** Adds an issue for every header that is unknown, missing or mapped to nothing. */
export function csvColumns(kind: CsvKind, { fileName, headers, mapping }: Asked, issues: Issue[]): CsvColumns {
  const fields: readonly string[] = csvFields[kind];
  const columns = new Map<string, CsvColumn>();
  issues.push(...unknownFields(kind, { fileName, headers, mapping }));
  for (const field of fields) {
    const named = mapping.given[field] ?? mapping.vendor?.[field];
    if (named?.startsWith('=') === true) {
      columns.set(field, { kind: 'fixed', text: named.slice(1).trim() });
      continue;
    }
    const header = named ?? (mapping.vendor === undefined ? field : undefined);
    if (header === undefined) continue;
    const index = indexOf(headers, header);
    if (index >= 0) columns.set(field, { kind: 'column', index, header: headers[index] ?? header });
    else if (named !== undefined)
      issues.push({
        path: `${fileName}:1:${named}`,
        message: `the file has no column '${named}' for ${field}. Its columns: ${headers.join(', ')}`,
      });
  }
  if (mapping.vendor === undefined && Object.keys(mapping.given).length === 0)
    issues.push(...unknownHeaders({ fileName, headers, mapping }, columns, fields));
  return columns;
}

function unknownFields(kind: CsvKind, { fileName, mapping }: Asked): Issue[] {
  const fields: readonly string[] = csvFields[kind];
  return Object.entries(mapping.given)
    .filter(([field]) => !fields.includes(field))
    .map(([field, header]) => ({
      path: `${fileName}:1:${header}`,
      message: `a CSV file of kind ${kind} has no field '${field}'. Its fields: ${fields.join(', ')}`,
    }));
}

/** A vendor's file has columns that nobody asked for; a file in our own names has typing errors. */
function unknownHeaders({ fileName, headers }: Asked, columns: CsvColumns, fields: readonly string[]): Issue[] {
  const used = new Set([...columns.values()].map((column) => (column.kind === 'column' ? column.index : -1)));
  return headers.flatMap((header, index): Issue[] => {
    if (used.has(index) || header === '') return [];
    const message = `no field is called '${header}'. Fields: ${fields.join(', ')}. A column of another name: --map FIELD=${JSON.stringify(header)}`;
    return [{ path: `${fileName}:1:${header}`, message }];
  });
}

function indexOf(headers: readonly string[], header: string): number {
  const exact = headers.indexOf(header.trim());
  return exact >= 0 ? exact : headers.findIndex((each) => each.toLowerCase() === header.trim().toLowerCase());
}
