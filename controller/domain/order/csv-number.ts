// Numbers in CSV files: only what cannot be read in two ways. `1.234,50` is German, `1,234.50` is English, and `1.234` is
// either, so a person writes them plainly. Pure.

export type CsvNumber = { readonly text: string } | { readonly problem: string };

/** A decimal with a point and up to four decimals. */
export function csvAmount(cell: string): CsvNumber {
  if (/^\d{1,3}\.\d{3}$/.test(cell)) {
    return ambiguous(cell, `${cell.replace('.', '')}.00 or ${cell}0`);
  }
  if (/^\d{1,12}(\.\d{1,4})?$/.test(cell)) return { text: cell };
  if (/^\d{1,12}\.\d{5,}$/.test(cell)) return { problem: `'${cell}' has more than four decimals` };
  if (/^\d[\d., '’\u{a0}\u{202f}]*\d$/u.test(cell)) return ambiguous(cell, plainly(cell));
  return { problem: `'${cell}' is no amount. Write digits, and a point before the decimals: 4200.00` };
}

/** A whole number without separators. */
export function csvInteger(cell: string): CsvNumber {
  if (/^\d{1,9}$/.test(cell)) return { text: String(Number(cell)) };
  return { problem: `'${cell}' is no whole number. Write digits only: 12` };
}

function ambiguous(cell: string, instead: string): CsvNumber {
  return { problem: `'${cell}' can be read in two ways. Write it with a point and no separators: ${instead}` };
}

/** What was most likely meant: the last separator stands before the decimals, unless three digits follow it. */
function plainly(cell: string): string {
  const [, whole = '', decimals] = /^(.*?)(?:[.,](\d{1,2}|\d{4}))?$/u.exec(cell) ?? [];
  const digits = whole.replaceAll(/\D/g, '');
  return decimals === undefined ? `${digits}.00` : `${digits}.${decimals}`;
}
