import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';

import type { DeliveryReport } from '../../../shared/api/delivery-report.ts';
import {
  assetOf,
  breachOf,
  emptyDimm,
  findingOf,
  invoiceOf,
  orderOf,
  serverOf,
} from '../../../test/fixtures/delivery-order.ts';
import { waivedFinding } from '../waived.ts';
import { deliveryReport } from './delivery-report.ts';
import { amountOf, formatAmount } from './money.ts';
import { reportCsv } from './report-csv.ts';
import { reportHtml } from './report-html.ts';
import type { ReportFacts } from './report-machines.ts';

const nowMs = 1_795_000_000_000;
const price = breachOf({ sentence: 'invoice I-1: billed at 12.00, line 1 orders at 10.00' });
const failed = assetOf('A3', { state: 'QUARANTINED', findings: [emptyDimm, findingOf({ path: 'disk/0' })] });

function reportOf(facts: Partial<ReportFacts> = {}): DeliveryReport {
  const assets = [assetOf('A1', { state: 'SPARE' }), failed];
  return deliveryReport({ order: orderOf(), assets, waivers: [], inspections: new Map(), nowMs, ...facts });
}

function rowsOf(text: string): Record<string, string>[] {
  return parse(text, { bom: true, columns: true });
}

describe('the CSV', () => {
  it('has one row per machine and claim, and a row for a machine without a claim', () => {
    const text = reportCsv(reportOf());
    expect(text.startsWith('\u{feff}"order","vendor"')).toBe(true);
    expect(text.split('\r\n')).toHaveLength(6);
    expect(rowsOf(text).map(({ serial, verdict, path, claim, value }) => [serial, verdict, path, claim, value])).toEqual([
      ['A3', 'failed', 'memory/A3', emptyDimm.sentence, '2500.50'],
      ['A3', 'failed', 'disk/0', emptyDimm.sentence, ''],
      ['A2', 'not-seen', '', '', ''],
      ['A1', 'passed', '', '', ''],
    ]); // prettier-ignore
    expect(rowsOf(text)[0]).toMatchObject({ order: 'PO-1', line: '2', delivery: '1', delivered: '2026-11-02', reference: 'LS-77', since: '' }); // prettier-ignore
  });

  it('has values that add up to what is at stake, with claims about invoices and serials that never came', () => {
    const order = orderOf({
      invoices: [invoiceOf('I-1', 1, ['A1', 'A2', 'B9'])],
      breaches: [price, breachOf({ rule: 'known-line', line: 7, invoice: null, sentence: 'delivery 1: the order has no line 7' })],
    }); // prettier-ignore
    const report = reportOf({ order });
    const rows = rowsOf(reportCsv(report));
    expect(rows.filter(({ claim }) => claim !== '').map(({ serial, invoice }) => [serial, invoice])).toEqual([
      ['A3', ''],
      ['A3', ''],
      ['A2', 'I-1'],
      ['A1', 'I-1'],
      ['B9', 'I-1'],
      ['', ''],
    ]);
    const sum = rows.reduce((total, { value = '' }) => total + (value === '' ? 0n : amountOf(value)), 0n);
    expect([formatAmount(sum), report.valueAtStake]).toEqual(['2530.50', '2530.50']);
  });

  it.each(['=1+1', '+49', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1'])('takes no formula from %j', (vendor) => {
    const [row] = rowsOf(reportCsv(reportOf({ order: orderOf({ vendor }) })));
    expect(row?.['vendor']).toBe(`'${vendor}`);
  });

  it.each(['a,b', 'a"b"', 'a\nb', 'ümläut × 2', "O'Neil", 'a=b'])('carries %j as it is', (vendor) => {
    const [row] = rowsOf(reportCsv(reportOf({ order: orderOf({ vendor }) })));
    expect(row?.['vendor']).toBe(vendor);
  });
});

describe('the HTML page', () => {
  it('tells the claims before the machines, and those before the truth', () => {
    const text = reportHtml(reportOf({ order: orderOf({ breaches: [price] }) }));
    const places = [
      '<strong>1 of 3</strong> delivered machines passed, 1 failed, 1 never booted; 1 of 4 ordered are still to come.',
      'Claims to Acme',
      'Serial A3',
      emptyDimm.sentence,
      'Expected 32 GiB; found empty.',
      'Invoice I-1',
      'Concerns A1, A2.',
      '>Machines<',
      'Deliveries and invoices against the machines',
      'Booted and never billed',
      'Contradictions of the documents',
    ].map((part) => text.replaceAll(/\s+/g, ' ').indexOf(part));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  it('says what is waived and what is ours, and claims neither', () => {
    const ours = findingOf({ source: 'lldp', path: 'position', sentence: 'It is in R13.' });
    const findings = [waivedFinding(emptyDimm, nowMs + 1), ours];
    const assets = [assetOf('A3', { state: 'QUARANTINED', findings })];
    const waivers = [{ assetId: 'ast_A3', path: emptyDimm.path, rule: emptyDimm.rule, expiresAt: nowMs + 1 }];
    const text = reportHtml(reportOf({ assets, waivers }));
    expect(text).toContain('There is nothing to claim from Acme.');
    expect(text).toMatch(/waived until 2026-11-18/);
    expect(text).toMatch(/It is in R13\.\s*<span class="mark">ours to settle/);
  });

  it('says that nothing came, that all is well, or that the order is cancelled', () => {
    expect(reportHtml(reportOf({ order: orderOf({ servers: [], invoices: [] }) }))).toContain(
      'Nothing of 4 ordered machines was delivered yet.',
    );
    expect(reportHtml(reportOf({ order: orderOf({ servers: [], invoices: [] }) }))).toContain(
      'Deliveries, invoices and machines agree.',
    );
    expect(reportHtml(reportOf({ order: orderOf({ state: 'cancelled' }) }))).toContain('The order is cancelled;');
  });

  it('is one page of its own: nothing runs, nothing is loaded, and no text becomes markup', () => {
    const evil = `<script>alert("1")</script>&'\u{202e}`;
    const sentence = `<img src=x onerror=alert(1)> ${evil}`;
    const order = orderOf({
      number: evil,
      vendor: evil,
      stateReason: evil,
      servers: [serverOf(evil, { name: evil, rack: evil, slot: evil, invoice: evil })],
      invoices: [invoiceOf(evil, 1, [evil])],
      lines: [{ line: 1, class: evil, quantity: 2, unitPrice: '1.00' }],
      breaches: [breachOf({ sentence, invoice: evil })],
    });
    const findings = [findingOf({ sentence, expected: evil, actual: evil })];
    const assets = [assetOf(evil, { state: 'QUARANTINED', name: evil, purchaseOrder: evil, findings })];
    const text = reportHtml(reportOf({ order, assets }));
    expect(text).not.toMatch(/<script|<img|<link|<iframe|javascript:|https?:|url\(|@import|\u{202e}/iu);
    expect(text).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;\u{fffd}');
    expect(text).toContain("default-src 'none'");
  });
});
