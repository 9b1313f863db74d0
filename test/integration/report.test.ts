// The delivery report through a real region: machines that pass, one that does not, one that never comes up; as data, as a
// table and as the documents that go to the vendor.
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { createMachine, machineSpec, type Machine } from './machine.ts';
import { assetInState, furnish, startTestRegion, waitUntil, type Region } from './region.ts';

let region: Region;

beforeAll(async () => {
  region = await startTestRegion();
  await furnish(region, ['S1', 'S2', 'S3', 'S4'], machineSpec);
});
afterAll(async () => region[Symbol.asyncDispose]());

function withoutDimm(machine: Machine): void {
  const [first] = machine.inventory.dimms;
  if (first === undefined) throw new Error('a machine has memory');
  const empty = { ...first, slot: 'A2', handle: 2, populated: false, sizeBytes: null };
  machine.inventory = { ...machine.inventory, dimms: [first, empty] };
}

const sentence = 'DIMM slot A2 is empty; ordered 2 × 1 GiB, found 1 (PO-1 line 1).';

it('tells what passed, what to claim and what never came up, and drops what is waived', async () => {
  const vic = region.client('vic');
  await using first = createMachine(region, 'S1');
  await using second = createMachine(region, 'S2');
  await using third = createMachine(region, 's3');
  await using stranger = createMachine(region, 'S9');
  withoutDimm(third);
  await Promise.all([first, second, third, stranger].map((machine) => machine.boot()));
  await assetInState(region, 'S1', 'SPARE');
  await assetInState(region, 'S2', 'SPARE');
  await assetInState(region, 'S9', 'QUARANTINED');
  await assetInState(region, 'S3', 'QUARANTINED');

  const report = await vic.call('po.report', { po: 'PO-1' });
  expect(report.counts).toEqual({
    ordered: 4, delivered: 4, billed: 4, seen: 3, passed: 2, waived: 0, failed: 1, pending: 0, notSeen: 1, claimed: 1,
  }); // prettier-ignore
  expect(report.machines.map(({ serial, name, verdict }) => [serial, name, verdict])).toEqual([
    ['S3', 'srv-s3', 'failed'],
    ['S4', 'srv-s4', 'not-seen'],
    ['S1', 'srv-s1', 'passed'],
    ['S2', 'srv-s2', 'passed'],
  ]);
  expect(report.claims).toMatchObject([
    { serial: 'S3', invoice: 'INV-PO-1', machines: ['S3'], value: '10.00', items: [{ path: 'memory/A2', sentence }] },
  ]);
  const since = report.claims[0]?.items[0]?.since;
  expect(since).toBe(report.machines[0]?.findings[0]?.since);
  expect(since).toBeGreaterThan(0);
  expect(report.truth.map(({ kind, serial }) => [kind, serial])).toEqual([['billed-not-seen', 'S4']]);
  const again = await vic.call('po.report', { po: 'PO-1' });
  expect(again).toEqual({ ...report, madeAt: again.madeAt });

  const csv = await vic.call('po.report-document', { po: 'PO-1', format: 'csv' });
  expect(csv).toMatchObject({ fileName: 'PO-1-report.csv', mediaType: 'text/csv; charset=utf-8; header=present' });
  const rows: Record<string, string>[] = parse(csv.text, { bom: true, columns: true });
  expect(rows.map((row) => [row['serial'], row['verdict'], row['claim'], row['value']])).toEqual([
    ['S3', 'failed', sentence, '10.00'],
    ['S4', 'not-seen', '', ''],
    ['S1', 'passed', '', ''],
    ['S2', 'passed', '', ''],
  ]);
  const page = await vic.call('po.report-document', { po: 'PO-1', format: 'html' });
  expect(page).toMatchObject({ fileName: 'PO-1-report.html', mediaType: 'text/html; charset=utf-8' });
  expect(page.text).toContain(sentence);
  expect(page.text.replaceAll(/\s+/g, ' ')).toContain(
    '<strong>2 of 4</strong> delivered machines passed, 1 failed, 1 never booted.',
  );
  await expect(vic.call('po.report', { po: 'PO-9' })).rejects.toMatchObject({ code: 'not_found' });

  const days = { asset: 'S3', path: 'memory/A2', days: 7, reason: 'the DIMM comes on Monday' };
  const change = await region.client('mia').call('asset.waive', days);
  await region.client('cho').call('change.approve', { change: change.id, payloadSha256: change.payloadSha256 });
  await assetInState(region, 'S3', 'SPARE');
  const waived = await waitUntil(async () => {
    const seen = await vic.call('po.report', { po: 'PO-1' });
    return seen.counts.waived === 1 ? seen : false;
  });
  const accepted = waived.machines.find(({ serial }) => serial === 'S3');
  expect(accepted).toMatchObject({ verdict: 'waived', findings: [{ sentence, since, claimed: false }] });
  expect(accepted?.findings[0]?.waivedUntil).toBeGreaterThan(waived.madeAt);
  expect({ claims: waived.claims, valueAtStake: waived.valueAtStake }).toEqual({ claims: [], valueAtStake: '0.00' });
});
