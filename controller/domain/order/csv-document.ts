// CSV rows as the documents that YAML and JSON give: an order's lines, a delivery's serials, an invoice's serials or
// lines. Problems and, later, the members of the document are told at `file:line:column-name`. Pure.
import type { CsvKind } from '../../../shared/api/vendor.ts';
import type { Issue } from '../../../shared/errors.ts';
import { csvColumns, type CsvColumns, type CsvMapping } from './csv-columns.ts';
import { csvAmount, csvInteger, type CsvNumber } from './csv-number.ts';
import { readCsv, type CsvRow } from './csv-table.ts';
import { refuseDocument, type Locator, type Placed } from './read-document.ts';

type Path = readonly (string | number)[];
type Members = Record<string, unknown>;
/** Members that all rows of a document share. */
type Head = Record<string, string | number>;

/** One file being read: its rows by field, its problems, and where each member of the document stands. */
type Reading = {
  readonly fileName: string;
  readonly columns: CsvColumns;
  readonly rows: readonly CsvRow[];
  readonly issues: Issue[];
  readonly places: Map<string, string>;
};

const documents: Readonly<Record<CsvKind, (reading: Reading, defaults: Defaults) => Members>> = {
  order: orderOf,
  delivery: deliveriesOf,
  invoice: invoicesOf,
};

/** Members of an order that its rows need not say. */
type Defaults = { readonly vendor?: string | undefined };
export type CsvSource = Defaults & { readonly text: string; readonly fileName: string; readonly mapping: CsvMapping };

/** The document of a CSV file, of which only the shape is still to be checked. Throws `invalid_argument`. */
export function readCsvDocument(kind: CsvKind, { text, fileName, mapping, vendor }: CsvSource): Placed<unknown> {
  const read = readCsv(text, fileName);
  if ('issues' in read) throw refuseDocument(read.issues, 'CSV file');
  const issues: Issue[] = [];
  const columns = csvColumns(kind, { fileName, headers: read.table.headers, mapping }, issues);
  const reading: Reading = { fileName, columns, rows: read.table.rows, issues, places: new Map() };
  const required = requiredFields[kind].filter(
    (field) => !columns.has(field) && !(field === 'vendor' && vendor !== undefined),
  );
  for (const field of required) {
    const message = `the column of ${field} is missing. Name it: --map ${field}=HEADER, or --map ${field}==VALUE for all rows`;
    issues.push({ path: `${fileName}:1:${field}`, message });
  }
  if (issues.length > 0) throw refuseDocument(issues, 'CSV file');
  const value = documents[kind](reading, { vendor });
  if (issues.length > 0) throw refuseDocument(issues, 'CSV file');
  return { value, at: locatorOf(reading) };
}

const requiredFields: Readonly<Record<CsvKind, readonly string[]>> = {
  order: ['number', 'vendor', 'currency', 'line', 'class', 'quantity', 'unitPrice'],
  delivery: ['line', 'serial'],
  invoice: ['number', 'line', 'unitPrice', 'total'],
};

function orderOf(reading: Reading, { vendor }: Defaults): Members {
  const head: Head = vendor === undefined ? {} : { vendor };
  const lines: Members[] = [];
  for (const row of reading.rows) {
    agree(reading, { row, into: head, path: [] }, ['number', 'vendor', 'currency', 'ordered']);
    const path = ['lines', lines.length];
    lines.push({
      line: integer(reading, row, { field: 'line', path }),
      class: needed(reading, row, { field: 'class', path }),
      quantity: integer(reading, row, { field: 'quantity', path }),
      unitPrice: amount(reading, row, { field: 'unitPrice', path }),
    });
  }
  return { ...head, lines };
}

function deliveriesOf(reading: Reading): Members {
  const entries = new Map<string, { readonly index: number; readonly entry: Members; readonly servers: Members[] }>();
  for (const row of reading.rows) {
    const key = ['delivery', 'line', 'date', 'reference'].map((field) => textOf(reading, row, field)).join('\n');
    const index = entries.get(key)?.index ?? entries.size;
    const path = ['deliveries', index];
    const found = entries.get(key) ?? {
      index,
      entry: dropUndefined({
        delivery: optional(reading, row, { field: 'delivery', path, as: csvInteger }),
        line: integer(reading, row, { field: 'line', path }),
        date: optional(reading, row, { field: 'date', path }),
        reference: optional(reading, row, { field: 'reference', path }),
      }),
      servers: [],
    };
    entries.set(key, found);
    found.servers.push(serverOf(reading, row, [...path, 'servers', found.servers.length]));
  }
  return { deliveries: [...entries.values()].map(({ entry, servers }) => ({ ...entry, servers })) };
}

function serverOf(reading: Reading, row: CsvRow, path: Path): Members {
  const macs = optional(reading, row, { field: 'macs', path });
  return dropUndefined({
    serial: needed(reading, row, { field: 'serial', path }),
    name: optional(reading, row, { field: 'name', path }),
    datacenter: optional(reading, row, { field: 'datacenter', path }),
    rack: optional(reading, row, { field: 'rack', path }),
    slot: optional(reading, row, { field: 'slot', path }),
    macs: typeof macs === 'string' ? macs.split(/[\s,;|]+/).filter((mac) => mac !== '') : undefined,
    ekSha256: optional(reading, row, { field: 'ekSha256', path }),
  });
}

type InvoiceReading = {
  readonly index: number;
  readonly firstRow: CsvRow;
  readonly head: Head;
  readonly lines: Members[];
  /** Rows of serials at one price are one line of the invoice. */
  readonly serialsOf: Map<string, { readonly index: number; readonly serials: string[] }>;
};

function invoicesOf(reading: Reading): Members {
  const invoices = new Map<string, InvoiceReading>();
  for (const row of reading.rows) {
    const number = textOf(reading, row, 'number') ?? '';
    const fresh: InvoiceReading = { index: invoices.size, firstRow: row, head: {}, lines: [], serialsOf: new Map() };
    const found = invoices.get(number) ?? fresh;
    const path = ['invoices', found.index];
    if (!invoices.has(number)) {
      needed(reading, row, { field: 'number', path });
      found.head['number'] = number;
    }
    invoices.set(number, found);
    agree(reading, { row, into: found.head, path }, ['date', 'currency', 'documentSha256']);
    agreeOnAmounts(reading, { row, into: found.head, path });
    addInvoiceLine(reading, row, found);
  }
  for (const [number, { firstRow }] of invoices) {
    const saysTotal = reading.rows.some(
      (row) => textOf(reading, row, 'total') !== undefined && (textOf(reading, row, 'number') ?? '') === number,
    );
    if (saysTotal) continue;
    reading.issues.push({ path: placeOf(reading, firstRow, 'total'), message: 'the total of the invoice is missing' });
  }
  return {
    invoices: [...invoices.values()].map(({ head, lines }) => ({ ...head, lines })),
  };
}

function addInvoiceLine(reading: Reading, row: CsvRow, invoice: InvoiceReading): void {
  const serial = textOf(reading, row, 'serial');
  const ownAmounts = ['tax', 'net', 'quantity'].some((field) => textOf(reading, row, field) !== undefined);
  const key = ['line', 'unitPrice', 'taxPercent'].map((field) => textOf(reading, row, field)).join('\n');
  const same = serial === undefined || ownAmounts ? undefined : invoice.serialsOf.get(key);
  if (same !== undefined && serial !== undefined) {
    place(reading, row, {
      field: 'serial',
      path: ['invoices', invoice.index, 'lines', same.index, 'serials'],
      name: same.serials.length,
    });
    same.serials.push(serial);
    return;
  }
  const path = ['invoices', invoice.index, 'lines', invoice.lines.length];
  const serials = serial === undefined ? undefined : [serial];
  if (serials !== undefined) {
    place(reading, row, { field: 'serial', path: [...path, 'serials'], name: 0 });
    if (!ownAmounts) invoice.serialsOf.set(key, { index: invoice.lines.length, serials });
  } else if (textOf(reading, row, 'quantity') === undefined) {
    const message = 'the row has neither a serial nor a quantity: write what is billed';
    reading.issues.push({ path: placeOf(reading, row, 'serial'), message });
  }
  invoice.lines.push(
    dropUndefined({
      line: integer(reading, row, { field: 'line', path }),
      unitPrice: amount(reading, row, { field: 'unitPrice', path }),
      quantity: optional(reading, row, { field: 'quantity', path, as: csvInteger }),
      taxPercent: optional(reading, row, { field: 'taxPercent', path, as: csvPercent }),
      tax: optional(reading, row, { field: 'tax', path, as: csvAmount }),
      net: optional(reading, row, { field: 'net', path, as: csvAmount }),
      serials,
    }),
  );
}

const csvPercent = (cell: string): CsvNumber => csvAmount(cell.replace(/(?<!\s)\s*%$/, ''));

type Into = { readonly row: CsvRow; readonly into: Head; readonly path: Path };

/** Members that every row repeats: the first that says it counts, and no other may say otherwise. */
function agree(reading: Reading, { row, into, path }: Into, fields: readonly string[]): void {
  for (const field of fields) {
    const text = textOf(reading, row, field);
    if (text === undefined) continue;
    if (into[field] === undefined) place(reading, row, { field, path });
    const before = into[field] ?? text;
    Reflect.set(into, field, before);
    if (before === text) continue;
    const message = `'${text}', where it was '${String(before)}' before: it is one for all rows`;
    reading.issues.push({ path: placeOf(reading, row, field), message });
  }
}

function agreeOnAmounts(reading: Reading, { row, into, path }: Into): void {
  const members = { total: 'total', invoiceNet: 'net', invoiceTax: 'tax' } as const;
  for (const [field, member] of Object.entries(members)) {
    const text = optional(reading, row, { field, path, as: csvAmount, name: member });
    if (text === undefined) continue;
    if (into[member] === undefined) Reflect.set(into, member, text);
    else if (into[member] !== text) {
      const message = `'${String(text)}', where it was '${String(into[member])}' before: it is one for the whole invoice`;
      reading.issues.push({ path: placeOf(reading, row, field), message });
    }
  }
}

type Cell = {
  readonly field: string;
  readonly path: Path;
  readonly as?: (cell: string) => CsvNumber;
  /** Its name in the document, where that is another one. */
  readonly name?: string | number;
};

function textOf({ columns }: Reading, row: CsvRow, field: string): string | undefined {
  const column = columns.get(field);
  const text = column === undefined ? '' : column.kind === 'fixed' ? column.text : (row.cells[column.index] ?? '');
  return text === '' ? undefined : text;
}

function placeOf({ fileName, columns }: Reading, row: CsvRow, field: string): string {
  const column = columns.get(field);
  return `${fileName}:${row.line}:${column?.kind === 'column' ? column.header : field}`;
}

function place(reading: Reading, row: CsvRow, { field, path, name }: Cell): void {
  reading.places.set([...path, name ?? field].join('/'), placeOf(reading, row, field));
}

/** Whole numbers become numbers, amounts stay text: both as a document in YAML has them. */
function optional(reading: Reading, row: CsvRow, cell: Cell): string | number | undefined {
  const text = textOf(reading, row, cell.field);
  if (text === undefined) return undefined;
  place(reading, row, cell);
  const read = cell.as?.(text) ?? { text };
  if ('text' in read) return cell.as === csvInteger ? Number(read.text) : read.text;
  reading.issues.push({ path: placeOf(reading, row, cell.field), message: read.problem });
  return undefined;
}

function needed(reading: Reading, row: CsvRow, cell: Cell): string | number | undefined {
  if (textOf(reading, row, cell.field) === undefined)
    reading.issues.push({ path: placeOf(reading, row, cell.field), message: `${cell.field} is empty` });
  return optional(reading, row, cell);
}

const integer = (reading: Reading, row: CsvRow, cell: Cell) => needed(reading, row, { ...cell, as: csvInteger });
const amount = (reading: Reading, row: CsvRow, cell: Cell) => needed(reading, row, { ...cell, as: csvAmount });

function dropUndefined(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** The place of a member, or of the nearest member above or beside it that stands in the file. */
function locatorOf({ places, fileName }: Reading): Locator {
  return (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const key = path.slice(0, length).join('/');
      const exact = places.get(key);
      if (exact !== undefined) return exact;
      for (const [known, found] of places) if (known.startsWith(`${key}/`)) return found;
    }
    return `${fileName}:1`;
  };
}
