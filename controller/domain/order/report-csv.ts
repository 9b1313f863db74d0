// The delivery report as CSV (RFC 4180): one row per machine and claim, then one per claim that concerns no
// machine, for a spreadsheet that goes to the vendor. UTF-8
// with a byte order mark, without which spreadsheets read `×` and `µ` wrongly. Pure.
import { toRfc3339, type UnixMs } from '../../../shared/clock.ts';
import type { Claim, ClaimItem, DeliveryReport } from '../../../shared/api/delivery-report.ts';
import { harmless } from './csv-cell.ts';

const columns = [
  'order',
  'vendor',
  'currency',
  'line',
  'class',
  'serial',
  'name',
  'datacenter',
  'rack',
  'slot',
  'delivery',
  'delivered',
  'reference',
  'invoice',
  'state',
  'verdict',
  'about',
  'path',
  'rule',
  'expected',
  'actual',
  'since',
  'claim',
  'value',
] as const;
type Row = Readonly<Partial<Record<(typeof columns)[number], string | number | null>>>;

export function reportCsv(report: DeliveryReport): string {
  const { number, vendor, currency } = report;
  const head = { order: number, vendor, currency };
  const rows = [...rowsOf(report)].map((row) => columns.map((name) => ({ ...head, ...row })[name]));
  const text = [columns, ...rows].map((cells) => `${cells.map(cellOf).join(',')}\r\n`).join('');
  return `\u{feff}${text}`;
}

type Told = { readonly claim: Claim; readonly item: ClaimItem };

function* rowsOf({ machines, claims, lines, truth }: DeliveryReport): Generator<Row> {
  const told = new Map<string, Told[]>();
  for (const claim of claims)
    for (const serial of claim.machines) {
      const list = told.get(serial) ?? [];
      list.push(...claim.items.map((item) => ({ claim, item })));
      told.set(serial, list);
    }
  const prices = new Map(lines.map(({ line, unitPrice }) => [line, unitPrice]));
  const claimRows = function* (row: Row & { readonly serial: string; readonly line: number | null }): Generator<Row> {
    for (const [index, { claim, item }] of (told.get(row.serial) ?? []).entries()) {
      // Once per machine: the column adds up to the value at stake.
      const value = index === 0 ? (prices.get(row.line ?? 0) ?? null) : null;
      yield { ...row, ...itemRow(item), invoice: row['invoice'] ?? claim.invoice, value };
    }
  };
  for (const machine of machines) {
    const row = { ...machine, delivered: machine.deliveredOn, since: null };
    if (told.has(machine.serial)) yield* claimRows(row);
    else yield row;
  }
  const delivered = new Set(machines.map(({ serial }) => serial));
  const lineOf = new Map(truth.map(({ serial, line }) => [serial, line]));
  for (const serial of told.keys())
    if (!delivered.has(serial)) yield* claimRows({ serial, line: lineOf.get(serial) ?? null });
  for (const { machines: concerned, line, invoice, items } of claims)
    if (concerned.length === 0) for (const item of items) yield { line, invoice, ...itemRow(item) };
}

function itemRow({ since, sentence, ...item }: ClaimItem): Row {
  return { ...item, since: dayOf(since), claim: sentence };
}

function dayOf(ms: UnixMs | null): string | null {
  return ms === null ? null : toRfc3339(ms).slice(0, 10);
}

/** Every cell in quotes, and none a formula. */
function cellOf(value: string | number | null | undefined): string {
  return `"${harmless(String(value ?? '')).replaceAll('"', '""')}"`;
}
