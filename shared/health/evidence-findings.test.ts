import { createHash } from 'node:crypto';
import { Compile } from 'typebox/compile';
import { expect, it } from 'vitest';

import { evidenceOf } from '../../test/fixtures/evidence-of.ts';
import { bareDisk, bareInventory } from '../../test/fixtures/parts.ts';
import {
  evidenceSources,
  inventoryFromEvidence,
  type Evidence,
  type EvidenceSource,
} from '../hardware/evidence/inventory-from-evidence.ts';
import { HealthReport } from '../protocol/messages.ts';
import { findingsOfEvidence } from './evidence-findings.ts';
import { reportOf, type HealthFinding } from './finding.ts';

const reportSchema = Compile(HealthReport);
const held = (source: EvidenceSource, content: string | Uint8Array): Evidence => {
  const bytes = Buffer.from(content);
  return { source, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
};
const good: Readonly<Partial<Record<EvidenceSource, string | Uint8Array>>> = {
  'smart.json': JSON.stringify({ sda: { smartctl: { exit_status: 0 }, smart_status: { passed: true } } }),
  'edac.json': JSON.stringify({ mc0: { ce_count: '0', ue_count: '0' } }),
  'pci.json': JSON.stringify({ '0000:00:00.0': { aer_fatal: '0' } }),
  'sdr.csv': 'CPU1 Temp,31,degrees C,ok\nPSU1 Status,C8h,ok,10.1,Presence detected\n',
  'sel.bin': new Uint8Array(),
  'bmc.json': JSON.stringify({ mcInfo: '', lan: {}, selTime: '01/01/2024 00:00:00', hostTimeMs: 1_704_067_200_000 }),
}; // prettier-ignore
const machine = { ...bareInventory, disks: [{ ...bareDisk, transport: 'sata', serial: 'S1' }] } as const;

/** The evidence of a machine with a disk, in which some sources are other than good. */
function findingsWith(change: Partial<Record<EvidenceSource, string | Uint8Array | Evidence>>): HealthFinding[] {
  const others = new Map(evidenceOf({ ...machine, disks: [...machine.disks] }).map((item) => [item.source, item]));
  const evidence = evidenceSources.map((source): Evidence => {
    const content = change[source] ?? good[source];
    if (typeof content === 'string' || content instanceof Uint8Array) return held(source, content);
    return content ?? others.get(source) ?? { source, absentBecause: 'no such thing' };
  });
  return findingsOfEvidence(evidence, inventoryFromEvidence(evidence));
}

it('finds nothing in the evidence of a clean machine', () => expect(findingsWith({})).toEqual([]));

it.each<[EvidenceSource, string | Uint8Array, string]>([
  ['smart.json', JSON.stringify({ sda: { smartctl: { exit_status: 8 }, smart_status: { passed: false } } }), 'drive-status failed'],
  ['edac.json', JSON.stringify({ mc0: { ce_count: '0', ue_count: '1' } }), 'memory-errors failed'],
  ['pci.json', JSON.stringify({ '0000:00:00.0': { aer_fatal: '1' } }), 'pci-errors failed'],
  ['sdr.csv', 'CPU1 Temp,99,degrees C,cr', 'sensor failed'],
  ['sdr.csv', 'PSU1 Status,C8h,ok,10.1,Presence detected, Power Supply AC lost', 'psu-input failed'],
  ['sel.bin', Buffer.from('0100028000926520000408c86f01ffff', 'hex'), 'event-log failed'],
  ['bmc.json', JSON.stringify({ selTime: '01/01/2024 01:00:00', hostTimeMs: 1_704_067_200_000 }), 'clock failed'],
  ['bmc.json', JSON.stringify({ selTime: '01/01/2024 00:00:00', hostTimeMs: 1_704_067_200_000, selInfo: 'Percent Used     : 95%' }), 'event-log-space degraded'],
])('finds what is wrong in %s', (source, content, expected) => {
  expect(findingsWith({ [source]: content }).map(({ check, state }) => `${check} ${state}`)).toEqual([expected]);
}); // prettier-ignore

const checks = { 'smart.json': 'drive-status', 'edac.json': 'memory-errors', 'pci.json': 'pci-errors', 'sdr.csv': 'sensor', 'sel.bin': 'event-log', 'bmc.json': 'clock' } as const; // prettier-ignore
const sources = ['smart.json', 'edac.json', 'pci.json', 'sdr.csv', 'sel.bin', 'bmc.json'] as const;

it.each(sources)('does not know what %s would have told where it could not be read', (source) => {
  const unread: Evidence = { source, unreadBecause: 'the program is missing' };
  const findings = findingsWith({ [source]: unread });
  expect(findings).toMatchObject([{ check: checks[source], state: 'unknown' }]);
  expect(findings[0]?.message).toContain(`${source} could not be read: the program is missing.`);
});

it.each(['smart.json', 'edac.json', 'pci.json', 'bmc.json'] as const)('does not know what a broken %s tells', (source) => {
  for (const content of ['{', '[]', '5']) {
    expect(findingsWith({ [source]: content })).toMatchObject([{ check: checks[source], state: 'unknown' }]);
  }
}); // prettier-ignore

it.each(sources.filter((source) => source !== 'smart.json'))('has nothing to say of a machine without %s', (source) => {
  expect(findingsWith({ [source]: { source, absentBecause: 'no such thing' } })).toEqual([]);
});

it('does not know disks that nobody asked', () => {
  const absent: Evidence = { source: 'smart.json', absentBecause: 'the folder has no smart.json' };
  expect(findingsWith({ 'smart.json': absent })).toMatchObject([
    { state: 'unknown', message: 'The health of the disks is not known: the folder has no smart.json.' },
  ]);
});

it('counts a source that was never collected as unknown', () => {
  const findings = findingsOfEvidence([], bareInventory);
  expect(findings.map(({ state }) => state)).toEqual(sources.map(() => 'unknown'));
});

it('makes a report the schema takes, the worst first, of however many findings', () => {
  const finding = (state: HealthFinding['state'], component: string): HealthFinding => ({ check: 'c', component, state, message: 'm'.repeat(900) });
  const many = [...Array.from({ length: 300 }, () => finding('degraded', 'x'.repeat(400))), finding('unknown', 'u'), finding('failed', 'f')];
  const report = reportOf(many, { load1: 1 });
  expect(reportSchema.Check(report)).toBe(true);
  expect(report).toMatchObject({ state: 'failed', findings: { 0: { component: 'f' }, length: 256 } });
  expect(reportOf([finding('ok', 'a')], {}).state).toBe('ok');
  expect(reportOf([finding('ok', 'a'), finding('unknown', 'b')], {}).state).toBe('unknown');
  expect(reportOf([], {}).state).toBe('ok');
}); // prettier-ignore
