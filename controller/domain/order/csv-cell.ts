// A cell of a CSV file as a spreadsheet may open it. What begins like a formula would be run there (OWASP, CSV Injection):
// an apostrophe before it makes it text, for spreadsheets and for our own reader alike. Pure.

const formula = /^'*[=+\-@\t\r\n＝＋－＠]/u;
const escaped = /^'+[=+\-@\t\r\n＝＋－＠]/u;

/** The text with an apostrophe before it where a spreadsheet would take it for a formula. */
export function harmless(text: string): string {
  return formula.test(text) ? `'${text}` : text;
}

/** What `harmless` was given. */
export function asWritten(cell: string): string {
  return escaped.test(cell) ? cell.slice(1) : cell;
}
