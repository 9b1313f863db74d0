// How the printed delivery report looks: one typeface, dark on white, colour only beside words that say the same. Contrast
// of every text is 4.5 : 1 or more (WCAG 2.2 §1.4.3). Pure.
import type { Html } from './report-markup.ts';

const css = `
:root { color-scheme: light; --ink: #1c2430; --soft: #4d5a6a; --line: #d5dbe3; --wash: #f4f6f9;
  --good: #14693a; --bad: #a3231c; --warn: #7a4d00; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink);
  font: 14px/1.5 "Segoe UI", system-ui, -apple-system, "Helvetica Neue", "Liberation Sans", Arial, sans-serif; }
main { max-width: 1020px; margin: 0 auto; padding: 40px 32px 64px; }
h1 { margin: 0 0 16px; font-size: 30px; line-height: 1.2; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 44px 0 10px; padding-bottom: 6px; border-bottom: 2px solid var(--ink); font-size: 19px; }
h3 { margin: 0; font-size: 15px; }
p { margin: 0 0 10px; }
ul { margin: 6px 0 0; padding-left: 20px; }
li { overflow-wrap: anywhere; }
.kind { margin: 0 0 2px; color: var(--soft); font-weight: 600; letter-spacing: 0.02em; }
.facts { display: flex; flex-wrap: wrap; gap: 8px 36px; margin: 0 0 22px; }
.facts dt { color: var(--soft); font-size: 12px; }
.facts dd { margin: 0; font-weight: 600; }
.summary { font-size: 17px; }
.tiles { display: flex; flex-wrap: wrap; gap: 10px; margin: 14px 0 24px; padding: 0; list-style: none; }
.tiles li { padding: 8px 14px; border: 1px solid var(--line); border-radius: 6px; color: var(--soft); }
.tiles b { display: block; color: var(--ink); font-size: 20px; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tiles .good b { color: var(--good); } .tiles .bad b { color: var(--bad); } .tiles .warn b { color: var(--warn); }
.tiles .stake { margin-left: auto; background: var(--wash); text-align: right; }
table { width: 100%; border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
thead th { color: var(--soft); font-size: 12px; font-weight: 600; border-bottom-color: var(--soft); overflow-wrap: normal; }
tbody th { min-width: 13ch; font-weight: 600; }
.day { white-space: nowrap; }
.n { text-align: right; }
th:last-child, td:last-child { padding-right: 0; }
.has-more > * { border-bottom: 0; padding-bottom: 0; }
.more td { padding-top: 0; padding-bottom: 10px; }
.more ul { margin: 0; padding-left: 18px; color: var(--soft); }
article { margin: 14px 0; padding: 12px 16px; border: 1px solid var(--line); border-radius: 6px; break-inside: avoid; }
article h3 { display: flex; justify-content: space-between; gap: 24px; overflow-wrap: anywhere; }
.value { font-variant-numeric: tabular-nums; white-space: nowrap; }
.where, .concerned { margin: 2px 0 0; color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
.concerned { margin-top: 6px; }
.compared { display: block; color: var(--soft); font-size: 13px; }
article li + li { margin-top: 4px; }
.mark { padding: 1px 7px; border: 1px solid var(--line); border-radius: 9px; background: var(--wash); color: var(--soft);
  font-size: 12px; white-space: nowrap; }
.verdict { font-weight: 600; }
.verdict.passed, .verdict.waived { color: var(--good); }
.verdict.failed { color: var(--bad); }
.verdict.not-seen, .verdict.pending, .verdict.cancelled { color: var(--warn); }
.truth h3 { margin-top: 18px; }
.count { color: var(--soft); font-weight: 400; }
@media (max-width: 720px) { main { padding: 20px 14px 40px; } table { font-size: 12px; }
  section, header { overflow-x: auto; } .tiles .stake { margin-left: 0; } }
@page { size: A4; margin: 16mm 14mm 18mm; @bottom-right { content: counter(page) " / " counter(pages);
  font: 9pt sans-serif; color: #4d5a6a; } }
@media print {
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  h1 { font-size: 20pt; } h2 { margin-top: 22pt; font-size: 13pt; } .summary { font-size: 12pt; }
  h2, h3, thead { break-after: avoid; }
  thead { display: table-header-group; }
  tr, article, li { break-inside: avoid; }
  .has-more { break-after: avoid; }
  .sheet { break-before: page; }
  .sheet h2 { margin-top: 0; }
  table { font-size: 8.5pt; } thead th { font-size: 8pt; }
  .tiles li { padding: 4pt 8pt; background: none; } .tiles b { font-size: 13pt; }
  .tiles { gap: 6pt; } .tiles .stake { margin-left: 0; text-align: left; } .facts { gap: 4pt 22pt; } .mark { background: none; font-size: 8pt; }
}
`;

export const reportStyle: Html = { markup: css };
