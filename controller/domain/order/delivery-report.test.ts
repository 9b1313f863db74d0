import { describe, expect, it } from 'vitest';

import type { DeliveryReport, ReportVerdict, TruthKind } from '../../../shared/api/delivery-report.ts';
import type { OrderBreach, PurchaseOrder } from '../../../shared/api/purchase-order.ts';
import type { Finding } from '../../../shared/inspection/finding.ts';
import type { AssetState } from '../../../shared/lifecycle/asset.ts';
import { waivedFinding } from '../waived.ts';
import { deliveryReport } from './delivery-report.ts';
import {
  assetOf,
  breachOf,
  emptyDimm,
  findingOf,
  invoiceOf,
  orderOf,
  serverOf,
} from '../../../test/fixtures/delivery-order.ts';
import { findingKey, type ReportAsset, type ReportFacts } from './report-machines.ts';

const nowMs = 1_795_000_000_000;
const dayMs = 86_400_000;

function reportOf(facts: Partial<ReportFacts>): DeliveryReport {
  return deliveryReport({ order: orderOf(), assets: [], waivers: [], inspections: new Map(), nowMs, ...facts });
}

/** Of the one machine A1. */
function machineOf(asset: ReportAsset | undefined, facts: Partial<ReportFacts> = {}) {
  const report = reportOf({ assets: asset === undefined ? [] : [asset], ...facts });
  const machine = report.machines.find(({ serial }) => serial === 'A1');
  if (machine === undefined) throw new Error('A1 is on the order');
  const claims = report.claims.flatMap(({ items }) => items.map(({ sentence }) => sentence));
  return { verdict: machine.verdict, findings: machine.findings, claims };
}

const waiver = { assetId: 'ast_A1', path: emptyDimm.path, rule: emptyDimm.rule, expiresAt: nowMs + dayMs };
const ended = { ...waiver, expiresAt: nowMs - 1 };
const waived = waivedFinding(emptyDimm, nowMs + dayMs);
const ourRack = findingOf({ source: 'lldp', rule: 'cabling-place', path: 'position', sentence: 'It is in R13.' });
const notWiped = findingOf({ kind: 'not-wiped', rule: 'wiped-after-production', source: 'controller' });

describe('the verdict', () => {
  type Case = readonly [
    what: string,
    state: AssetState | undefined,
    findings: readonly Finding[],
    facts: Partial<ReportFacts>,
    verdict: ReportVerdict,
    claims: readonly string[],
  ];
  it.each<Case>([
    ['a serial that no machine has', undefined, [], {}, 'not-seen', []],
    ['a machine that never booted', 'ORDERED', [], {}, 'not-seen', []],
    ['a machine before its first inspection', 'DISCOVERED', [], {}, 'pending', []],
    ['a machine under inspection, with what was found before', 'INSPECTING', [emptyDimm], {}, 'pending', []],
    ['a SPARE', 'SPARE', [], {}, 'passed', []],
    ['a SPARE with a warning', 'SPARE', [findingOf({ severity: 'warn' })], {}, 'passed', []],
    ['a machine in production', 'BAREMETAL', [], {}, 'passed', []],
    ['a retired machine', 'RETIRED', [], {}, 'passed', []],
    ['an empty DIMM slot', 'QUARANTINED', [emptyDimm], {}, 'failed', [emptyDimm.sentence]],
    ['an empty DIMM slot on the way out', 'RETIRING', [emptyDimm], {}, 'failed', [emptyDimm.sentence]],
    ['a waived finding', 'SPARE', [waived], { waivers: [waiver] }, 'waived', []],
    ['a finding waived since, not inspected again', 'QUARANTINED', [emptyDimm], { waivers: [waiver] }, 'failed', []],
    ['a waiver that ended in production', 'BAREMETAL', [waived], { waivers: [ended] }, 'failed', [emptyDimm.sentence]],
    ['a waiver of another finding', 'QUARANTINED', [emptyDimm], { waivers: [{ ...waiver, path: 'x' }] }, 'failed', [emptyDimm.sentence]],
    ['the wrong rack', 'QUARANTINED', [ourRack], {}, 'failed', []],
    ['disks that are not wiped', 'QUARANTINED', [notWiped], {}, 'failed', []],
    ['the wrong rack and an empty slot', 'QUARANTINED', [ourRack, emptyDimm], {}, 'failed', [emptyDimm.sentence]],
    ['a cancelled order', 'QUARANTINED', [emptyDimm], { order: orderOf({ state: 'cancelled' }) }, 'cancelled', []],
  ])('of %s', (_what, ...[state, findings, facts, verdict, claims]) => {
    const asset = state === undefined ? undefined : assetOf('A1', { state, findings: [...findings] });
    expect(machineOf(asset, facts)).toMatchObject({ verdict, claims });
  }); // prettier-ignore

  it('of a machine that another order holds is not what that order found', () => {
    const breach = breachOf({ rule: 'serial-elsewhere', serial: 'A1', line: null, invoice: null, path: 'x', sentence: 'serial A1 is already on PO-9 line 1. Remove it' }); // prettier-ignore
    const asset = assetOf('A1', { state: 'QUARANTINED', purchaseOrder: 'PO-9', findings: [emptyDimm] });
    const { verdict, findings, claims } = machineOf(asset, { order: orderOf({ breaches: [breach] }) });
    expect({ verdict, findings }).toEqual({ verdict: 'failed', findings: [] });
    expect(claims).toEqual(['Serial A1 was delivered on PO-1 and is on another order too.']);
  });
});

describe('a finding of a machine', () => {
  it('tells since when it was found every time, until when it is waived, and whether it is claimed', () => {
    const key = findingKey(emptyDimm);
    const other = new Set(['disk/0\ndisk-multiset']);
    const inspections = [
      { at: 900, found: new Set([key, ...other]) },
      { at: 700, found: new Set([key]) },
      { at: 500, found: other },
      { at: 300, found: new Set([key]) },
    ];
    const asset = assetOf('A1', { state: 'QUARANTINED', findings: [waived, ourRack] });
    const { findings } = machineOf(asset, { waivers: [waiver], inspections: new Map([['ast_A1', inspections]]) });
    expect(findings).toMatchObject([
      { sentence: emptyDimm.sentence, expected: '32 GiB', actual: 'empty', since: 700, waivedUntil: nowMs + dayMs, claimed: false },
      { path: 'position', since: null, waivedUntil: null, claimed: false },
    ]); // prettier-ignore
  });

  it.each<readonly [string, Partial<Finding>, boolean]>([
    ['a wrong disk', { rule: 'disk-multiset', kind: 'mismatch' }, true],
    ['a failed disk', { source: 'agent', rule: 'health-drive-failing', kind: 'degraded' }, true],
    ['a MAC that was ordered', { source: 'order', rule: 'ordered-mac', kind: 'missing' }, true],
    ['no invoice', { source: 'order', rule: 'invoiced', kind: 'order-breach', path: 'order' }, true],
    ['what was not read', { kind: 'unverifiable' }, false],
    ['a cable that is not in', { rule: 'nic-links', kind: 'degraded' }, false],
    ['a cord that is not in', { rule: 'psu-input', kind: 'degraded' }, false],
    ['a setting of the firmware', { rule: 'boot-mode', kind: 'mismatch' }, false],
    ['a part that is in two machines', { source: 'parts', rule: 'part-in-two-machines' }, false],
    ['a provisioning that failed', { source: 'controller', rule: 'provisioning' }, false],
  ])('that is %s is the vendor’s: %#', (_what, finding, isClaimed) => {
    const asset = assetOf('A1', { state: 'QUARANTINED', findings: [findingOf(finding)] });
    const { findings, claims } = machineOf(asset);
    expect([findings[0]?.claimed, claims.length]).toEqual([isClaimed, isClaimed ? 1 : 0]);
  });
});

describe('claims', () => {
  const price = breachOf({ path: 'invoices/0/lines/0/unitPrice', sentence: 'invoice I-1: billed at 12.00, line 1 orders at 10.00' }); // prettier-ignore

  it('are told by machine, then by invoice, and each machine’s price counts once', () => {
    const order = orderOf({ breaches: [price] });
    const assets = [assetOf('A1', { state: 'SPARE' }), assetOf('A3', { state: 'QUARANTINED', findings: [emptyDimm] })];
    const { claims, valueAtStake, counts } = reportOf({ order, assets });
    expect(claims.map(({ serial, invoice, machines, value }) => [serial, invoice, machines, value])).toEqual([
      ['A3', null, ['A3'], '2500.50'],
      [null, 'I-1', ['A1', 'A2'], '20.00'],
    ]);
    expect(claims[1]?.items).toEqual([
      { about: 'documents', path: price.path, rule: 'price', expected: null, actual: null, since: null, sentence: 'Invoice I-1: billed at 12.00, line 1 orders at 10.00.' },
    ]); // prettier-ignore
    expect({ valueAtStake, claimed: counts.claimed }).toEqual({ valueAtStake: '2520.50', claimed: 3 });
  });

  it('leave out machines whose breach is waived, and a breach that is waived for all', () => {
    const found = (serial: string): ReportAsset => {
      const finding = findingOf({ path: 'order', kind: 'order-breach', rule: 'price', source: 'order' });
      return assetOf(serial, { state: 'SPARE', findings: [waivedFinding(finding, nowMs + dayMs)] });
    };
    const waivers = ['A1', 'A2'].map((serial) => ({ assetId: `ast_${serial}`, path: 'order', rule: 'price', expiresAt: nowMs + dayMs })); // prettier-ignore
    const order = orderOf({ breaches: [price] });
    const assets = [found('A1'), found('A2')];
    expect(reportOf({ order, assets, waivers: waivers.slice(0, 1) }).claims).toMatchObject([{ machines: ['A2'] }]);
    expect(reportOf({ order, assets, waivers }).claims).toEqual([]);
  });

  it('name a serial that is only billed, at the price of the line it is billed as', () => {
    const breach = breachOf({ rule: 'billed-delivered', serial: 'B9', line: null, invoice: null, path: 'invoices/0/lines/0/serials/2', sentence: 'invoice I-1: serial B9 was never delivered, and line 1 is delivered whole' }); // prettier-ignore
    const order = orderOf({ invoices: [invoiceOf('I-1', 1, ['A1', 'A2', 'B9'])], breaches: [breach] });
    expect(reportOf({ order }).claims).toMatchObject([
      { serial: 'B9', line: 1, delivery: null, invoice: 'I-1', machines: ['B9'], value: '10.00' },
    ]);
  });

  it('are of the order where a breach names no machine', () => {
    const breach = breachOf({ rule: 'known-line', line: 7, invoice: null, path: 'deliveries/0/line', sentence: 'delivery 1: the order has no line 7' }); // prettier-ignore
    expect(reportOf({ order: orderOf({ breaches: [breach] }) }).claims).toMatchObject([
      { serial: null, line: 7, invoice: null, machines: [], value: '0.00' },
    ]);
  });
});

describe('order truth', () => {
  type Case = readonly [
    string,
    Partial<PurchaseOrder>,
    readonly ReportAsset[],
    readonly (readonly [TruthKind, string])[],
  ];
  const elsewhere: OrderBreach = breachOf({ rule: 'serial-elsewhere', serial: 'A1', line: null, invoice: null, sentence: 'serial A1 is already on PO-9 line 1. Remove it here or there' }); // prettier-ignore
  const all = ['A1', 'A2', 'A3'].map((serial) => assetOf(serial, { state: 'SPARE' }));
  const bill = [invoiceOf('I-1', 1, ['A1', 'A2']), invoiceOf('I-2', 2, ['A3'])];
  it.each<Case>([
    ['that holds', { invoices: bill }, all, []],
    ['of a machine that booted and was never billed', {}, all, [['seen-not-billed', 'A3 came with delivery 1 of PO-1, has booted, and is on no invoice.']]],
    ['of a machine that came and was never billed', {}, all.slice(0, 2), [['delivered-not-billed', 'A3 came with delivery 1 of PO-1 and is on no invoice.']]],
    ['of a machine that was billed and never booted', { invoices: bill }, all.slice(0, 2), [['billed-not-seen', 'A3 is billed by I-2 and has never booted.']]],
    ['of a machine that was billed, and is known and never booted', { invoices: bill }, [...all.slice(0, 2), assetOf('A3')], [['billed-not-seen', 'A3 is billed by I-2 and has never booted.']]],
    ['of a serial that was billed and never delivered', { invoices: [...bill, invoiceOf('I-3', 2, ['B9'])] }, all, [['billed-not-delivered', 'B9 is billed by I-3 and on no delivery, and no machine with it has booted.']]],
    ['of such a serial on a machine that nobody ordered', { invoices: [...bill, invoiceOf('I-3', 2, ['b9'])] }, [...all, assetOf('B9', { state: 'QUARANTINED', purchaseOrder: null })], [['billed-not-delivered', 'b9 is billed by I-3 and on no delivery, though a machine with it has booted.']]],
    ['of a line that brought too many', { invoices: bill, lines: [{ line: 1, class: 'small@1', quantity: 1, unitPrice: '10.00' }, { line: 2, class: 'large@2', quantity: 1, unitPrice: '2500.50' }] }, all, [['over-delivered', 'Line 1 orders 1 and 2 were delivered: 1 too many.']]],
    ['of a serial on two orders', { invoices: bill, breaches: [elsewhere] }, all, [['on-two-orders', 'Serial A1 is already on PO-9 line 1. Remove it here or there.']]],
  ])('%s', (_what, ...[order, assets, truth]) => {
    const report = reportOf({ order: orderOf(order), assets });
    expect(report.truth.map(({ kind, sentence }) => [kind, sentence])).toEqual(truth);
  }); // prettier-ignore

  it('tells a serial that is twice on the deliveries once', () => {
    const order = orderOf({ servers: [serverOf('A1'), serverOf(' a1', { delivery: 2 })], invoices: [] });
    const { truth, machines, counts } = reportOf({ order });
    expect(truth).toHaveLength(1);
    expect(machines).toMatchObject([{ serial: 'A1', delivery: 1 }]);
    expect(counts.delivered).toBe(1);
  });
});

it('counts, names and sorts the machines, those that need somebody first', () => {
  const assets = [
    assetOf('A3', { state: 'QUARANTINED', findings: [emptyDimm], rack: 'R12', slot: 'U20', name: 'srv-3' }),
    assetOf('A1', { state: 'SPARE' }),
    assetOf('Z1', { state: 'QUARANTINED', purchaseOrder: null }),
  ];
  const report = reportOf({ assets: assets.slice(0, 2) });
  expect(report.counts).toEqual({
    ordered: 4, delivered: 3, billed: 2, seen: 2, passed: 1, waived: 0, failed: 1, pending: 0, notSeen: 1, claimed: 1,
  }); // prettier-ignore
  expect(report.lines).toEqual([
    { line: 1, class: 'small@1', unitPrice: '10.00', ordered: 2, delivered: 2, billed: 2, seen: 1, passed: 1, waived: 0, failed: 0, pending: 0, notSeen: 1 },
    { line: 2, class: 'large@2', unitPrice: '2500.50', ordered: 2, delivered: 1, billed: 0, seen: 1, passed: 0, waived: 0, failed: 1, pending: 0, notSeen: 0 },
  ]); // prettier-ignore
  expect(report.machines.map(({ serial, verdict }) => [serial, verdict])).toEqual([
    ['A3', 'failed'],
    ['A2', 'not-seen'],
    ['A1', 'passed'],
  ]);
  expect(report.machines[0]).toMatchObject({
    name: 'srv-3', rack: 'R12', slot: 'U20', class: 'large@2', delivery: 1, reference: 'LS-77', deliveredOn: '2026-11-02', since: 5,
  }); // prettier-ignore
  // The same facts, in whatever order they are read, and whoever else is in the region.
  expect(reportOf({ assets: assets.toReversed() })).toEqual(report);
});
