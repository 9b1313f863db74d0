// A cabling table as people write it, CSV, YAML or JSON, to rows. Every problem is answered with its place in the file, all
// of them at once. Pure.
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { cablingFields, cablingTextMax, type CablingField, type CablingRow } from '../../shared/api/cabling.ts';
import { PpecError, type Issue } from '../../shared/errors.ts';
import { placeKey, portKey, slotKey, switchKey } from '../../shared/inspection/switch-port.ts';
import { isCsv, readCsv } from './order/csv-table.ts';
import { readYaml, refuseDocument, shaped, type Placed } from './order/read-document.ts';

const rowsMax = 50_000;
const noun = 'cabling table';
const required: readonly CablingField[] = ['switch', 'port', 'rack', 'slot'];

const field = (name: CablingField) => Type.String({ minLength: 1, maxLength: cablingTextMax[name] });
const Entry = Type.Object(
  {
    switch: field('switch'),
    port: field('port'),
    datacenter: Type.Optional(field('datacenter')),
    rack: field('rack'),
    slot: field('slot'),
    nic: Type.Optional(field('nic')),
    comment: Type.Optional(field('comment')),
  },
  { additionalProperties: false },
);
const entries = Compile(Type.Array(Entry, { minItems: 1, maxItems: rowsMax }));
type Entry = Static<typeof Entry>;

export type CablingFile = { readonly text: string; readonly fileName: string };

/** Throws `invalid_argument` with the place of every problem. */
export function readCabling({ text, fileName }: CablingFile): CablingRow[] {
  const { value, at } = isCsv(text, fileName) ? fromCsv(text, fileName) : fromYaml(text, fileName);
  const rows = value.map(rowOf);
  const issues = rowIssues(rows, at);
  if (issues.length > 0) throw refuseDocument(issues, noun);
  return rows;
}

function rowOf(entry: Entry): CablingRow {
  const { switch: name, port, rack, slot } = entry;
  const text = (value: string | undefined): string | null => value?.trim() ?? null;
  return {
    switch: name.trim(),
    port: port.trim(),
    datacenter: text(entry.datacenter),
    rack: rack.trim(),
    slot: slot.trim(),
    nic: text(entry.nic),
    comment: text(entry.comment),
  };
}

function fromYaml(text: string, fileName: string): Placed<readonly Entry[]> {
  return asTable(() => {
    const { value, at } = readYaml(text, fileName);
    const listed = isRecord(value) && Object.keys(value).length === 1 ? value['cabling'] : undefined;
    if (listed === undefined) return shaped({ value: withTexts(value), at }, entries);
    return shaped({ value: withTexts(listed), at: (path) => at(['cabling', ...path]) }, entries);
  });
}

/** Refusals of the readers name what was read. */
function asTable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PpecError && error.issues.length > 0) throw refuseDocument(error.issues, noun);
    throw error;
  }
}

/** A port `7` or a slot `20` is read as a number: whole ones are the text they were. */
function withTexts(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((entry: unknown) => {
    if (!isRecord(entry)) return entry;
    const members = Object.entries(entry).filter(([, member]) => member !== null);
    return Object.fromEntries(
      members.map(([name, member]) => [name, Number.isInteger(member) ? String(member) : member]),
    );
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fromCsv(text: string, fileName: string): Placed<readonly Entry[]> {
  const read = readCsv(text, fileName);
  if ('issues' in read) throw refuseDocument(read.issues, noun);
  const { headers, rows } = read.table;
  const names: readonly string[] = cablingFields;
  const columns = headers.map((header) => header.trim().toLowerCase());
  const unknown = headers.filter((header, index) => header !== '' && !names.includes(columns[index] ?? ''));
  const absent = required.filter((name) => !columns.includes(name));
  const issues = [
    ...unknown.map((header) => ({
      path: `${fileName}:1:${header}`,
      message: `no field is called '${header}'. Fields: ${names.join(', ')}`,
    })),
    ...absent.map((name) => ({ path: `${fileName}:1:${name}`, message: `the column ${name} is missing` })),
  ];
  if (issues.length > 0) throw refuseDocument(issues, noun);
  const at = (path: readonly (string | number)[]): string => {
    const [index, name] = path;
    const line = rows[Number(index)]?.line ?? 1;
    return name === undefined ? `${fileName}:${line}` : `${fileName}:${line}:${name}`;
  };
  const value = rows.map(({ cells }) =>
    Object.fromEntries(columns.flatMap((name, index) => (cells[index] ? [[name, cells[index]]] : []))),
  );
  return asTable(() => shaped({ value, at }, entries));
}

type Locate = (path: readonly (string | number)[]) => string;

/** A switch port leads to one place, and a port of a server has one cable. */
function rowIssues(rows: readonly CablingRow[], at: Locate): Issue[] {
  const ports = new Map<string, number>();
  const nics = new Map<string, number>();
  const issues: Issue[] = [];
  rows.forEach((row, index) => {
    for (const name of required) {
      if (row[name] === '') issues.push({ path: at([index, name]), message: `${name} is empty` });
    }
    const port = `${switchKey(row.switch)}\t${portKey(row.port)}`;
    const first = ports.get(port);
    if (first === undefined) ports.set(port, index);
    else
      issues.push({
        path: at([index, 'port']),
        message: `${row.switch} ${row.port} is there twice, first at ${at([first, 'port'])}`,
      });
    if (row.nic === null) return;
    const nic = [placeKey(row.datacenter ?? ''), placeKey(row.rack), slotKey(row.slot), placeKey(row.nic)].join('\t');
    const same = nics.get(nic);
    if (same === undefined) nics.set(nic, index);
    else
      issues.push({
        path: at([index, 'nic']),
        message: `port ${row.nic} of ${row.rack} ${row.slot} is on two switch ports, first at ${at([same, 'nic'])}`,
      });
  });
  return issues;
}
